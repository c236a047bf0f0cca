// SPDX-License-Identifier: Apache-2.0
/* Every function of the C allocation interface, each in all its outcomes. */
#define _GNU_SOURCE
#include "site.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *reallocarray(void *p, size_t n, size_t size);
void *pvalloc(size_t size);

/* A function that makes one call with the arguments given. */
#define SITE1(name, call)                                                                          \
	SITE void *name(size_t n)                                                                  \
	{                                                                                          \
		void *p = call;                                                                    \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}
#define SITE2(name, call)                                                                          \
	SITE void *name(size_t n, size_t m)                                                        \
	{                                                                                          \
		void *p = call;                                                                    \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}
#define SITE_RE(name)                                                                              \
	SITE void *name(void *old, size_t n)                                                       \
	{                                                                                          \
		void *p = realloc(old, n);                                                         \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}
#define SITE_REARRAY(name)                                                                         \
	SITE void *name(void *old, size_t n, size_t m)                                             \
	{                                                                                          \
		void *p = reallocarray(old, n, m);                                                 \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}

static void must(int truth, const char *what)
{
	if (truth)
		return;
	sites_say("unexpected: ");
	sites_say(what);
	sites_say("\n");
	_exit(98);
}

SITE1(site_malloc_64, malloc(n))
SITE1(site_malloc_freed, malloc(n))
SITE1(site_malloc_some_freed, malloc(n))
SITE1(site_malloc_0, malloc(n))
SITE1(site_malloc_failed, malloc(n))
SITE1(site_malloc_big, malloc(n))
SITE1(site_malloc_big_freed, malloc(n))

static void malloc_and_free(void)
{
	void *p[10];

	for (int i = 0; i < 1000; i++)
		site_malloc_64(64);
	EXPECT(site_malloc_64, 1000, 64000, 1000, 64000);

	for (int i = 0; i < 1000; i++)
		free(site_malloc_freed(1 + i));
	EXPECT(site_malloc_freed, 1000, 500500, 0, 0);

	for (int i = 0; i < 10; i++)
		p[i] = site_malloc_some_freed(100 + i);
	for (int i = 0; i < 10; i += 2)
		free(p[i]);
	EXPECT(site_malloc_some_freed, 10, 1045, 5, 525);

	must(!!site_malloc_0(0), "malloc(0) is NULL");
	free(site_malloc_0(0));
	EXPECT(site_malloc_0, 2, 0, 1, 0);

	for (int i = 0; i < 3; i++)
		must(!site_malloc_failed(hide(PTRDIFF_MAX)), "malloc(PTRDIFF_MAX)");
	EXPECT(site_malloc_failed, 0, 0, 0, 0);
	for (int i = 0; i < 5; i++)
		free(NULL);

	/* From 128 KiB on glibc maps each block by itself: an allocator inside the allocator. */
	site_malloc_big(hide(128 << 10));
	site_malloc_big(hide(200000));
	site_malloc_big(hide(5 << 20));
	EXPECT(site_malloc_big, 3, 131072 + 200000 + 5242880, 3, 131072 + 200000 + 5242880);
	for (int i = 0; i < 4; i++)
		free(site_malloc_big_freed(hide(300000)));
	EXPECT(site_malloc_big_freed, 4, 1200000, 0, 0);
}

SITE2(site_calloc, calloc(n, m))
SITE2(site_calloc_freed, calloc(n, m))
SITE2(site_calloc_overflow, calloc(n, m))
SITE2(site_calloc_0, calloc(n, m))
SITE2(site_calloc_big, calloc(n, m))

