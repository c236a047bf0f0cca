/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU time that the threads of another process take from now on, to the microsecond. What clock_gettime() and /proc
 * say of a thread that runs on another CPU is as old as that CPU's last tick: up to 4 ms, 10 on some kernels. perf's
 * software clock asks the CPU. Threads that these begin later are in it.
 *
 * The first to be opened on a machine may wait for a grace period, tens of milliseconds (kernel/events/core.c,
 * account_event()).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct thread_clocks {
	int *fds;
	size_t cnt, room;
};

/* 0, -ESRCH or another -errno: nothing is open then. */
int thread_clocks__open(struct thread_clocks *clocks, pid_t pid);
/* Nanoseconds since it was opened. */
uint64_t thread_clocks__read_ns(const struct thread_clocks *clocks);
void thread_clocks__done(struct thread_clocks *clocks);
