// SPDX-License-Identifier: Apache-2.0
/*
 * The cost of one malloc/free pair: pair SIZE_BYTES THREADS DEPTH. For each byte on standard input it allocates and
 * frees for a while, DEPTH calls deep and in THREADS threads, then prints the CPU time of one pair in nanoseconds.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUND_NS    300000000ull
#define THREADS_MAX 64
#define BATCH       500

static size_t size_bytes;
static int depth;

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static __attribute__((noipa)) void pairs(int cnt)
{
	for (int i = 0; i < cnt; i++) {
		void *block = malloc(size_bytes);

		__asm__ volatile("" : : "r"(block) : "memory");
		free(block);
	}
}

/* The work before and after the inner call keeps this from becoming a loop. */
static __attribute__((noipa)) int deeper(int level)
{
	int below;

	if (level <= 1) {
		pairs(BATCH);
		return 1;
	}
	below = deeper(level - 1);
	__asm__ volatile("" : "+r"(below));
	return below + 1;
}

/* CPU nanoseconds of a thousand pairs. */
static void *round_of(void *unused)
{
	uint64_t start = cpu_ns(), now, cnt = 0;

	(void)unused;
	do {
		deeper(depth);
		cnt += BATCH;
		now = cpu_ns();
	} while (now - start < ROUND_NS);
	return (void *)(uintptr_t)((now - start) * 1000 / cnt);
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t at[THREADS_MAX];
	uintptr_t sum;
	void *result;
	char byte;

	size_bytes = argc > 1 ? strtoull(argv[1], NULL, 0) : 64;
	depth = argc > 3 ? atoi(argv[3]) : 10;
	if (threads < 1 || threads > THREADS_MAX || depth < 1)
		return 2;
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) == 1) {
		sum = 0;
		for (int i = 0; i < threads; i++)
			pthread_create(&at[i], NULL, round_of, NULL);
		for (int i = 0; i < threads; i++) {
			pthread_join(at[i], &result);
			sum += (uintptr_t)result;
		}
		printf("%.3f\n", (double)sum / threads / 1000);
		fflush(stdout);
	}
	return 0;
}
