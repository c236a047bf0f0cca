/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What user space fixes before the BPF programs are loaded (.rodata), and what it flips while they run (.bss). */
#pragma once

#include "abi/types.h"

/* Who is traced, beyond the processes user space has put into the process map. */
#define SCOPE_LISTED   0u /* nobody */
#define SCOPE_CHILDREN 1u /* their children */
#define SCOPE_CGROUP   2u /* whoever is below config.cgroup_id */
#define SCOPE_ALL      3u

struct config {
	__u32 scope;        /* SCOPE_* */
	__u32 self_tgid;    /* the tracer: never traced */
	__u8 live;          /* track blocks until they are freed; 0: allocations alone */
	__u8 session;       /* one program serves entry and return (uprobe session) */
	__u8 lifetimes;     /* keep life stories (abi/why.h) */
	__u8 sampling;      /* means may be > 1 byte; 0: every allocation is kept */
	__u32 cgroup_is_v2; /* cgroup_id is of the unified tree; 0: of the v1 memory controller's */
	__u64 cgroup_id;    /* kernfs id of the cgroup */
	__u32 image_max;
	__u32 site_max;    /* entries of the site array, overflow sites (one per image) included */
	__u32 frame_max;   /* entries of the frame store */
	__u32 scratch_cnt; /* walker scratch slots */
	__u32 row_cnt;     /* entries of the row array */
	__u32 page_cnt;    /* entries of the page index */
	__u32 depth_max;   /* frames per stack, at most STACK_DEPTH_MAX */
	__u32 hold_tgid; /* held by SIGSTOP at each exec, until its new files are probed; SCOPE_CHILDREN: those that it starts as well, if their entry file is new; 0: nobody */
	__u64 mean_bytes; /* the sampling mean a process begins with */
	__u32 brake_cnt;  /* means adapt: by BPF itself once a process gave as many samples ... */
	__u32 brake_ns;   /* ... in less time than this; 0: means stay */
	__u8 totals;      /* no stacks: everything is counted at the images' own sites */
	__u8 ops;         /* a function's calls are counted too */
	__u8 page_shift;  /* of the kernel's pages */
	__u8 pad;
	__u32 hold_uid; /* whose processes user space may let go on; HOLD_ANY: everybody's */
};
#define HOLD_ANY (~0u)
_Static_assert(sizeof(struct config) == 80, "config is 80 bytes");

/*
 * Where a CPU begins to look for a free walker slot. How many there are in all bounds how many threads can be
 * preempted in the middle of a walk at one time before a stack is lost.
 */
#define SCRATCH_PER_CPU 4u
#define SCRATCH_MIN     256u

/* Shared counters and switches in .bss. */
struct control {
	__u32 active;     /* events count only while it is 1 */
	__u32 image_next; /* next free entry of the image array */
	__u32 site_next;
	__u32 frame_next;
	__u32 file_next; /* next file id */
	__u32 site_used; /* entries of the site array that hold something */
	__u64 frame_run; /* free frames being given out, first << 32 | end; from free_frames */
	__u32 frame_used;
	__u32 apart;   /* 1: probes with COOKIE_APART count; 0: those without */
	__u32 holds;   /* 1: who translates code is stopped until it has no breakpoints */
	__u32 unheard; /* 1: somebody waits of whom there was no room to tell */
};
_Static_assert(sizeof(struct control) == 48, "control is 48 bytes");

/* Runs of free frames that wait to be given out: the larger ones. */
#define FREE_FRAMES_MAX 4096u
