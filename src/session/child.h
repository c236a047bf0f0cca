/* SPDX-License-Identifier: Apache-2.0 */
/* A command that is started in two steps: the process exists and can be probed before its program runs. */
#pragma once

#include <signal.h>
#include <sys/types.h>

struct child {
	pid_t pid;    /* 0: none */
	int go_fd;    /* writing here lets it exec */
	int error_fd; /* carries errno if the exec fails, ends if it does not */
	int status;   /* as waitpid() gave it, once reaped */
	int reaped;
};

#define CHILD_NONE                                                                                 \
	{                                                                                          \
		.go_fd = -1, .error_fd = -1                                                        \
	}

/* Fork and hold. @mask: the signals that it is to block. 0 or -errno. */
int child__spawn(struct child *child, char *const *argv, const sigset_t *mask);
/* Let it run. 0, or the -errno of its exec. */
int child__release(struct child *child);
/* Has it ended? Reaps it. @block waits. 1 ended, 0 not yet, -errno. */
int child__reap(struct child *child, int block);
/* Exit status as a shell has it. */
int child__shell_status(const struct child *child);
/* Kills a child that was never released; one that runs is left alone. */
void child__done(struct child *child);
