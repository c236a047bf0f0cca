// SPDX-License-Identifier: Apache-2.0
#include "kernel/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "abi/alloc.h"
#include "base/cleanup.h"
#include "base/pass_fd.h"

/* Programs of BPF stay until the last of our descriptors is closed, which is a little later. */
#define ROUNDS_CNT 20
#define ROUND_US   20000u

/* Its descriptors. */
#define SOCK  0
#define MAP   1
#define PIDFD 2

enum word { WATCH, UNWATCH, LET_GO };

struct message {
	enum word word;
	pid_t pid;
};

static struct {
	pid_t pid; /* 0: there is none */
	int sock;
	bool may_all;
} guard = { .sock = -1 };

/* --- the guard itself --- */

static void let_all_go(bool translators)
{
	struct process process;
	uint32_t key = 0, next; /* after one that is not there comes the first: nobody is 0 */
	int err = bpf_map_get_next_key(MAP, &key, &next);

	while (!err) {
		key = next;
		if (!bpf_map_lookup_elem(MAP, &key, &process) && process.flags & PROCESS_HELD &&
		    (translators || !(process.flags & PROCESS_TRANSLATOR)))
			kill((pid_t)key, SIGCONT);
		err = bpf_map_get_next_key(MAP, &key, &next);
	}
}

/* The kernel takes our probes off while we end, and has done so once we have ended. */
static bool has_ended(void)
{
	struct pollfd end = { .fd = PIDFD, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

/* @ret_fd: what came along, or -1. False: the other side is gone. */
static bool hear(struct message *ret, int *ret_fd)
{
	struct iovec iov = { .iov_base = ret, .iov_len = sizeof(*ret) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union pass_fd room;
	ssize_t got;

	pass_fd_expect(&msg, &room);
	do {
		got = recvmsg(SOCK, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	*ret_fd = -1;
	if (got == sizeof(*ret))
		pass_fd_take(&msg, ret_fd);
	return got == sizeof(*ret);
}

static void obey(const struct message *message, int fd)
{
	switch (message->word) {
	case WATCH:
		/* The lowest number that is free may be the right one already. */
		if (fd != MAP) {
			dup2(fd, MAP);
			close(fd);
		}
		break;
	case UNWATCH:
		let_all_go(true);
		close(MAP);
		/* Until now the map was there. */
		(void)!send(SOCK, message, sizeof(*message), MSG_NOSIGNAL);
		break;
	case LET_GO:
		kill(message->pid, SIGCONT);
		break;
	}
}

static void keep_kill_alone(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	if (guard.may_all)
		data[0].permitted = data[0].effective = 1u << CAP_KILL;
	syscall(SYS_capset, &header, data);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* In the child. What the terminal or the user says to us is not said to it. */
static _Noreturn void stand_by(int sock, int pidfd)
{
	struct message message;
	bool ended;
	int i, fd;

	setpgid(0, 0);
	prctl(PR_SET_NAME, "heaptap-guard");
	for (i = 1; i < SIGRTMIN; i++)
		signal(i, SIG_IGN);
	/* Whatever was closed when we began: out of the way of the three. */
	sock = fcntl(sock, F_DUPFD, PIDFD + 1);
	pidfd = fcntl(pidfd, F_DUPFD, PIDFD + 1);
	/* Others must not wait for what we hold open. */
	if (dup2(sock, SOCK) < 0 || dup2(pidfd, PIDFD) < 0 ||
	    syscall(SYS_close_range, PIDFD + 1, ~0u, 0))
		_exit(1);
	close(MAP);
	keep_kill_alone();
	while (hear(&message, &fd))
		obey(&message, fd);
	for (i = 0; fcntl(MAP, F_GETFD) >= 0 && i < ROUNDS_CNT; i += ended) {
		ended = has_ended();
		let_all_go(ended);
		usleep(ROUND_US);
	}
	_exit(0);
}

/* --- our side --- */

static bool may_kill_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	return !syscall(SYS_capget, &header, data) && data[0].effective >> CAP_KILL & 1;
}

int guard_begin(void)
{
	int pidfd __close_fd = -1, ours __close_fd = -1, theirs __close_fd = -1, ends[2];
	pid_t pid;

	if (guard.pid)
		return 0;
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	ours = ends[0];
	theirs = ends[1];
	guard.may_all = may_kill_all();
	pid = fork();
	if (!pid)
		stand_by(theirs, pidfd);
	if (pid < 0)
		return -EAGAIN;
	guard.pid = pid;
	guard.sock = TAKE_FD(ours);
	return 0;
}

void guard_end(void)
{
	if (!guard.pid)
		return;
	cleanup_fd(&guard.sock);
	while (waitpid(guard.pid, NULL, 0) < 0 && errno == EINTR)
		;
	guard.pid = 0;
	guard.sock = -1;
}

bool guard_may_let_all_go(void)
{
	return guard.pid ? guard.may_all : may_kill_all();
}

/* @fd -1: none goes along. */
static int say(enum word word, pid_t pid, int fd)
{
	struct message message = { .word = word, .pid = pid };
	struct iovec iov = { .iov_base = &message, .iov_len = sizeof(message) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union pass_fd room;

	if (fd >= 0)
		pass_fd_put(&msg, &room, fd);
	while (sendmsg(guard.sock, &msg, MSG_NOSIGNAL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int guard_watch(int map_fd)
{
	int err = guard_begin();

	return err ? err : say(WATCH, 0, map_fd);
}

void guard_unwatch(void)
{
	struct message answer;

	if (!guard.pid || say(UNWATCH, 0, -1))
		return;
	while (recv(guard.sock, &answer, sizeof(answer), 0) < 0 && errno == EINTR)
		;
}

void guard_let_go(pid_t pid)
{
	/* Who was killed in our place does not answer; what we may do ourselves we do. */
	if (!guard.pid || say(LET_GO, pid, -1))
		kill(pid, SIGCONT);
}
