// SPDX-License-Identifier: Apache-2.0
#include "kernel/closer.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Of one process. As many as one would wait for at a time. */
#define THREADS_MAX 64

struct job {
	struct closer *closer;
	pid_t pid;
	int fd;
	bool is_last;
};

void closer__init(struct closer *closer)
{
	pthread_mutex_init(&closer->lock, NULL);
	pthread_cond_init(&closer->changed, NULL);
}

/* NULL: nothing of @pid is being closed. Under the lock, and valid as long. */
static struct closing *find(struct closer *closer, pid_t pid)
{
	size_t i;

	for (i = 0; i < closer->all.cnt; i++) {
		if (closer->all.at[i].pid == pid)
			return &closer->all.at[i];
	}
	return NULL;
}

/* Under the lock. */
static int begin(struct closer *closer, const struct job *job)
{
	struct closing *closing = find(closer, job->pid);

	if (!closing) {
		if (vec__push(&closer->all, (struct closing){ .pid = job->pid }))
			return -1;
		closing = &closer->all.at[closer->all.cnt - 1];
	}
	if (job->is_last)
		closing->last_cnt++;
	else
		closing->cnt++;
	return 0;
}

/* Under the lock. */
static void end(struct closer *closer, const struct job *job)
{
	struct closing *closing = find(closer, job->pid);

	if (job->is_last)
		closing->last_cnt--;
	else
		closing->cnt--;
	if (!closing->cnt && !closing->last_cnt)
		*closing = closer->all.at[--closer->all.cnt];
	pthread_cond_broadcast(&closer->changed);
}

static void *run(void *ctx)
{
	struct job *job = ctx;
	struct closer *closer = job->closer;

	pthread_mutex_lock(&closer->lock);
	while (job->is_last && find(closer, job->pid)->cnt)
		pthread_cond_wait(&closer->changed, &closer->lock);
	pthread_mutex_unlock(&closer->lock);
	close(job->fd);
	pthread_mutex_lock(&closer->lock);
	end(closer, job);
	pthread_mutex_unlock(&closer->lock);
	free(job);
	return NULL;
}

/* Nobody joins it. Signals are for the thread that waits for them. */
static int start(struct job *job)
{
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, NULL, run, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}

/* In a thread of its own; without one, here and now. */
static void hand_over(struct closer *closer, pid_t pid, int fd, bool is_last)
{
	struct job *job = calloc(1, sizeof(*job));
	const struct closing *others;
	int err = !job;

	if (job)
		*job = (struct job){ closer, pid, fd, is_last };
	pthread_mutex_lock(&closer->lock);
	while (!is_last && (others = find(closer, pid)) && others->cnt >= THREADS_MAX)
		pthread_cond_wait(&closer->changed, &closer->lock);
	if (!err)
		err = begin(closer, job);
	if (!err) {
		err = start(job);
		if (err)
			end(closer, job);
	}
	pthread_mutex_unlock(&closer->lock);
	if (!err)
		return;
	if (is_last)
		closer__wait(closer, pid);
	close(fd);
	free(job);
}

void closer__close(struct closer *closer, pid_t pid, int fd)
{
	hand_over(closer, pid, fd, false);
}

void closer__close_last(struct closer *closer, pid_t pid, int fd)
{
	hand_over(closer, pid, fd, true);
}

void closer__wait(struct closer *closer, pid_t pid)
{
	pthread_mutex_lock(&closer->lock);
	while (find(closer, pid))
		pthread_cond_wait(&closer->changed, &closer->lock);
	pthread_mutex_unlock(&closer->lock);
}

void closer__wait_all(struct closer *closer)
{
	pthread_mutex_lock(&closer->lock);
	while (closer->all.cnt)
		pthread_cond_wait(&closer->changed, &closer->lock);
	pthread_mutex_unlock(&closer->lock);
}

bool closer__is_idle(struct closer *closer, pid_t pid)
{
	bool is_idle;

	pthread_mutex_lock(&closer->lock);
	is_idle = !find(closer, pid);
	pthread_mutex_unlock(&closer->lock);
	return is_idle;
}

void closer__done(struct closer *closer)
{
	closer__wait_all(closer);
	vec__done(&closer->all);
	pthread_cond_destroy(&closer->changed);
	pthread_mutex_destroy(&closer->lock);
}
