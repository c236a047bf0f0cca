/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes probes off without waiting for it. Closing a link removes its breakpoints at once, and then waits 40 ms or more
 * until nobody can be running its program. Each is closed by a thread of its own, so that all begin now and wait together.
 * Whose probes they were is kept, so that nobody need wait for those of others.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/vec.h"

/* What is still being closed. */
struct closing {
	pid_t pid;
	unsigned cnt, last_cnt;
};

struct closer {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	VEC(struct closing) all;
};

void closer__init(struct closer *closer);
/* @fd, of the probes of @pid (0: of everybody), is gone soon after this; closer__wait() knows when. */
void closer__close(struct closer *closer, pid_t pid, int fd);
/* @fd goes only after all that were given before it for @pid have gone. */
void closer__close_last(struct closer *closer, pid_t pid, int fd);
void closer__wait(struct closer *closer, pid_t pid);
void closer__wait_all(struct closer *closer);
/* Would closer__wait() not wait? */
bool closer__is_idle(struct closer *closer, pid_t pid);
void closer__done(struct closer *closer);
