/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The life stories behind `heaptap why`: kept only if config.lifetimes asks for them. A block that
 * realloc moves or resizes is one block with one story. Counts are weighted as those of struct
 * alloc_site are.
 */
#pragma once

#include "abi/types.h"

/* What is known of a live block beyond its struct live_value; key: struct live_key. */
struct why_block {
	__u64 born_ns;     /* CLOCK_MONOTONIC; 0: nothing is known */
	__u64 first_bytes; /* asked for at birth */
	__u64 bytes;       /* asked for last */
	__u64 weight;      /* as the live table has it */
	__u32 site;        /* of the last call */
	__u32 tid;         /* who asked first */
	__u32 growths;     /* reallocs that made it larger */
	__u32 pad;
};
_Static_assert(sizeof(struct why_block) == 48, "why_block is 48 bytes");

/* Ages: class 0 is below 1024 ns, class i below twice as much as class i - 1, the last has no end
 * (from 2^40 ns, 18 minutes). */
#define WHY_AGE_CNT 32
static inline __attribute__((always_inline, unused)) __u32 why_age_class(__u64 ns)
{
	__u64 rest = ns >> 10;
	__u32 class = 0, step;

	for (step = 32; step; step >>= 1) {
		if (rest >> step) {
			rest >>= step;
			class += step;
		}
	}
	class += rest != 0;
	return class < WHY_AGE_CNT ? class : WHY_AGE_CNT - 1;
}

/* What became of the blocks of one site, beside its struct alloc_site. */
struct why_site {
	__u64 ages[WHY_AGE_CNT]; /* frees by age */
	__u64 other_thread;      /* frees by another thread than the one that asked first */
	__u64 grown_ends;        /* frees of blocks that had been grown; this was their last site */
	__u64 end_growths;       /* how often those were grown, in all */
	__u64 end_first_bytes;   /* and how large they were at first, in all */
	__u64 grows;             /* reallocs that came here with a known block and made it larger */
	__u64 resizes;           /* ... and did not */
	__u64 moves;             /* of both, those that changed the address */
	__u64 moved_bytes;
	__u64 requested_max; /* of all calls */
	__u64 end_max;       /* of grown_ends: the largest they had become */
};
_Static_assert(sizeof(struct why_site) == 336, "why_site is 336 bytes");

/* Who frees whose blocks: numbers of sites; the value is the count of frees. */
struct why_pair {
	__u32 alloc_site;
	__u32 free_site;
};
_Static_assert(sizeof(struct why_pair) == 8, "why_pair is 8 bytes");
