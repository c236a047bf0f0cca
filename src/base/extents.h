/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which parts of an array are free, when readers look without a lock: what is given back rests for a while, until nobody
 * who found it before can still be reading it, and only then can be taken again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

struct extent {
	uint32_t first, cnt;
};

struct extent_resting {
	struct extent extent;
	uint64_t due_ns;
};

struct extents {
	VEC(struct extent) free; /* sorted, none adjoins the next */
	VEC(struct extent_resting) resting;
	uint64_t rest_ns;
	size_t left; /* free ones, and resting ones */
};

/* All of @cnt are free. 0 or -ENOMEM. */
int extents__init(struct extents *extents, uint32_t cnt, uint64_t rest_ns);
void extents__done(struct extents *extents);
/* The first of @cnt in a row. 0 or -ENOSPC. @now_ns as in extents__give(). */
int extents__take(struct extents *extents, uint32_t cnt, uint64_t now_ns, uint32_t *ret_first);
/* Back, to be taken again from @now_ns + rest_ns on. -ENOMEM: it is lost. */
int extents__give(struct extents *extents, struct extent extent, uint64_t now_ns);
