/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "abi/stack.h"
#include "abi/types.h"
#include "mapping.bpf.h"
#include "unwind_regs.h"

#define WALK_WINDOW_WORDS 256

/* A stack being walked; lives in a claimed scratch slot. */
struct walk {
	__u32 busy;
	__u32 frame_cnt;
	__u64 hash; /* of the frames; never 0 */
	__u64 check;
	__u32 image;
	__u32 stop; /* STAT_WALK_* - STAT_WALK_ROOT */
	struct unwind_regs regs;
	__u64 cache_key; /* of the address space: image and mapping generation */
	__u64 frame;     /* result of a look-up */
	__u32 rule;
	__u32 exact; /* pc is no return address: look it up as it is */
	struct mapping mapping;
	__u64 until; /* stop once past this address; 0: at the root */
	__u64 window_base;
	__u64 window_bytes;
	__u64 window[WALK_WINDOW_WORDS];
	__u64 frames[STACK_DEPTH_MAX];
};

/*
 * Walk the current user stack from the first instruction of a function, whose frame is left out: frames[0] is its
 * caller. @lr: the return address where a register holds it, else 0 (ARCH_LR). Its scratch slot, to be given back with
 * walk_end(), or -1 (counted) if none is free.
 */
int walk_stack(__u32 image, __u64 sp, __u64 fp, __u64 lr);
int walk_end(__u32 slot);
struct walk *walk_at(__u32 slot);

/*
 * Up the current stack, the function that was entered with the stack pointer @entry_sp: its return address as it
 * stands. 0: there is no such function. WALK_UNKNOWN: the walk ends before, so that nothing speaks against it.
 */
#define WALK_UNKNOWN (~0ull)
__u64 walk_return_of(__u32 image, __u64 sp, __u64 fp, __u64 lr, __u64 entry_sp);

/* The return address of the function that has just been entered, or what a return probe has displaced from there:
 * another tracer's, too. */
__u64 walk_return_address(__u64 sp, __u64 lr);

/* The address return probes put in place of return addresses, 0 if the process has none. */
__u64 walk_trampoline(void);
