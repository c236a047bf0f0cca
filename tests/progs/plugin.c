// SPDX-License-Identifier: Apache-2.0
/*
 * A library to be loaded and unloaded: plugin-a.so and plugin-b.so are alike in size, so that one is mapped where the
 * other was, and differ in what lies at each place. PLUGIN is a or b; one of them
 * has FIXED_FIRST.
 */
#include "site.h"

#include <alloca.h>
#include <stdlib.h>

/* What was called before this is not left by a jump. */
#define STAY __asm__ volatile("" : : : "memory")

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAMED(what) JOIN(what##_, PLUGIN)

SITE void NAMED(site_constructor)(void)
{
	void *p = malloc(64);

	KEEP(p);
	free(p);
}

__attribute__((constructor)) SITE void NAMED(constructor)(void)
{
	NAMED(site_constructor)();
	STAY;
}

SITE void NAMED(site_inner)(void)
{
	void *p = malloc(80);

	KEEP(p);
	free(p);
}

#ifdef FIXED_FIRST
/* A frame of fixed size, then one of a size known at run time; the other library has them the other way round. */
SITE void NAMED(middle)(int n)
{
	char room[500];

	__asm__ volatile("" : : "r"(room) : "memory");
	NAMED(site_inner)();
	STAY;
}

SITE void NAMED(outer)(int n)
{
	char *room = alloca(n * 16 + 16);

	KEEP(room);
	NAMED(middle)(n);
	STAY;
}
#else
SITE void NAMED(middle)(int n)
{
	char *room = alloca(n * 16 + 16);

	KEEP(room);
	NAMED(site_inner)();
	STAY;
}

SITE void NAMED(outer)(int n)
{
	char room[500];

	__asm__ volatile("" : : "r"(room) : "memory");
	NAMED(middle)(n);
	STAY;
}
#endif

SITE void plugin_run(int n)
{
	NAMED(outer)(n);
	STAY;
}