static void callocs(void)
{
	for (int i = 0; i < 20; i++)
		site_calloc(3, 50);
	EXPECT(site_calloc, 20, 3000, 20, 3000);
	for (int i = 0; i < 20; i++)
		free(site_calloc_freed(7, 11));
	EXPECT(site_calloc_freed, 20, 1540, 0, 0);
	/* Both the product modulo 2^64 being small and it being merely too large. */
	must(!site_calloc_overflow(hide(SIZE_MAX / 2 + 1), hide(2)), "calloc overflow to 0");
	must(!site_calloc_overflow(hide(SIZE_MAX / 8), hide(9)), "calloc overflow");
	must(!site_calloc_overflow(hide(PTRDIFF_MAX), hide(1)), "calloc too large");
	EXPECT(site_calloc_overflow, 0, 0, 0, 0);
	if (site_calloc_0(0, 8))
		EXPECT(site_calloc_0, 1, 0, 1, 0);
	site_calloc_big(hide(1000), hide(1000));
	EXPECT(site_calloc_big, 1, 1000000, 1, 1000000);
}

SITE_RE(site_realloc_null)
SITE1(site_realloc_first, malloc(n))
SITE_RE(site_realloc_grow)
SITE_RE(site_realloc_shrink)
SITE_RE(site_realloc_doubling)
SITE_RE(site_realloc_big)
SITE_RE(site_realloc_freed)

static void reallocs(void)
{
	void *p;

	site_realloc_null(NULL, 40);
	EXPECT(site_realloc_null, 1, 40, 1, 40);

	/* Each step ends the block before it, whether it moves or not, and begins one at the
	 * caller. */
	p = site_realloc_first(100);
	p = site_realloc_grow(p, 5000);
	p = site_realloc_shrink(p, 10);
	KEEP(p);
	EXPECT(site_realloc_first, 1, 100, 0, 0);
	EXPECT(site_realloc_grow, 1, 5000, 0, 0);
	EXPECT(site_realloc_shrink, 1, 10, 1, 10);

	p = NULL;
	for (size_t n = 16; n <= 1 << 20; n *= 2)
		p = site_realloc_doubling(p, n);
	EXPECT(site_realloc_doubling, 17, (2 << 20) - 16, 1, 1 << 20);

	/* Mapped blocks grow by mremap, and come back to the heap. */
	p = site_realloc_big(NULL, hide(200000));
	p = site_realloc_big(p, hide(4 << 20));
	p = site_realloc_big(p, hide(64 << 20));
	p = site_realloc_big(p, 100);
	EXPECT(site_realloc_big, 4, 200000 + (4 << 20) + (64 << 20) + 100, 1, 100);

	p = site_realloc_freed(NULL, 30);
	p = site_realloc_freed(p, 300);
	free(p);
	EXPECT(site_realloc_freed, 2, 330, 0, 0);
}

SITE1(site_failed_old, malloc(n))
SITE1(site_failed_old_freed, malloc(n))
SITE_RE(site_realloc_failed)
SITE1(site_zero_old, malloc(n))
SITE_RE(site_realloc_0)

static void reallocs_that_fail(void)
{
	void *p = site_failed_old(77);

	must(!site_realloc_failed(p, hide(PTRDIFF_MAX)), "realloc(PTRDIFF_MAX)");
	KEEP(p);
	p = site_failed_old_freed(78);
	must(!site_realloc_failed(p, hide(PTRDIFF_MAX)), "realloc(PTRDIFF_MAX)");
	free(p);
	must(!site_realloc_failed(NULL, hide(PTRDIFF_MAX)), "realloc(NULL, PTRDIFF_MAX)");
	EXPECT(site_failed_old, 1, 77, 1, 77);
	EXPECT(site_failed_old_freed, 1, 78, 0, 0);
	EXPECT(site_realloc_failed, 0, 0, 0, 0);

	/* glibc frees and returns NULL; others return a block of no bytes. Gone is the old one
	 * either way. */
	p = site_realloc_0(site_zero_old(55), 0);
	EXPECT(site_zero_old, 1, 55, 0, 0);
	EXPECT(site_realloc_0, !!p, 0, !!p, 0);
}

SITE_REARRAY(site_reallocarray_null)
SITE_REARRAY(site_reallocarray)
SITE_REARRAY(site_reallocarray_overflow)

