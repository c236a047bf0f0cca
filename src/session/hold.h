/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a process that has just become another program while its files are made known. It runs until
 * we hear of it, in its dynamic linker; whose entry file is new is stopped by BPF instead, before
 * anything (process.bpf.c), where nobody sees it. By ptrace,
 * so that nobody but us is told: a SIGSTOP would be reported to its parent, upon which su and
 * shells with job control stop as well, and would outlast us if we were killed. A tracer's end
 * lets its tracees go.
 */
#pragma once

#include <sys/types.h>

/* 0, or -errno: it has ended, or somebody else traces it already. It stops within microseconds. */
int hold_take(pid_t pid);
/* Let it go, with the signal that it was about to get if there is one. Of what hold_take() took. */
void hold_release(pid_t pid);
