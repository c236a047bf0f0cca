// SPDX-License-Identifier: Apache-2.0
#include "session/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

/* In the child: wait for the word, then become the command. Does not return. */
static _Noreturn void become(char *const *argv, const sigset_t *mask, int go_fd, int error_fd)
{
	char word;
	int err;

	sigprocmask(SIG_SETMASK, mask, NULL);
	/* It may be stopped at an exec when the tracer dies; this survives execs, and does nothing to one that runs. */
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	/* Nobody will say it if the tracer is gone. */
	while (read(go_fd, &word, 1) != 1) {
		if (errno != EINTR)
			_exit(1);
	}
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	err = errno;
	(void)!write(error_fd, &err, sizeof(err));
	_exit(err == ENOENT ? 127 : 126);
}

int child__spawn(struct child *child, char *const *argv, const sigset_t *mask)
{
	int go[2], error[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(error, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		return -errno;
	}
	pid = fork();
	if (!pid) {
		close(go[1]);
		close(error[0]);
		become(argv, mask, go[0], error[1]);
	}
	close(go[0]);
	close(error[1]);
	if (pid < 0) {
		close(go[1]);
		close(error[0]);
		return -errno;
	}
	*child = (struct child){ .pid = pid, .go_fd = go[1], .error_fd = error[0] };
	return 0;
}

int child__release(struct child *child)
{
	int err = fdio_write(child->go_fd, "g", 1), exec_errno = 0;
	ssize_t got;

	cleanup_fd(&child->go_fd);
	child->go_fd = -1;
	if (err)
		return err;
	do {
		got = read(child->error_fd, &exec_errno, sizeof(exec_errno));
	} while (got < 0 && errno == EINTR);
	cleanup_fd(&child->error_fd);
	child->error_fd = -1;
	return got == sizeof(exec_errno) ? -exec_errno : 0;
}

int child__reap(struct child *child, int block)
{
	pid_t got;

	if (!child->pid || child->reaped)
		return 1;
	do {
		got = waitpid(child->pid, &child->status, block ? 0 : WNOHANG);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	child->reaped = got == child->pid;
	return child->reaped;
}

int child__shell_status(const struct child *child)
{
	if (WIFSIGNALED(child->status))
		return 128 + WTERMSIG(child->status);
	return WEXITSTATUS(child->status);
}

void child__done(struct child *child)
{
	cleanup_fd(&child->error_fd);
	if (child->go_fd >= 0) {
		/* It waits for a word that will not come, and ends itself. */
		cleanup_fd(&child->go_fd);
		child__reap(child, 1);
	}
	*child = (struct child)CHILD_NONE;
}
