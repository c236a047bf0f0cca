// SPDX-License-Identifier: Apache-2.0
/*
 * Programs with one disease each, for `heaptap why`, and beside each one that nearly has it: `why
 * CASE` does one of them and ends. What is wrong is in site_CASE.
 */
#include "site.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING 1024

static void *kept[200000];

/* Made and freed in one go. */
SITE static void site_churn(void)
{
	char *p = malloc(hide(200));

	KEEP(p);
	free(p);
	KEEP(p);
}

/* As many, freed in the same function, but not before a pause. */
SITE static void site_churn_not(void)
{
	for (int i = 0; i < 3000; i++)
		kept[i] = malloc(hide(200));
	usleep(20000);
	for (int i = 0; i < 3000; i++)
		free(kept[i]);
}

/* 95 buffers that grow to 4 KiB, 5 that grow to 32. */
SITE static void site_growth(int i)
{
	size_t end = i % 20 ? 4096 : 32768, size;
	char *p = NULL;

	for (size = 64; size <= end; size += 64) {
		p = realloc(p, hide(size));
		KEEP(p);
	}
	free(p);
	KEEP(p);
}

/* One step is enough. */
SITE static void site_growth_not(void)
{
	char *p = malloc(hide(64));

	KEEP(p);
	p = realloc(p, hide(4096));
	KEEP(p);
	free(p);
	KEEP(p);
}

struct ring {
	void *at[RING];
	unsigned int put, taken;
};

static struct ring ring;

static void *consume(void *arg)
{
	int cnt = *(int *)arg;

	while (cnt--) {
		while (__atomic_load_n(&ring.put, __ATOMIC_ACQUIRE) == ring.taken)
			usleep(100);
		free(ring.at[ring.taken % RING]);
		__atomic_store_n(&ring.taken, ring.taken + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

SITE static void *site_hand_over(void)
{
	void *p = malloc(hide(500));

	KEEP(p);
	return p;
}

SITE static void *site_hand_over_not(void)
{
	void *p = malloc(hide(500));

	KEEP(p);
	return p;
}

/* Every @step-th block goes to the other thread. */
static void hand_over(void *(*make)(void), int cnt, int step)
{
	pthread_t thread;
	int others = cnt / step;

	pthread_create(&thread, NULL, consume, &others);
	for (int i = 0; i < cnt; i++) {
		void *p = make();

		if (i % step != step - 1) {
			free(p);
			continue;
		}
		while (ring.put - __atomic_load_n(&ring.taken, __ATOMIC_ACQUIRE) == RING)
			usleep(100);
		ring.at[ring.put % RING] = p;
		__atomic_store_n(&ring.put, ring.put + 1, __ATOMIC_RELEASE);
	}
	pthread_join(thread, NULL);
}

/* 100 bytes a time, never freed. */
SITE static void *site_growing(void)
{
	void *p = malloc(hide(100));

	KEEP(p);
	return p;
}

static void grow(int cnt)
{
	for (int i = 0; i < cnt; i++) {
		kept[i] = site_growing();
		usleep(400);
	}
}

/* It grows as fast, but what has come goes again: five times. */
SITE static void *site_growing_not(void)
{
	void *p = malloc(hide(100));

	KEEP(p);
	return p;
}

static void saw(void)
{
	for (int i = 0; i < 3000; i++) {
		kept[i % 600] = site_growing_not();
		usleep(400);
		for (int j = 0; i % 600 == 599 && j < 600; j++)
			free(kept[j]);
	}
}

/* Filled during the first third, from then on the oldest makes room for the newest. Nearly a leak.
 */
SITE static void site_cache(int i)
{
	free(kept[i % 1000]);
	kept[i % 1000] = malloc(hide(100));
}

static void cache(void)
{
	for (int i = 0; i < 3000; i++) {
		site_cache(i);
		usleep(400);
	}
}

/* The same with nothing to wait for: the blocks are too young to be anything kept. */
SITE static void site_cache_not(int i)
{
	free(kept[i % 20]);
	kept[i % 20] = malloc(hide(100));
}

SITE static void *site_big(void)
{
	void *p = malloc(hide(1 << 20));

	KEEP(p);
	return p;
}

SITE static void *site_small(void)
{
	void *p = malloc(hide(24));

	KEEP(p);
	return p;
}

static void sizes(void)
{
	for (int i = 0; i < 20; i++)
		kept[i] = site_big();
	for (int i = 20; i < 5020; i++)
		kept[i] = site_small();
}

/* Big, but not so big; small, but not so small. */
SITE static void *site_big_not(void)
{
	void *p = malloc(hide(16 << 10));

	KEEP(p);
	return p;
}

SITE static void *site_small_not(void)
{
	void *p = malloc(hide(300));

	KEEP(p);
	return p;
}

static void sizes_not(void)
{
	for (int i = 0; i < 300; i++)
		kept[i] = site_big_not();
	for (int i = 300; i < 5300; i++)
		kept[i] = site_small_not();
}

static void repeat(void (*work)(void), int cnt)
{
	while (cnt--)
		work();
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "churn")) {
		repeat(site_churn, 3000);
	} else if (!strcmp(name, "churn-not")) {
		site_churn_not();
	} else if (!strcmp(name, "growth")) {
		for (int i = 0; i < 100; i++)
			site_growth(i);
	} else if (!strcmp(name, "growth-not")) {
		repeat(site_growth_not, 500);
	} else if (!strcmp(name, "hand-over")) {
		hand_over(site_hand_over, 2000, 1);
	} else if (!strcmp(name, "hand-over-not")) {
		hand_over(site_hand_over_not, 2000, 2);
	} else if (!strcmp(name, "growing")) {
		grow(3000);
	} else if (!strcmp(name, "leak")) {
		/* Until killed. */
		grow(sizeof(kept) / sizeof(kept[0]));
	} else if (!strcmp(name, "growing-not")) {
		saw();
	} else if (!strcmp(name, "cache")) {
		cache();
	} else if (!strcmp(name, "cache-not")) {
		for (int i = 0; i < 3000; i++)
			site_cache_not(i);
	} else if (!strcmp(name, "sizes")) {
		sizes();
	} else if (!strcmp(name, "sizes-not")) {
		sizes_not();
	} else if (!strcmp(name, "steady")) {
		/* Until killed: what `top` looks at. */
		for (int i = 0;; i++) {
			site_cache(i);
			usleep(1000);
		}
	} else {
		fprintf(stderr, "usage: why CASE\n");
		return 2;
	}
	return 0;
}
