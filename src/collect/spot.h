/* SPDX-License-Identifier: Apache-2.0 */
/* Whose doing a stack is: the first function from the leaf that does not act on behalf of others.
 */
#pragma once

#include "collect/snapshot.h"

#define SPOT_CALLERS 4

struct spot {
	const char *function; /* "": the site has no stack */
	const char *file;
	uint32_t line;        /* 0: unknown */
	const char *via;      /* the library function it called, "": none */
	const char *alloc_fn; /* allocating or freeing function, "" if it is not known */
	bool nested;          /* see struct leaf */
	/* The function and those that called it, each as a number made of its names. */
	uint64_t chain[SPOT_CALLERS];
	const char *chain_names[SPOT_CALLERS];
	uint32_t chain_cnt;
};

/* Strings are the snapshot's. */
void spot_find(const struct snapshot *snapshot, const struct alloc_site *site, struct spot *ret);
