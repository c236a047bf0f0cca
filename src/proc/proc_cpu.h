/* SPDX-License-Identifier: Apache-2.0 */
/* What CPU time a process has used. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * User and system time of all its threads, ended ones included, in nanoseconds; of one that runs on another CPU as of that
 * CPU's last tick (clock_getcpuclockid(3)). 0, or -ESRCH: it is gone.
 */
int proc_cpu_ns(pid_t pid, uint64_t *ret);
