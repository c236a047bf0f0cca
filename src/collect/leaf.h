/* SPDX-License-Identifier: Apache-2.0 */
/* The leaf end of a site's stack: where the allocator ends and its user begins. */
#pragma once

#include "collect/snapshot.h"

struct leaf {
	uint32_t skip_cnt;    /* allocator frames */
	bool nested;          /* one of them was probed itself: the outer one has counted this */
	const char *alloc_fn; /* name of the outermost of them, or NULL */
};

struct leaf leaf_find(const struct snapshot *snapshot, const struct alloc_site *site);

/* How many functions at the innermost end of the symbol's chain are allocator code that was inlined into their caller; 0
 * as well if there is nothing else in it. */
uint32_t leaf_inlined_cnt(const struct snapshot *snapshot, const struct snapshot_symbol *symbol);

/* What the probed function is called, "" if it is not known. */
const char *leaf_fn_name(const struct snapshot *snapshot, uint16_t fn);
