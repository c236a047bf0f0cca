// SPDX-License-Identifier: Apache-2.0
/*
 * Works and allocates until SIGUSR1: "hot" all the time, "calm" now and then, "bursts" by turns densely and sparsely; "cools" is
 * hot until SIGUSR2. "brief" is hot for a moment, and ends.
 */
#include "site.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t stop, cool;

static void on_signal(int sig)
{
	cool = 1;
	stop = sig == SIGUSR1;
}

SITE void *site_hot(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

SITE void *site_brief(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

SITE void *site_calm(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

SITE void *site_dense(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

SITE void *site_sparse(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

/* Some microseconds of work of its own. */
static void compute(void)
{
	for (volatile int i = 0; i < 2000; i++)
		;
}

static void hot(void)
{
	long cnt = 0;

	while (!cool) {
		free(site_hot(100));
		compute();
		cnt++;
	}
	EXPECT(site_hot, cnt, 100 * cnt, 0, 0);
}

/* So many nanoseconds, more or less, that touch no memory: what traps make cold does not matter to it. */
static void multiply(int ns)
{
	unsigned long value = 1;

	for (int i = 0; i < ns; i++) {
		value *= 0x9e3779b97f4a7c15;
		KEEP(value);
	}
}

/* A third of the time in which a block is wanted every microsecond, and two thirds in which it is every fifty. */
static void bursts(void)
{
	long dense_cnt = 0, sparse_cnt = 0;

	while (!stop) {
		for (int i = 0; i < 20000; i++, dense_cnt++) {
			free(site_dense(100));
			multiply(800);
		}
		for (int i = 0; i < 800; i++, sparse_cnt++) {
			free(site_sparse(100));
			multiply(50000);
		}
	}
	EXPECT(site_dense, dense_cnt, 100 * dense_cnt, 0, 0);
	EXPECT(site_sparse, sparse_cnt, 100 * sparse_cnt, 0, 0);
}

static void brief(void)
{
	const long cnt = 32000;

	for (long i = 0; i < cnt; i++) {
		free(site_brief(100));
		for (int j = 0; j < 5; j++)
			compute();
	}
	EXPECT(site_brief, cnt, 100 * cnt, 0, 0);
}

static void calm(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	long cnt = 0;

	while (!stop) {
		site_calm(50);
		nanosleep(&pause, NULL);
		cnt++;
	}
	EXPECT(site_calm, cnt, 50 * cnt, cnt, 50 * cnt);
}

int main(int argc, char **argv)
{
	const char *how;

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	sites_setup(argc, argv);
	how = sites_args[0] ? sites_args[0] : "calm";
	sites_ready();
	if (!strcmp(how, "brief")) {
		brief();
		sites_done();
		return 0;
	}
	if (!strcmp(how, "bursts"))
		bursts();
	else if (strcmp(how, "calm"))
		hot();
	if (strcmp(how, "hot") && strcmp(how, "bursts"))
		calm();
	sites_done();
	return 0;
}
