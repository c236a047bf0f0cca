/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beyond a list of processes, probes are shared: put on a file once, they are in everybody who maps it, now or later. To
 * take those of one process off they are replaced by probes process by process, and shared again once nobody needs that.
 *
 * This has a price: every hit passes by the probes of all others (30 ns each), putting them on or off asks each of them about
 * each, and a process that comes meanwhile has none until we have heard of it. So there is a limit, and who does not work has
 * none (silent.h).
 */
#pragma once

#include "session/recording.h"

/* With so many it does not matter. */
#define APART_CHEAP 8u

/* For governor_config: @ctx is the recording. */
int apart_begin(void *ctx);
void apart_end(void *ctx);
/* So many processes may have probes of their own. */
size_t apart_max(const struct recording *rec);
/*
 * @pid starts a program that others are run by, by translating their code (proc_is_translated()): breakpoints would end these,
 * so none are shared from now on, until the last of them has gone, and @pid has none of its own. It is held until then, if it
 * has not been @stopped by BPF.
 */
void apart_spare_newcomer(struct recording *rec, pid_t pid, bool stopped);
/* The same before anything is attached, if there is such a program now. */
void apart_spare_translated(struct recording *rec);
/* @pid, as @image, has become one. */
void apart_forget_translated(struct recording *rec, uint32_t image, pid_t pid);
/* Are there any still? */
void apart_look_at_translated(struct recording *rec, uint64_t now_ns);
/* @pid has ended, or is about to be another program. */
void apart_forget(struct recording *rec, pid_t pid);
