// SPDX-License-Identifier: Apache-2.0
/* Many blocks of mixed sizes, for what samples: "keep" holds a quarter of them, "free" none. */
#include "site.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SITE1(name)                                                                                \
	SITE void *name(size_t n)                                                                  \
	{                                                                                          \
		void *p = malloc(n);                                                               \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}

SITE1(site_tiny)
SITE1(site_small)
SITE1(site_page)
SITE1(site_big)

static void churn(void *(*site)(size_t), const char *name, size_t bytes, long cnt, int keep)
{
	long i, kept = 0;

	for (i = 0; i < cnt; i++) {
		void *p = site(bytes);

		if (keep && i % 4 == 0)
			kept++;
		else
			free(p);
	}
	expect(name, cnt, cnt * (long)bytes, kept, kept * (long)bytes);
}

static void work(void)
{
	int keep = sites_args[0] && !strcmp(sites_args[0], "keep");

	churn(site_tiny, "site_tiny", 24, 40000, keep);
	churn(site_small, "site_small", 200, 20000, keep);
	churn(site_page, "site_page", 4000, 4000, keep);
	churn(site_big, "site_big", 200000, 200, keep);
}

int main(int argc, char **argv)
{
	return sites_main(argc, argv, work);
}
