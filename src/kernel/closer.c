// SPDX-License-Identifier: Apache-2.0
#include "kernel/closer.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* As many as one would wait for at a time. */
#define THREADS_MAX 64

struct one {
	struct closer *closer;
	int fd;
};

static void *close_one(void *ctx)
{
	struct one *one = ctx;

	close(one->fd);
	__atomic_fetch_sub(&one->closer->pending_cnt, 1, __ATOMIC_RELEASE);
	free(one);
	return NULL;
}

/* Signals are for the thread that waits for them. */
static int start(pthread_t *ret, void *(*fn)(void *), void *ctx)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(ret, NULL, fn, ctx);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

void closer__close(struct closer *closer, int fd)
{
	struct one *one = calloc(1, sizeof(*one));
	pthread_t thread;

	if (closer->threads.cnt >= THREADS_MAX)
		closer__wait(closer);
	if (one)
		*one = (struct one){ closer, fd };
	__atomic_fetch_add(&closer->pending_cnt, 1, __ATOMIC_RELAXED);
	if (one && !vec__reserve(&closer->threads, closer->threads.cnt + 1) &&
	    !start(&thread, close_one, one)) {
		closer->threads.at[closer->threads.cnt++] = thread;
		return;
	}
	__atomic_fetch_sub(&closer->pending_cnt, 1, __ATOMIC_RELAXED);
	close(fd);
	free(one);
}

struct last {
	struct closer *closer;
	pthread_t *threads;
	size_t cnt;
	int fd;
};

static void *close_last(void *ctx)
{
	struct last *last = ctx;
	size_t i;

	for (i = 0; i < last->cnt; i++)
		pthread_join(last->threads[i], NULL);
	close(last->fd);
	__atomic_fetch_sub(&last->closer->pending_cnt, 1, __ATOMIC_RELEASE);
	free(last->threads);
	free(last);
	return NULL;
}

void closer__close_last(struct closer *closer, int fd)
{
	struct last *last = calloc(1, sizeof(*last));
	pthread_t thread;

	if (last)
		*last = (struct last){ closer, closer->threads.at, closer->threads.cnt, fd };
	__atomic_fetch_add(&closer->pending_cnt, 1, __ATOMIC_RELAXED);
	if (!last || !closer->threads.cnt || start(&thread, close_last, last)) {
		__atomic_fetch_sub(&closer->pending_cnt, 1, __ATOMIC_RELAXED);
		closer__wait(closer);
		close(fd);
		free(last);
		return;
	}
	closer->threads.at = NULL;
	closer->threads.cnt = closer->threads.room = 0;
	/* It waits for the others: whoever cannot wait for it waits now. */
	if (vec__push(&closer->threads, thread))
		pthread_join(thread, NULL);
}

void closer__wait(struct closer *closer)
{
	size_t i;

	for (i = 0; i < closer->threads.cnt; i++)
		pthread_join(closer->threads.at[i], NULL);
	closer->threads.cnt = 0;
}

bool closer__is_idle(const struct closer *closer)
{
	return !__atomic_load_n(&closer->pending_cnt, __ATOMIC_ACQUIRE);
}

void closer__done(struct closer *closer)
{
	closer__wait(closer);
	vec__done(&closer->threads);
}
