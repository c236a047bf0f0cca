/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a block lies is only known when its allocator returns, so in-use numbers need return probes. On some kernels these
 * kill a process under a seccomp filter, or one with a shadow stack: then there are none of either.
 */
#pragma once

struct proc_info;
struct recording;

/* May returns of this process be probed? SESSION_OK, or how to end; it has said why. */
int return_probes__check(const struct recording *rec, const struct proc_info *info);
/*
 * Decide rec->live. Of processes that are named each is checked; where others may come, or one may change (a command), nobody can
 * be asked beforehand, so that a kernel which kills leaves them all without in-use numbers, and a warning says so.
 */
void return_probes__decide(struct recording *rec);
