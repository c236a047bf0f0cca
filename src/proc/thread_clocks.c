// SPDX-License-Identifier: Apache-2.0
#include "proc/thread_clocks.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/vec.h"
#include "proc/proc_list.h"

/* More threads than that are not worth the descriptors. */
#define THREADS_MAX 1024

static int add_thread(struct thread_clocks *clocks, pid_t tid)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.inherit = 1,
					.inherit_thread = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	int err;

	/* Ended since it was listed. */
	if (fd < 0)
		return errno == ESRCH ? 0 : -errno;
	err = vec_reserve((void **)&clocks->fds, &clocks->room, clocks->cnt + 1,
			  sizeof(*clocks->fds));
	if (err)
		close(fd);
	else
		clocks->fds[clocks->cnt++] = fd;
	return err;
}

int thread_clocks__open(struct thread_clocks *clocks, pid_t pid)
{
	struct proc_list list __proc_list = {};
	int err = proc_list__open_threads(&list, pid);
	pid_t tid;

	*clocks = (struct thread_clocks){};
	while (!err && proc_list__next(&list, &tid))
		err = clocks->cnt < THREADS_MAX ? add_thread(clocks, tid) : -E2BIG;
	if (!err && !clocks->cnt)
		err = -ESRCH;
	if (err)
		thread_clocks__done(clocks);
	return err;
}

uint64_t thread_clocks__read_ns(const struct thread_clocks *clocks)
{
	uint64_t sum = 0, ns;
	size_t i;

	for (i = 0; i < clocks->cnt; i++) {
		if (read(clocks->fds[i], &ns, sizeof(ns)) == sizeof(ns))
			sum += ns;
	}
	return sum;
}

void thread_clocks__done(struct thread_clocks *clocks)
{
	size_t i;

	for (i = 0; i < clocks->cnt; i++)
		close(clocks->fds[i]);
	free(clocks->fds);
	*clocks = (struct thread_clocks){};
}
