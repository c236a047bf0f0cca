/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "abi/stack.h"
#include "abi/types.h"

#define WALK_WINDOW_WORDS 256

/* A stack being walked; lives in a claimed scratch slot. */
struct walk {
	__u32 busy;
	__u32 frame_cnt;
	__u64 hash; /* of the frames; never 0 */
	__u64 check;
	__u32 image;
	__u32 stop; /* STAT_WALK_* - STAT_WALK_ROOT */
	__u64 pc, sp, fp;
	__u64 cache_key; /* of the address space: image and mapping generation */
	__u64 frame;     /* result of a look-up */
	__u32 rule;
	__u32 exact; /* pc is no return address: look it up as it is */
	__u64 until; /* stop once past this address; 0: at the root */
	__u64 window_base;
	__u64 window_bytes;
	__u64 window[WALK_WINDOW_WORDS];
	__u64 frames[STACK_DEPTH_MAX];
};

/*
 * Walk the current user stack from the first instruction of a function, whose frame is left out: frames[0] is its
 * caller. Its scratch slot, to be given back with walk_end(), or -1 (counted) if none is free.
 */
int walk_stack(__u32 image, __u64 sp, __u64 fp);
int walk_end(__u32 slot);
/* Is there, up the current stack, a frame whose return address is at @slot? True as well if the walk ends before: then
 * nothing speaks against it. */
int walk_reaches(__u32 image, __u64 sp, __u64 fp, __u64 slot);
struct walk *walk_at(__u32 slot);

/* The return address at @sp, or what a return probe has displaced from there: another tracer's, too. */
__u64 walk_return_address(__u64 sp);

/* The address return probes put in place of return addresses, 0 if the process has none. */
__u64 walk_trampoline(void);
