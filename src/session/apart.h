/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beyond a list of processes, probes are shared: put on a file once, they are in everybody who maps it, now or later. To
 * take those of one process off they are replaced by probes process by process, and shared again once nobody needs that.
 *
 * This has a price, so it is done for a few processes only: every hit passes by the probes of all others (30 ns each), and
 * a process that comes meanwhile has none until we have heard of it.
 */
#pragma once

#include "session/recording.h"

/* For governor_config: @ctx is the recording. */
int apart_begin(void *ctx, size_t *ret_cnt);
void apart_end(void *ctx);
/* @pid has ended, or is about to be another program. */
void apart_forget(struct recording *rec, pid_t pid);
