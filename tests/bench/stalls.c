// SPDX-License-Identifier: Apache-2.0
/*
 * stalls [BYTES]: malloc/free pairs for as long as standard input is open; for each byte read from it, one line of the
 * pairs and the nanoseconds since the last, and how many of these were lost. Where a machine's clock rate goes up and
 * down by a third from second to second, the time of a pair says nothing of a budget of 1 %. What it takes away does:
 * batches of a few microseconds that took much longer than those around them.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAIRS                         200
/* So many batches are around each other: some milliseconds. */
#define AROUND                        2048
#define TOO_LONG(batch_ns, median_ns) ((batch_ns) > 2 * (uint64_t)(median_ns))

static uint32_t took_ns[AROUND], sorted_ns[AROUND];

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint64_t lost_ns(void)
{
	uint64_t lost = 0;
	uint32_t median;
	size_t i;

	for (i = 0; i < AROUND; i++)
		sorted_ns[i] = took_ns[i];
	qsort(sorted_ns, AROUND, sizeof(*sorted_ns), by_size);
	median = sorted_ns[AROUND / 2];
	for (i = 0; i < AROUND; i++)
		lost += TOO_LONG(took_ns[i], median) ? took_ns[i] - median : 0;
	return lost;
}

static void batches(size_t size_bytes)
{
	uint64_t last = now_ns(), now;
	size_t i, j;

	for (i = 0; i < AROUND; i++) {
		for (j = 0; j < PAIRS; j++) {
			void *block = malloc(size_bytes);

			__asm__ volatile("" ::"r"(block) : "memory");
			free(block);
		}
		now = now_ns();
		took_ns[i] = (uint32_t)(now - last);
		last = now;
	}
}

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	size_t size_bytes = argc > 1 ? strtoull(argv[1], NULL, 0) : 64;
	uint64_t pairs = 0, ns = 0, lost = 0, i;
	char byte;

	puts("ready");
	fflush(stdout);
	for (;;) {
		batches(size_bytes);
		pairs += (uint64_t)AROUND * PAIRS;
		for (i = 0; i < AROUND; i++)
			ns += took_ns[i];
		lost += lost_ns();
		if (!poll(&in, 1, 0))
			continue;
		if (read(0, &byte, 1) != 1)
			return 0;
		printf("%llu %llu %llu\n", (unsigned long long)pairs, (unsigned long long)ns,
		       (unsigned long long)lost);
		fflush(stdout);
		pairs = ns = lost = 0;
	}
}
