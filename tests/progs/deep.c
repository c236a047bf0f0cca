// SPDX-License-Identifier: Apache-2.0
/* One site on many stacks: it allocates at each depth of a recursion, some 2000 frames in all. */
#include "site.h"

#include <stdlib.h>

#define DEPTH 60

SITE void *site_deep(size_t size)
{
	void *p = malloc(size);

	KEEP(p);
	return p;
}

SITE void go_down(int depth)
{
	free(site_deep(32));
	if (depth)
		go_down(depth - 1);
	__asm__ volatile("");
}

static void work(void)
{
	go_down(DEPTH - 1);
	EXPECT(site_deep, DEPTH, DEPTH * 32L, 0, 0);
}

int main(int argc, char **argv)
{
	return sites_main(argc, argv, work);
}
