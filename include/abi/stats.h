/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Every event that is counted in another way than "at its site" has a counter here: id, class, name, meaning.
 * BPF, the closing ledger, the profile's comments and the docs all read this one list.
 *
 * Classes: EVENT (what happened), LOSS (the profile is incomplete by this much), NOTE (worth knowing, nothing
 * is missing), WALK (how stack walks ended).
 */
#pragma once

#define STATS(X)                                                                                   \
	X(EVENT_ALLOC, EVENT, "allocations", "calls of allocating functions that were kept")       \
	X(EVENT_FREE, EVENT, "frees", "calls of freeing functions with a block")                   \
	X(ALLOC_FAILED, NOTE, "failed allocations", "calls that returned no memory; not counted")  \
	X(ALLOC_DECLINED, NOTE, "unsampled allocations", "seen, not kept by the sampler")          \
	X(ALLOC_NESTED, NOTE, "nested calls", "allocator functions called by allocator functions") \
	X(FREE_UNKNOWN, NOTE, "frees of unknown blocks",                                           \
	  "blocks from before tracing, or inherited over fork")                                    \
	X(FREE_MISSED, LOSS, "frees missed",                                                       \
	  "an address was handed out again though its free was never seen")                        \
	X(RETURN_MISSED, LOSS, "returns missed",                                                   \
	  "calls that never returned (longjmp, thread exit) or whose return was not seen")         \
	X(LIVE_FULL, LOSS, "live table full", "blocks allocated but not tracked until their free") \
	X(LIVE_UNTRACKED, LOSS, "blocks not tracked",                                              \
	  "of throwing functions whose returns could not be found")                                \
	X(SITE_FULL, LOSS, "site table full", "allocations counted without a stack")               \
	X(STACK_FULL, LOSS, "stack store full", "new stacks stored as [stack lost]")               \
	X(STACK_COLLISION, LOSS, "stack hash collisions", "stacks stored as [stack lost]")         \
	X(THREAD_STATE, LOSS, "thread state lost", "no memory for a thread's call state")          \
	X(IMAGE_FULL, LOSS, "process table full", "events of processes that found no room")        \
	X(NOTICE_LOST, LOSS, "notices lost", "exec, exit or mapping notices that found no room")   \
	X(ARG_FAULT, LOSS, "arguments unreadable", "a pointer result could not be read")           \
	X(WALK_ROOT, WALK, "complete stacks", "the walk reached the root")                         \
	X(WALK_NO_SCRATCH, WALK, "no scratch slot", "all walker slots were claimed")               \
	X(WALK_NO_MAPPING, WALK, "no mapping", "a return address outside any executable mapping")  \
	X(WALK_NO_ROW, WALK, "no unwind row", "no CFI there and no valid frame pointer")           \
	X(WALK_BAD_READ, WALK, "stack unreadable", "a stack word could not be read")               \
	X(WALK_NOT_MONOTONIC, WALK, "not monotonic", "the stack pointer did not move up")          \
	X(WALK_TOO_DEEP, WALK, "too deep", "cut at the depth limit")                               \
	X(WALK_VMA_BUSY, WALK, "mappings busy", "the address space was locked by another thread")  \
	X(FRAME_NO_TABLE, NOTE, "frames before their table",                                       \
	  "frames in files whose unwind table was not loaded yet")                                 \
	X(FRAME_FP_GUESS, NOTE, "frames by frame pointer", "frames where no CFI covers the code")  \
	X(RULE_MISS, NOTE, "rule cache misses", "look-ups of mapping and row")                     \
	X(STORY_LOST, LOSS, "life stories lost", "blocks or frees that `why` found no room for")   \
	X(HIT_OTHERS, NOTE, "hits of others", "of shared probes, in processes that are left out")  \
	X(LATE_PROGRAM, LOSS, "programs ran without probes",                                       \
	  "of files that nobody had run before, or where each process needs probes of its own")    \
	X(LATE_ENDED, NOTE, "programs ended without probes", "of those that began without them")   \
	X(LATE_US, NOTE, "microseconds without probes", "of programs that began without them")

enum stat_id {
#define STAT_ID(id, ...) STAT_##id,
	STATS(STAT_ID)
#undef STAT_ID
		STAT_CNT
};
