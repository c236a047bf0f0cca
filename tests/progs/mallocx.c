// SPDX-License-Identifier: Apache-2.0
/* jemalloc's own interface. */
#include "site.h"

#include <jemalloc/jemalloc.h>
#include <stdlib.h>

SITE void *site_mallocx(size_t n, int flags)
{
	void *p = mallocx(n, flags);

	KEEP(p);
	return p;
}

SITE void *site_rallocx(void *old, size_t n)
{
	void *p = rallocx(old, n, 0);

	KEEP(p);
	return p;
}

SITE void *site_je_malloc(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

static void work(void)
{
	void *p;

	for (int i = 0; i < 10; i++)
		site_mallocx(100, 0);
	dallocx(site_mallocx(200, MALLOCX_ALIGN(256)), 0);
	sdallocx(site_mallocx(300, MALLOCX_ZERO), 300, 0);
	dallocx(site_mallocx(400, MALLOCX_TCACHE_NONE), MALLOCX_TCACHE_NONE);
	free(site_mallocx(500, 0));
	p = site_mallocx(600, 0);
	p = site_rallocx(p, 70000);
	p = site_rallocx(p, 60);
	EXPECT(site_mallocx, 15, 3000, 10, 1000);
	EXPECT(site_rallocx, 2, 70060, 1, 60);
	dallocx(site_je_malloc(70), 0);
	site_je_malloc(71);
	EXPECT(site_je_malloc, 2, 141, 1, 71);
}

int main(int argc, char **argv)
{
	return sites_main(argc, argv, work);
}
