// SPDX-License-Identifier: Apache-2.0
#include "kernel/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "abi/alloc.h"
#include "base/cleanup.h"

/* Programs of BPF stay until the last of our descriptors is closed, which is a little later. */
#define ROUNDS_CNT 20
#define ROUND_US   20000u

bool guard_may_let_all_go(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	return !syscall(SYS_capget, &header, data) && data[0].effective >> CAP_KILL & 1;
}

void guard_let_go(int map_fd, bool translators)
{
	struct process process;
	uint32_t key, next;
	int err = bpf_map_get_next_key(map_fd, NULL, &next);

	while (!err) {
		key = next;
		if (!bpf_map_lookup_elem(map_fd, &key, &process) && process.flags & PROCESS_HELD &&
		    (translators || !(process.flags & PROCESS_TRANSLATOR)))
			kill((pid_t)key, SIGCONT);
		err = bpf_map_get_next_key(map_fd, &key, &next);
	}
}

/* The kernel takes our probes off while we end, and has done so once we have ended. */
static bool has_ended(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

/* In the child. What the terminal or the user says to us is not said to it. */
static _Noreturn void stand_by(int fd, int map_fd, int pidfd)
{
	char word;
	ssize_t got;
	bool ended;
	int i;

	setpgid(0, 0);
	prctl(PR_SET_NAME, "heaptap-guard");
	for (i = 1; i < SIGRTMIN; i++)
		signal(i, SIG_IGN);
	/* Others must not wait for what we hold open. */
	if (dup2(fd, 0) < 0 || dup2(map_fd, 1) < 0 || dup2(pidfd, 2) < 0 ||
	    syscall(SYS_close_range, 3u, ~0u, 0))
		_exit(1);
	do {
		got = read(0, &word, 1);
	} while (got < 0 && errno == EINTR);
	/* A word: all is well. */
	for (i = 0; got <= 0 && i < ROUNDS_CNT; i += ended) {
		ended = has_ended(2);
		guard_let_go(1, ended);
		usleep(ROUND_US);
	}
	_exit(0);
}

int guard__start(struct guard *guard, int map_fd)
{
	int pidfd __close_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int ends[2];
	pid_t pid;

	if (pidfd < 0 || pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		stand_by(ends[0], map_fd, pidfd);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return -EAGAIN;
	}
	*guard = (struct guard){ .pid = pid, .fd = ends[1] };
	return 0;
}

void guard__done(struct guard *guard)
{
	if (guard->pid) {
		(void)!write(guard->fd, "x", 1);
		cleanup_fd(&guard->fd);
		while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*guard = (struct guard)GUARD_NONE;
}
