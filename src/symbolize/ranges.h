/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of many overlapping address ranges wins at an address. Ranges carry an id; where several
 * cover an address, the highest id wins. Every rule of this folder is that one rule with ids given
 * out in the right order: inlined calls come after the function that contains them, later lines of
 * a perf map after the ones they replace, better symbols after worse ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

#define RANGES_NONE UINT32_MAX

struct range {
	uint64_t lo, hi; /* [lo, hi) */
	uint32_t id;
};

/* Zero-initialise. Filled with ranges_add(), then sealed once, then asked. */
struct ranges {
	VEC(struct range) list;
};

/* Empty ranges are ignored. 0 or -ENOMEM. */
int ranges_add(struct ranges *ranges, uint64_t lo, uint64_t hi, uint32_t id);
/* Sort and flatten: afterwards nothing overlaps and neighbours of one id are one. 0 or -ENOMEM. */
int ranges_seal(struct ranges *ranges);
/* The id that wins at @addr, or RANGES_NONE. */
uint32_t ranges_find(const struct ranges *ranges, uint64_t addr);
void ranges_done(struct ranges *ranges);
