// SPDX-License-Identifier: Apache-2.0
#include "kernel/closer.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* As many as one would wait for at a time. */
#define THREADS_MAX 64

static void *close_one(void *fd)
{
	close((int)(intptr_t)fd);
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
	pthread_t thread;

	if (closer->threads.cnt >= THREADS_MAX)
		closer__wait(closer);
	if (vec__reserve(&closer->threads, closer->threads.cnt + 1) ||
	    start(&thread, close_one, (void *)(intptr_t)fd))
		close(fd);
	else
		closer->threads.at[closer->threads.cnt++] = thread;
}

struct last {
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
	free(last->threads);
	free(last);
	return NULL;
}

void closer__close_last(struct closer *closer, int fd)
{
	struct last *last = calloc(1, sizeof(*last));
	pthread_t thread;

	if (last)
		*last = (struct last){ closer->threads.at, closer->threads.cnt, fd };
	if (!last || !closer->threads.cnt || start(&thread, close_last, last)) {
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

void closer__done(struct closer *closer)
{
	closer__wait(closer);
	vec__done(&closer->threads);
}
