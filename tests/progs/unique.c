// SPDX-License-Identifier: Apache-2.0
/*
 * Many more threads than CPUs, each on a path of its own: thread_N calls path_N (N + 1 times deep), which calls
 * site_N. A stack that has frames of two numbers, or one of a wrong depth, is two threads mixed up.
 */
#define _GNU_SOURCE
#include "site.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS 2000
#define FOR_EACH_THREAD(X)                                                                         \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define PATH(n)                                                                                    \
	SITE void *site_##n(size_t size)                                                           \
	{                                                                                          \
		void *p = malloc(size);                                                            \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}                                                                                          \
	SITE void path_##n(int depth)                                                              \
	{                                                                                          \
		if (depth)                                                                         \
			path_##n(depth - 1);                                                       \
		else                                                                               \
			free(site_##n(16 + (n)));                                                  \
		__asm__ volatile("");                                                              \
	}                                                                                          \
	SITE void *thread_##n(void *arg)                                                           \
	{                                                                                          \
		for (int i = 0; i < ROUNDS; i++)                                                   \
			path_##n(n);                                                               \
		EXPECT(site_##n, ROUNDS, ROUNDS *(16L + (n)), 0, 0);                               \
		return arg;                                                                        \
	}
FOR_EACH_THREAD(PATH)

#define ENTRY(n) thread_##n,
static void *(*const threads[])(void *) = { FOR_EACH_THREAD(ENTRY) };
#define THREAD_CNT (sizeof(threads) / sizeof(threads[0]))

int main(int argc, char **argv)
{
	pthread_t thread[THREAD_CNT];
	size_t i;

	sites_setup(argc, argv);
	sites_ready();
	for (i = 0; i < THREAD_CNT; i++)
		if (pthread_create(&thread[i], NULL, threads[i], NULL))
			_exit(99);
	for (i = 0; i < THREAD_CNT; i++)
		pthread_join(thread[i], NULL);
	sites_done();
	return 0;
}
