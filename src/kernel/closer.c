// SPDX-License-Identifier: Apache-2.0
#include "kernel/closer.h"

#include <signal.h>
#include <stdint.h>
#include <unistd.h>

/* As many as one would wait for at a time. */
#define THREADS_MAX 64

static void *close_one(void *fd)
{
	close((int)(intptr_t)fd);
	return NULL;
}

/* Signals are for the thread that waits for them. */
static int start(pthread_t *ret, int fd)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(ret, NULL, close_one, (void *)(intptr_t)fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

void closer__close(struct closer *closer, int fd)
{
	pthread_t thread;

	if (closer->threads.cnt >= THREADS_MAX)
		closer__wait(closer);
	if (vec__reserve(&closer->threads, closer->threads.cnt + 1) || start(&thread, fd))
		close(fd);
	else
		closer->threads.at[closer->threads.cnt++] = thread;
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