static void reallocarrays(void)
{
	void *p;

	site_reallocarray_null(NULL, 5, 8);
	EXPECT(site_reallocarray_null, 1, 40, 1, 40);
	p = site_reallocarray(NULL, 10, 10);
	p = site_reallocarray(p, 20, 10);
	must(!site_reallocarray_overflow(p, hide(SIZE_MAX / 2 + 1), 2), "reallocarray overflow");
	must(!site_reallocarray_overflow(p, hide(SIZE_MAX / 4), 5), "reallocarray overflow");
	EXPECT(site_reallocarray, 2, 300, 1, 200);
	EXPECT(site_reallocarray_overflow, 0, 0, 0, 0);
}

SITE1(site_memalign, memalign(64, n))
SITE1(site_aligned_alloc, aligned_alloc(64, n))
SITE1(site_valloc, valloc(n))
SITE1(site_pvalloc, pvalloc(n))
SITE1(site_posix_other, malloc(n))

SITE int site_posix_memalign(void **ret, size_t align, size_t n)
{
	int err = posix_memalign(ret, align, n);

	KEEP(err);
	return err;
}

SITE int site_posix_memalign_failed(void **ret, size_t align, size_t n)
{
	int err = posix_memalign(ret, align, n);

	KEEP(err);
	return err;
}

static void aligned(void)
{
	void *p, *live;

	for (int i = 0; i < 6; i++) {
		p = site_memalign(1000 + i);
		if (i % 3 == 0)
			free(p);
	}
	EXPECT(site_memalign, 6, 6015, 4, 4012);
	for (int i = 0; i < 6; i++)
		if (i % 2)
			site_aligned_alloc(640);
		else
			free(site_aligned_alloc(128));
	EXPECT(site_aligned_alloc, 6, 3 * 640 + 3 * 128, 3, 3 * 640);
	site_valloc(100);
	free(site_valloc(200));
	EXPECT(site_valloc, 2, 300, 1, 100);

	must(!site_posix_memalign(&p, 256, 999), "posix_memalign");
	must(!site_posix_memalign(&p, 4096, 111), "posix_memalign");
	free(p);
	EXPECT(site_posix_memalign, 2, 1110, 1, 999);

	/* A failure leaves the result as it is: here a live block, not to be counted twice. */
	live = p = site_posix_other(33);
	must(site_posix_memalign_failed(&p, 3, 50) == EINVAL, "posix_memalign EINVAL");
	must(site_posix_memalign_failed(&p, 64, hide(PTRDIFF_MAX)) == ENOMEM, "posix_memalign");
	must(p == live, "posix_memalign's result");
	EXPECT(site_posix_other, 1, 33, 1, 33);
	EXPECT(site_posix_memalign_failed, 0, 0, 0, 0);
}

static int have_pvalloc, have_reallocarray;

/* One more than a page: counted is what is asked for, not what pvalloc rounds it up to. */
static void pvallocs(void)
{
	site_pvalloc(4097);
	free(site_pvalloc(10));
	EXPECT(site_pvalloc, 2, 4107, 1, 4097);
}

/* The same block address again and again: a free and the next allocation must not be mixed up. */
SITE1(site_reuse, malloc(n))

static void reuse(void)
{
	for (int i = 0; i < 20000; i++)
		free(site_reuse(48));
	EXPECT(site_reuse, 20000, 960000, 0, 0);
}

static void work(void)
{
	malloc_and_free();
	callocs();
	reallocs();
	reallocs_that_fail();
	if (have_reallocarray)
		reallocarrays();
	aligned();
	if (have_pvalloc)
		pvallocs();
	reuse();
}

#ifdef NO_PVALLOC
void *pvalloc(size_t size)
{
	return valloc(size);
}
#endif

int main(int argc, char **argv)
{
	/* glibc's pvalloc under a preloaded allocator without one makes a block that nobody can
	 * free; its reallocarray calls realloc, whosever that is. */
#ifndef NO_PVALLOC
	have_pvalloc = served("pvalloc") && strcmp(argv[argc - 1], "no-pvalloc");
#endif
	have_reallocarray = 1;
	return sites_main(argc, argv, work);
}
