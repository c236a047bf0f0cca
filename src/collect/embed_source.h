/* SPDX-License-Identifier: Apache-2.0 */
/* Source code into a snapshot, so that it can be read where the code is not, or not this code any more. */
#pragma once

#include "collect/file_table.h"
#include "collect/snapshot.h"

/*
 * Read the source files that @snapshot's names refer to, as the processes see them (/proc/PID/root; our own tree for
 * those that have ended). What cannot be had, or is too big, is left out; @ret_missing says how many. 0 or -ENOMEM.
 */
int embed_sources(struct snapshot *snapshot, const struct file_table *files, size_t *ret_missing);
