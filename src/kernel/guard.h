/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that outlives ours for a moment: should we be killed while others are stopped for us (PROCESS_HELD), it lets them
 * go on. It does nothing else, and ends with us.
 */
#pragma once

#include <sys/types.h>

struct guard {
	pid_t pid; /* 0: there is none */
	int fd;    /* it waits for this to be closed */
};
#define GUARD_NONE                                                                                 \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* @map_fd: tgid -> struct process. 0 or -errno. */
int guard__start(struct guard *guard, int map_fd);
void guard__done(struct guard *guard);
