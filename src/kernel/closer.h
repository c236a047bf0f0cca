/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes probes off without waiting for it. Closing a link removes its breakpoints at once, and then waits 40 ms or more
 * until nobody can be running its program. Each is closed by a thread of its own, so that all begin now and wait together.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/vec.h"

struct closer {
	VEC(pthread_t) threads;
	unsigned pending_cnt; /* that are still at it; they count down */
};

/* @fd is gone soon after this, closer__wait() knows when. */
void closer__close(struct closer *closer, int fd);
/* @fd goes only after all that were given before it have gone. */
void closer__close_last(struct closer *closer, int fd);
void closer__wait(struct closer *closer);
/* Would closer__wait() not wait? */
bool closer__is_idle(const struct closer *closer);
void closer__done(struct closer *closer);
