// SPDX-License-Identifier: Apache-2.0
/* Exact counts under contention, blocks freed by another thread, threads that come and go. */
#define _GNU_SOURCE
#include "site.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITE1(name)                                                                                \
	SITE void *name(size_t n)                                                                  \
	{                                                                                          \
		void *p = malloc(n);                                                               \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}

static void run(int n, void *(*fn)(void *))
{
	pthread_t thread[64];

	for (long i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, fn, (void *)i))
			_exit(99);
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
}

/* Two threads, 100,000 blocks of four bytes each. */
SITE1(site_pair_a)
SITE1(site_pair_b)

static void *pair_thread(void *arg)
{
	for (int i = 0; i < 100000; i++)
		if (arg)
			site_pair_a(4);
		else
			site_pair_b(4);
	return NULL;
}

static void pair(void)
{
	run(2, pair_thread);
	EXPECT(site_pair_a, 100000, 400000, 100000, 400000);
	EXPECT(site_pair_b, 100000, 400000, 100000, 400000);
}

/* Thirty threads that give back all they take: zero must be in use. */
SITE1(site_churn)

static void *churn_thread(void *arg)
{
	void *p[10];

	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < 10; k++)
			p[k] = site_churn(16 * (k + 1));
		for (int k = 0; k < 10; k++)
			free(p[k]);
	}
	return NULL;
}

static void churn(void)
{
	run(30, churn_thread);
	EXPECT(site_churn, 30000, 30 * 100 * 880, 0, 0);
}

/* One thread makes, another frees. The ring holds what is on its way. */
SITE1(site_handed_over)
static void *ring[256];

static void *maker(void)
{
	for (int i = 0; i < 20000; i++) {
		void *p = site_handed_over(96), *none = NULL;
		void **slot = &ring[i % 256];

		while (!__atomic_compare_exchange_n(slot, &none, p, 0, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST)) {
			none = NULL;
			usleep(10);
		}
	}
	return NULL;
}

static void *taker(void)
{
	for (int i = 0; i < 19990; i++) {
		void *p;

		while (!(p = __atomic_exchange_n(&ring[i % 256], NULL, __ATOMIC_SEQ_CST)))
			usleep(10);
		free(p);
	}
	return NULL;
}

static void *hand_over_thread(void *arg)
{
	return arg ? maker() : taker();
}

static void hand_over(void)
{
	run(2, hand_over_thread);
	EXPECT(site_handed_over, 20000, 1920000, 10, 960);
}

/*
 * The threads grow and free the same few blocks: an address that one thread gives back is another's
 * at once, so a free that is booked late would take the wrong block with it.
 */
SITE void *site_tossed(void *old, size_t n)
{
	void *p = realloc(old, n);

	KEEP(p);
	return p;
}

static void *toss_thread(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		void *p = site_tossed(NULL, 24);

		p = site_tossed(p, 2000);
		p = site_tossed(p, 300000);
		free(p);
	}
	return NULL;
}

static void toss(void)
{
	run(4, toss_thread);
	EXPECT(site_tossed, 4 * 3000 * 3, 4L * 3000 * 302024, 0, 0);
}

/* Threads that end by pthread_exit, out of nested calls, and allocate in a destructor on their way
 * out. */
SITE1(site_before_exit)
SITE1(site_in_destructor)
static pthread_key_t key;

static void destructor(void *p)
{
	free(p);
	site_in_destructor(70);
}

static void *exit_thread(void *arg)
{
	pthread_setspecific(key, site_before_exit(60));
	site_before_exit(61);
	pthread_exit(NULL);
}

static void exits(void)
{
	pthread_key_create(&key, destructor);
	for (int i = 0; i < 20; i++)
		run(5, exit_thread);
	EXPECT(site_before_exit, 200, 100 * 121, 100, 6100);
	EXPECT(site_in_destructor, 100, 7000, 100, 7000);
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "pair", pair }, { "churn", churn }, { "hand-over", hand_over },
	{ "toss", toss }, { "exits", exits },
};

int main(int argc, char **argv)
{
	sites_setup(argc, argv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!sites_args[0] || strcmp(cases[i].name, sites_args[0]))
			continue;
		sites_ready();
		cases[i].fn();
		sites_done();
		return 0;
	}
	sites_say("threads: pair | churn | hand-over | toss | exits\n");
	return 99;
}
