// SPDX-License-Identifier: Apache-2.0
#include "kernel/guard.h"

#include <errno.h>
#include <fcntl.h>
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

static void let_go(int map_fd)
{
	struct process process;
	uint32_t key, next;
	int err = bpf_map_get_next_key(map_fd, NULL, &next);

	while (!err) {
		key = next;
		if (!bpf_map_lookup_elem(map_fd, &key, &process) && process.flags & PROCESS_HELD)
			kill((pid_t)key, SIGCONT);
		err = bpf_map_get_next_key(map_fd, &key, &next);
	}
}

/* In the child. What the terminal or the user says to us is not said to it. */
static _Noreturn void stand_by(int fd, int map_fd)
{
	char word;
	ssize_t got;
	int i;

	setpgid(0, 0);
	prctl(PR_SET_NAME, "heaptap-guard");
	for (i = 1; i < SIGRTMIN; i++)
		signal(i, SIG_IGN);
	/* Others must not wait for what we hold open. */
	if (dup2(fd, 0) < 0 || dup2(map_fd, 1) < 0 || syscall(SYS_close_range, 2u, ~0u, 0))
		_exit(1);
	do {
		got = read(0, &word, 1);
	} while (got < 0 && errno == EINTR);
	/* A word: all is well. */
	for (i = 0; got <= 0 && i < ROUNDS_CNT; i++) {
		let_go(1);
		usleep(ROUND_US);
	}
	_exit(0);
}

int guard__start(struct guard *guard, int map_fd)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		stand_by(ends[0], map_fd);
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
