// SPDX-License-Identifier: Apache-2.0
/* Allocators linked in under a prefix, of which the linker kept what is called: no _rjem_free, no mi_malloc. */
#include "site.h"

#include <stdint.h>
#include <string.h>

#define ALLOCATOR __attribute__((noipa))

static _Alignas(64) char pool[1 << 20];
static size_t pool_used;

/* Nothing is ever reused; the 64 bytes before a block hold its size. */
static void *take(size_t n)
{
	char *p = pool + pool_used + 64;

	memcpy(p - 64, &n, sizeof(n));
	pool_used += 64 + ((n + 63) & ~(size_t)63);
	return p;
}

static void *change(void *old, size_t n)
{
	void *p = take(n);
	size_t old_n;

	memcpy(&old_n, (char *)old - 64, sizeof(old_n));
	return memcpy(p, old, old_n < n ? old_n : n);
}

ALLOCATOR void *_rjem_mallocx(size_t n, int flags)
{
	return take(n);
}

ALLOCATOR void *_rjem_rallocx(void *old, size_t n, int flags)
{
	return change(old, n);
}

ALLOCATOR void _rjem_sdallocx(void *p, size_t n, int flags)
{
	KEEP(p);
}

ALLOCATOR void *mi_malloc_aligned(size_t n, size_t alignment)
{
	return take(n);
}

ALLOCATOR void *mi_realloc_aligned(void *old, size_t n, size_t alignment)
{
	return change(old, n);
}

ALLOCATOR void mi_free(void *p)
{
	KEEP(p);
}

/* Somebody's traffic classes, which are no allocator's. */
ALLOCATOR void *tc_new(size_t number)
{
	return pool + number;
}

ALLOCATOR void tc_delete(void *class)
{
	KEEP(class);
}

SITE void *site_mallocx(size_t n)
{
	void *p = _rjem_mallocx(n, 0);

	KEEP(p);
	return p;
}

SITE void *site_rallocx(void *old, size_t n)
{
	void *p = _rjem_rallocx(old, n, 0);

	KEEP(p);
	return p;
}

SITE void *site_mi_malloc_aligned(size_t n)
{
	void *p = mi_malloc_aligned(n, 16);

	KEEP(p);
	return p;
}

SITE void *site_mi_realloc_aligned(void *old, size_t n)
{
	void *p = mi_realloc_aligned(old, n, 16);

	KEEP(p);
	return p;
}

static void work(void)
{
	for (int i = 0; i < 10; i++) {
		_rjem_sdallocx(site_mallocx(100), 100, 0);
		mi_free(site_mi_malloc_aligned(200));
		tc_delete(tc_new(5));
	}
	site_rallocx(site_mallocx(10), 300);
	site_mi_realloc_aligned(site_mi_malloc_aligned(20), 400);
	EXPECT(site_mallocx, 11, 1010, 0, 0);
	EXPECT(site_rallocx, 1, 300, 1, 300);
	EXPECT(site_mi_malloc_aligned, 11, 2020, 0, 0);
	EXPECT(site_mi_realloc_aligned, 1, 400, 1, 400);
}

int main(int argc, char **argv)
{
	return sites_main(argc, argv, work);
}
