/* SPDX-License-Identifier: Apache-2.0 */
/* The file a recording is written to. */
#pragma once

#include "collect/snapshot.h"
#include "profile/profile.h"
#include "session/session.h"

/* Before anything else is done: can it be written at all? SESSION_*, after saying why. */
int check_output(const struct session_config *config);
/* SESSION_*, after saying why. */
int write_output(const struct session_config *config, const struct snapshot *snapshot,
		 const struct profile *profile);
/*
 * The output cannot be written: keep all of @snapshot as a file of ours in $TMPDIR, /tmp or /var/tmp, whichever takes it,
 * and say where and what to do with it.
 */
void keep_snapshot(const struct snapshot *snapshot);
/* @config's path with a number before its suffix, "out-0001.pb.gz", malloc'd. NULL: no memory. */
char *output_nth(const struct session_config *config, uint32_t number);
