/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of some names to a mistyped word. */
#pragma once

#include <stddef.h>

/* Edits (insert, drop, change, swap neighbours) that turn @a into @b; a large number beyond 63
 * characters. */
size_t suggest_distance(const char *a, const char *b);

struct suggestion {
	const char *word; /* what the user typed */
	const char *best; /* NULL: nothing near enough to be meant */
	size_t best_distance;
};

/* Start with { .word = …, .best_distance = SIZE_MAX }. */
void suggestion__consider(struct suggestion *sug, const char *name);
