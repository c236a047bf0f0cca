/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that outlives ours for a moment: should we be killed while others are stopped for us (PROCESS_HELD), it lets them
 * go on; those that breakpoints would end (PROCESS_TRANSLATOR) once we have none any more. It does nothing else, and ends with
 * us.
 */
#pragma once

#include <stdbool.h>
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

/* Let all go that are stopped; translators only if @translators. */
void guard_let_go(int map_fd, bool translators);
/* May we, whoever's they are? Else only our own user's. */
bool guard_may_let_all_go(void);
