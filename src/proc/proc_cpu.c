// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_cpu.h"

#include <errno.h>
#include <time.h>

int proc_cpu_ns(pid_t pid, uint64_t *ret)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
		return -ESRCH;
	*ret = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
	return 0;
}
