// SPDX-License-Identifier: Apache-2.0
/* Memory that is mapped past the allocator (--mmap), and what is mapped but is none. */
#define _GNU_SOURCE
#include "site.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE  4096l
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define BIG   (1l << 20)
#define FIXED (ANON | MAP_FIXED)

#define MAP_SITE(name)                                                                             \
	SITE static char *name(void *at, size_t n, int prot, int flags, int fd)                    \
	{                                                                                          \
		char *p = mmap(at, n, prot, flags, fd, 0);                                         \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}

MAP_SITE(site_mmap)
MAP_SITE(site_shared)
MAP_SITE(site_reserved)
MAP_SITE(site_file)
MAP_SITE(site_mmap_failed)
MAP_SITE(site_replaced)
MAP_SITE(site_replacing)
MAP_SITE(site_given_up)
MAP_SITE(site_cut)
MAP_SITE(site_cut_away)
MAP_SITE(site_moved)
MAP_SITE(site_stays)

#define REMAP_SITE(name)                                                                           \
	SITE static char *name(void *old, size_t from, size_t to)                                  \
	{                                                                                          \
		char *p = mremap(old, from, to, MREMAP_MAYMOVE);                                   \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}

REMAP_SITE(site_mremap)
REMAP_SITE(site_shrunk)
REMAP_SITE(site_mremap_failed)

SITE static void *site_malloc_big(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

SITE static void *site_realloc_big(void *old, size_t n)
{
	void *p = realloc(old, n);

	KEEP(p);
	return p;
}

static void plain(void)
{
	char *p;
	int i;

	for (i = 0; i < 5; i++) {
		p = site_mmap(NULL, 10000, RW, ANON, -1);
		if (i < 3)
			munmap(p, 10000);
	}
	EXPECT(site_mmap, 5, 50000, 2, 20000);
	site_shared(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	EXPECT(site_shared, 1, PAGE, 1, PAGE);
}

static void none_at_all(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *p;

	p = site_reserved(NULL, 100 * PAGE, PROT_NONE, ANON, -1);
	munmap(p, 100 * PAGE);
	p = site_file(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd);
	munmap(p, PAGE);
	/* Neither private nor shared. */
	site_mmap_failed(NULL, PAGE, RW, MAP_ANONYMOUS, -1);
}

static void in_place_of_others(void)
{
	char *p = site_replaced(NULL, 4 * PAGE, RW, ANON, -1);

	site_replacing(p, 4 * PAGE, RW, FIXED, -1);
	EXPECT(site_replaced, 1, 4 * PAGE, 0, 0);
	EXPECT(site_replacing, 1, 4 * PAGE, 1, 4 * PAGE);
	p = site_given_up(NULL, 2 * PAGE, RW, ANON, -1);
	site_reserved(p, 2 * PAGE, PROT_NONE, FIXED, -1);
	EXPECT(site_given_up, 1, 2 * PAGE, 0, 0);
}

static void parts(void)
{
	char *p = site_cut(NULL, 8 * PAGE, RW, ANON, -1);

	munmap(p, 3 * PAGE);
	EXPECT(site_cut, 1, 8 * PAGE, 1, 5 * PAGE);
	p = site_cut_away(NULL, 8 * PAGE, RW, ANON, -1);
	munmap(p, 3 * PAGE);
	munmap(p + 3 * PAGE, PAGE);
	munmap(p + 4 * PAGE, 4 * PAGE);
	EXPECT(site_cut_away, 1, 8 * PAGE, 0, 0);
}

static void moves(void)
{
	char *p = site_moved(NULL, 2 * PAGE, RW, ANON, -1);

	p = site_mremap(p, 2 * PAGE, 10 * PAGE);
	site_shrunk(p, 10 * PAGE, PAGE);
	EXPECT(site_moved, 1, 2 * PAGE, 0, 0);
	EXPECT(site_mremap, 1, 10 * PAGE, 0, 0);
	EXPECT(site_shrunk, 1, PAGE, 1, PAGE);
	p = site_stays(NULL, PAGE, RW, ANON, -1);
	site_mremap_failed(p, PAGE, 0);
	site_mremap_failed(p, PAGE, 1l << 46);
	EXPECT(site_stays, 1, PAGE, 1, PAGE);
}

/* The allocator maps these itself. */
static void of_the_allocator(void)
{
	void *p = site_malloc_big(BIG);

	free(p);
	p = site_malloc_big(BIG);
	site_realloc_big(p, 3 * BIG);
	EXPECT(site_malloc_big, 2, 2 * BIG, 0, 0);
	EXPECT(site_realloc_big, 1, 3 * BIG, 1, 3 * BIG);
}

static void work(void)
{
	plain();
	none_at_all();
	in_place_of_others();
	parts();
	moves();
	of_the_allocator();
}

int main(int argc, char **argv)
{
	return sites_main(argc, argv, work);
}
