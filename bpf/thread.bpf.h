/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "abi/alloc.h"
#include "abi/why.h"

/* An allocator call between its entry and its return. */
struct call {
	__u64 sp;    /* at its entry; 0: no call in progress */
	__u64 bytes; /* weighted */
	__u64 weight;
	__u64 requested; /* bytes as asked for */
	__u64 out;       /* posix_memalign: where the pointer will be */
	__u32 site;
	__u32 image;
	__u32 flags;  /* PROBE_* */
	__u8 kept;    /* the sampler took it */
	__u8 unknown; /* realloc of a block from before tracing */
	__u8 in_op;   /* within a call of the function asked for */
	__u8 pad[5];
	__u64 ra;       /* PROBE_RET_SITES: the return address */
	__u64 in_place; /* the old pointer, for calls that never move the block */
	__u64 old_addr; /* realloc: the block taken out of the live table, or 0 */
	struct live_value old;
	struct why_block story; /* config.lifetimes: the old block's */
};

/* A free about to run. */
struct why_end {
	__u64 addr;
	__u64 sp, fp, lr; /* at its entry */
	__u64 weight;
	__u32 image;
	__u32 site; /* of the allocation */
	__u32 fn;   /* the freeing function */
	__u32 pad;
};

struct thread {
	struct call call;
	/* The last call that may end in a jump to another allocator function. */
	__u64 tail_sp;
	__u64 tail_ra;
	__u64 tail_bytes;
	__u32 tail_fn;
	__u32 pad;
	/* The last block freed, so that a wrapper's inner free is not taken for an unknown one. */
	__u64 freed_addr;
	__u64 freed_sp;
	/* config.ops: the stack pointer at the entry of the function asked for, if it is running; or 0. */
	__u64 op_sp;
	__u64 op_ra;
	struct why_end end; /* config.lifetimes: off the stack, which has no room for it */
};

/* The current thread's state, zeroed at first use; NULL (counted) if there is no memory for it. */
struct thread *thread_current(void);
/* The current thread has another program from now on: nothing that was in progress is. */
void thread_reset(void);
