/* SPDX-License-Identifier: Apache-2.0 */
/* What tracer.c shares with the other files that make up the tracer. Private to kernel/. */
#pragma once

#include <bpf/libbpf.h>

#include "abi/config.h"
#include "base/extents.h"
#include "base/vec.h"
#include "kernel/closer.h"
#include "kernel/mapped.h"
#include "kernel/probe_links.h"
#include "kernel/tracer.h"

#include "heaptap.skel.h"

/* Sites of one kind go by one link. */
enum site_kind {
	KIND_FREE,
	KIND_RET,   /* return instructions of throwing functions */
	KIND_ENTER, /* entries whose return is not probed, or by KIND_RET */
	KIND_CALL,  /* entry and return */
	KIND_CNT
};

struct site_list {
	VEC(uint64_t) offsets;
	VEC(uint64_t) cookies;
};

/* What the BPF side knows of a file's probes. */
struct numbered_probe {
	struct probe probe;
	uint32_t number;
};

struct file_probes {
	uint32_t file; /* the caller's number */
	VEC(struct numbered_probe) all;
	size_t apart_cnt; /* groups of one process each */
};

/* The probes of one file, in one process or everywhere. They can be taken off and put on again. */
struct attach_group {
	uint32_t file;
	struct site_list lists[KIND_CNT];
	struct probe_links links;
	bool live; /* returns and frees, too, when it was last put on */
};

/* A probe on what is no allocator (hooks.c). */
struct hook {
	uint32_t file; /* the caller's number, or: none that could be forgotten */
#define HOOK_NO_FILE UINT32_MAX
	struct probe_links links;
};

/*
 * Frames that no site refers to any more (tracer_sweep.c): a first look takes their stacks out of the index, a second one,
 * when nobody can have found them before, gives the room out again.
 */
struct sweep {
	uint8_t *
		free; /* of each frame: nobody referred to it at the first look; NULL: there was none */
	uint64_t look_ns;
	uint32_t used;        /* frames, when images were last taken back */
	uint64_t retired_cnt; /* sites taken back since the last sweep, and their frames */
	uint64_t retired_frame_cnt;
};

struct tracer {
	struct heaptap_bpf *skel;
	enum tracer_backend backend;
	bool listed; /* SCOPE_LISTED: there are no probes but those in one process */
	bool live;
	bool lifetimes;
	bool empty;
	bool is_guarded; /* guard.h */
	struct mapped sites, frames, images, rows, pages, why_sites;
	struct sweep sweep;
	uint32_t image_max, site_max, frame_max;
	struct extents row_room, page_room;
	uint32_t probe_used;
	VEC(uint32_t) probes_free; /* numbers below probe_used that nobody has any more */
	int cpu_cnt;
	VEC(struct file_probes) file_probes;
	VEC(struct attach_group) groups; /* of allocator probes */
	VEC(struct hook) hooks;
	struct closer closer;
	struct bpf_link *fork, *exec, *exit;
	struct ring_buffer *ring;
	VEC(struct notice) heard; /* read from it, and not told yet */
};

static inline struct control *tracer__control(const struct tracer *tracer)
{
	return &tracer->skel->bss->control;
}

/* A program that is preempted may be as late as this. */
#define TRACER_GRACE_NS 100000000ull

/* Take the probes off and forget them: all, or those on @file (attach.c, hooks.c). */
void tracer__drop_groups(struct tracer *tracer);
void tracer__drop_hooks(struct tracer *tracer);
void tracer__forget_hooks(struct tracer *tracer, uint32_t file);
void tracer__forget_hooks_of(struct tracer *tracer, pid_t pid);

/* Which parts of the arrays are free (tracer_tables.c). */
int tracer__init_tables(struct tracer *tracer);
void tracer__done_tables(struct tracer *tracer);

/* What BPF says at once (tracer_notices.c). 0 or -errno. */
int tracer__init_notices(struct tracer *tracer);
void tracer__done_notices(struct tracer *tracer);

/* No more of the image's events will be counted: it can be taken back. */
void tracer__end_image(struct tracer *tracer, uint32_t image);

/* Look if it is time to. 0 or -errno. */
int tracer__sweep(struct tracer *tracer);
