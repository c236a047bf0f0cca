// SPDX-License-Identifier: Apache-2.0
/* Allocates before main: only who traces from the first instruction on sees it. */
#include "site.h"

#include <stdlib.h>

SITE void *site_in_constructor(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

__attribute__((constructor)) static void before_main(void)
{
	for (int i = 0; i < 5; i++)
		site_in_constructor(90);
	free(site_in_constructor(91));
}

static void work(void)
{
	EXPECT(site_in_constructor, 6, 541, 5, 450);
}

int main(int argc, char **argv)
{
	return sites_main(argc, argv, work);
}
