/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is counted. An image is one program run by one process (an exec makes a new one), a site is one
 * distinct (image, stack, function, size class), a live entry is one block that was not freed yet.
 */
#pragma once

#include "abi/types.h"

/* Counts and weights are fixed point: an allocation that stands for itself adds WEIGHT_ONE. */
#define WEIGHT_SHIFT 16
#define WEIGHT_ONE   (1ull << WEIGHT_SHIFT)

/* tgid -> image. SHARED: a vfork child, in its parent's memory. */
struct process {
	__u32 image; /* IMAGE_NONE: looked at, not to be traced */
	__u32 flags;
};
#define IMAGE_NONE     0u
#define PROCESS_SHARED 1u
#define PROCESS_HELD   2u /* stopped by BPF: SIGCONT it once its files are known */
#define PROCESS_WAITS                                                                              \
	4u /* to be stopped when its libraries are mapped, before their first instruction */
#define PROCESS_TRANSLATOR                                                                         \
	8u /* runs a program by translating its code: not to go on while it has breakpoints */

struct image {
	__u32 tgid;
	__u32 parent;     /* image it was forked from, or IMAGE_NONE */
	__u64 start_ns;   /* CLOCK_MONOTONIC when tracing of it began */
	__u64 end_ns;     /* exit or exec; 0 while it lives */
	__u64 mean_bytes; /* sampling: mean bytes between samples; 0 or 1 keeps everything */
	__u32 map_gen; /* bumped when the loader's list changes: cached rules are of one generation */
	__u32 uid;     /* effective, when tracing of it began */
	char comm[16];
	/* Means that adapt: kept_cnt and CLOCK_MONOTONIC when the mean was last looked at. */
	__u64 since_cnt;
	__u64 since_ns;
	/* What its probes are hit by, and what that costs. */
	__u64 enter_cnt;  /* entries of allocating functions, nested ones included */
	__u64 free_cnt;   /* entries of freeing functions */
	__u64 return_cnt; /* returns of allocating functions */
	__u64 kept_cnt;   /* allocations kept by the sampler: their stacks were walked */
	__u64 run_ns; /* time within our programs, estimated by measuring one of COST_EVERY hits */
	__u32 flags;  /* IMAGE_* */
	__u32 pad;
	/* CPU time of its process, all threads, when it began (by an exec) and when it ended; 0: not known, or none. */
	__u64 begin_cpu_ns;
	__u64 end_cpu_ns;
	/* With config.ops: calls of the function asked for, and what is allocated within them. */
	__u64 op_cnt;
	__u64 op_alloc_cnt;
	__u64 op_bytes;
};
_Static_assert(sizeof(struct image) == 160, "image is 160 bytes");

#define IMAGE_NO_LIVE  1u /* its blocks are no longer tracked: too dear */
#define IMAGE_CLOSED   2u /* between windows: its events do not count */
#define IMAGE_OWN_MEAN 4u /* its sampling mean is not adapted to a rate of samples */

/* A prime: the pattern in which a program allocates and frees must not decide which hits are measured. */
#define COST_EVERY 61u

/*
 * The first config.image_max sites are the images' own: counts without a stack, where there is no
 * room for one or (config.totals) none is wanted.
 */
struct alloc_site {
	__u64 stack_hash;
	__u64 stack_check; /* a second, independent hash of the frames */
	__u32 frame_start; /* into the frame store */
	__u32 frame_cnt;
	__u32 image;
	__u16 fn;          /* struct probe.fn of the outermost allocator function */
	__u8 size_class;   /* size_class() of what was requested */
	__u8 stop;         /* how the walk ended: STAT_WALK_* - STAT_WALK_ROOT, or SITE_* */
	__u64 alloc_cnt;   /* weighted, fixed point */
	__u64 alloc_bytes; /* weighted */
	__u64 free_cnt;
	__u64 free_bytes;
	__u64 sample_cnt; /* events behind alloc_cnt */
	__u64 variance; /* sum of w(w-1) over them: the estimated variance of alloc_cnt, VARIANCE_ONE = 1 */
	__u64 free_variance; /* ... over those that were freed: what is left belongs to the count in use */
	__u64 pad;
};
_Static_assert(sizeof(struct alloc_site) == 96, "alloc_site is 96 bytes");

#define VARIANCE_SHIFT 10
#define VARIANCE_ONE   (1ull << VARIANCE_SHIFT)

/* Values of site.stop beyond the walk's own reasons. */
#define SITE_OVERFLOW   64u /* site table full */
#define SITE_STACK_LOST 65u /* stack store full or hash collision */
#define SITE_EVICTED    66u /* the sum of small sites that were given up to save memory (user space) */

struct site_key {
	__u64 stack_hash;
	__u32 image;
	__u16 fn;
	__u8 size_class;
	__u8 pad;
};
_Static_assert(sizeof(struct site_key) == 16, "site_key is 16 bytes");

struct live_key {
	__u64 addr;
	__u32 image;
	__u32 pad;
};
_Static_assert(sizeof(struct live_key) == 16, "live_key is 16 bytes");

struct live_value {
	__u64 weight; /* what the allocation added to its site, to be taken off again */
	__u64 bytes;
	__u32 site;
	__u32 pad;
};
_Static_assert(sizeof(struct live_value) == 24, "live_value is 24 bytes");

/*
 * Four classes to the power of two: sizes 0..7 are their own class, then 8, 10, 12, 14, 16, 20, 24, 28, 32 ...
 * are the lower bounds. A class is at most a quarter wide, narrow enough to treat its sizes as one.
 */
static inline __attribute__((unused)) __u8 size_class(__u64 bytes)
{
	__u32 log2 = 0, step;

	if (bytes < 8)
		return (__u8)bytes;
	for (step = 32; step; step >>= 1) {
		if (bytes >> (log2 + step))
			log2 += step;
	}
	return (__u8)(log2 * 4 - 4 + ((bytes >> (log2 - 2)) & 3));
}

/* That of the largest sizes; what a file calls a class beyond it is none. */
#define SIZE_CLASS_MAX 251u

/* The least size of a class. */
static inline __attribute__((unused)) __u64 size_class_bytes(__u8 class)
{
	__u32 log2 = (class + 4u) / 4;

	if (class < 8)
		return class;
	return class <= SIZE_CLASS_MAX ? (1ull << log2) + ((__u64)(class & 3) << (log2 - 2))
				       : ~0ull;
}

/* The largest one. */
static inline __attribute__((unused)) __u64 size_class_max_bytes(__u8 class)
{
	return class < SIZE_CLASS_MAX ? size_class_bytes(class + 1) - 1 : ~0ull;
}
