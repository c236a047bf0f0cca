/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a recording knows, as one plain struct: the raw counts, the frames they refer to, whose they are, and
 * (once resolved) what the frames are called. All that follows is a function of it alone and needs no privileges:
 * saved as .heaptap (collect/snapshot_file.h) it can be turned into any format later and elsewhere.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/alloc.h"
#include "abi/stats.h"
#include "abi/why.h"
#include "base/cleanup.h"
#include "base/intern.h"
#include "base/vec.h"

/* All strings are numbers in snapshot.strings. */
struct snapshot_image {
	uint32_t id; /* struct alloc_site.image */
	uint32_t tgid;
	uint32_t comm;
	uint32_t exe;      /* path as the process sees it, "" if it is not known */
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t end_ns;   /* 0: it lived to the end of the recording */
	uint32_t uid;
	uint32_t service; /* what its environment, its unit or its program's name says */
	uint32_t container, pod, unit; /* "" if it belongs to none */
	/*
	 * What a budget made uncertain (session/windows.h): variance of the image's count of allocations, for each of them,
	 * beyond that of its sites. The error is common to all, so each site has its share of the sum's.
	 */
	float variance_each;
};

struct snapshot_file {
	uint32_t id; /* FRAME_FILE() */
	uint32_t path;
	uint32_t build_id;  /* lower-case hex or "" */
	uint32_t has_lines; /* its frames came with source lines */
};

/*
 * An executable mapping of an image; see snapshot__sort_maps(). Those of image 0 are one per file, in an address space
 * of nobody's: for images that have no mappings (any more).
 */
struct snapshot_map {
	uint32_t image;
	uint32_t file; /* file id, 0: none */
	uint32_t name; /* without a file: "[vdso]", "" ... */
	uint32_t pad;
	uint64_t start, end, offset;
};

struct snapshot_line {
	uint32_t name; /* without parameters */
	uint32_t system_name;
	uint32_t path;
	uint32_t line; /* 0: unknown */
	uint32_t start_line;
	uint32_t flags; /* SNAPSHOT_LINE_* */
};

enum {
	SNAPSHOT_LINE_JUDGED = 1,   /* whether it is internal is known; else its names tell */
	SNAPSHOT_LINE_INTERNAL = 2, /* the allocator's own code (target/alloc_internal.h) */
};

/* The names of a frame, innermost inlined function first. Sorted by (frame, image) for look-ups. */
struct snapshot_symbol {
	uint64_t frame;
	uint32_t
		image; /* of anonymous frames: addresses mean something in one image only; else 0 */
	uint32_t line_start, line_cnt; /* in snapshot.lines */
	uint32_t
		lasting; /* of anonymous frames: what it is called when the image is gone; else 0 */
};

/* A source file, if they were asked for. */
struct snapshot_source {
	uint32_t path;
	uint32_t text;
	int64_t mtime_ns; /* since 1970 */
};

struct snapshot_fn {
	uint32_t id;   /* struct alloc_site.fn */
	uint32_t name; /* for the label alloc_fn */
};

/* A probed allocating function: file offsets [start, end). */
struct snapshot_range {
	uint32_t file; /* file id */
	uint32_t pad;
	uint64_t start, end;
};

/* What became of the blocks of a site; there is one for each site that any is known of, in their order. */
struct snapshot_story {
	uint32_t site; /* index in snapshot.sites, as in the structs below */
	uint32_t pad;
	struct why_site ended; /* blocks that were freed */
	uint64_t live_ages
		[WHY_AGE_CNT]; /* of those that were not, in processes that lived to the end */
	uint64_t
		live_grown; /* those of them that had been grown, and how often, from what, in all */
	uint64_t live_growths;
	uint64_t live_first_bytes;
};

/* A site of frees has no counts of its own. */
struct snapshot_pair {
	uint32_t alloc_site;
	uint32_t free_site;
	uint64_t free_cnt; /* weighted */
};

#define SNAPSHOT_TICKS_MAX 1024

/* What was in use at one of snapshot.ticks; in the order of ticks. Sites without an entry had nothing. */
struct snapshot_point {
	uint32_t tick; /* index in snapshot.ticks */
	uint32_t site;
	uint64_t objects; /* weighted */
	uint64_t bytes;
};

enum {
	SNAPSHOT_LIVE = 1, /* blocks were tracked until their free: the in-use numbers are true */
	SNAPSHOT_SAMPLED = 2,    /* not every allocation was kept */
	SNAPSHOT_INCOMPLETE = 4, /* the recording was cut off */
	SNAPSHOT_STORIES = 8,    /* life stories were kept */
	SNAPSHOT_AUTO = 16,      /* the mean was adapted */
};

/* What the recording itself took; 0: not known. */
struct snapshot_cost {
	uint64_t cpu_ns;   /* CPU time of the processes traced */
	uint64_t trace_ns; /* ... of this, what tracing took */
	uint64_t own_cpu_ns;
	uint64_t own_rss_bytes;
	uint64_t map_bytes; /* kernel memory */
};

struct snapshot {
	uint64_t time_ns; /* of the start, since 1970 */
	uint64_t duration_ns;
	uint64_t
		period_bytes; /* mean sampling interval, 1 if every allocation was kept; of an adapted one, the mean */
	uint32_t flags;     /* SNAPSHOT_* */
	uint32_t image_max; /* the first image_max sites are overflow sites */
	uint64_t stats[STAT_CNT];
	struct intern *strings;
	VEC(uint32_t)
	remarks; /* strings: what was done to keep to a budget, or "names: ...", "programs: ..." */
	VEC(uint32_t)
	remark_images; /* of each, the image it is about, or 0; none in a snapshot from a file */
	struct snapshot_cost cost;
	VEC(struct snapshot_image) images;
	VEC(struct snapshot_file) files;
	VEC(struct snapshot_map) maps;
	VEC(struct snapshot_fn) fns;
	VEC(struct snapshot_range) probed;
	VEC(struct alloc_site) sites; /* without unused ones; frame_start is into frames */
	VEC(uint64_t) frames;
	VEC(struct snapshot_symbol) symbols;
	VEC(struct snapshot_line) lines;
	VEC(struct snapshot_source) sources;
	/* with SNAPSHOT_STORIES: */
	VEC(struct snapshot_story) stories;
	VEC(struct snapshot_pair) pairs;
	VEC(uint64_t) ticks; /* CLOCK_MONOTONIC */
	VEC(struct snapshot_point) points;
};

/* @image 0: about all. 0 or -ENOMEM. */
int snapshot__remark(struct snapshot *snapshot, uint32_t image, const char *text);

struct snapshot *snapshot__new(void);
void snapshot__free(struct snapshot *snapshot);
DEFINE_CLEANUP(snapshot);

/* NULL if it is not there. */
const struct snapshot_image *snapshot__image(const struct snapshot *snapshot, uint32_t id);
const struct snapshot_file *snapshot__file(const struct snapshot *snapshot, uint32_t id);
/* Put the mappings into the order of look-ups: image, file, place in the file (without a file, in memory). */
void snapshot__sort_maps(struct snapshot *snapshot);
/* The image's mapping that has @frame's file offset, or NULL. */
const struct snapshot_map *snapshot__map(const struct snapshot *snapshot, uint32_t image,
					 uint64_t frame);
/* An address within a file that @image maps, as a frame of that file; any other frame as it is. */
uint64_t snapshot__file_frame(const struct snapshot *snapshot, uint32_t image, uint64_t frame);
const struct snapshot_symbol *snapshot__symbol(const struct snapshot *snapshot, uint32_t image,
					       uint64_t frame);
const char *snapshot__str(const struct snapshot *snapshot, uint32_t id);
/* Is what the site holds still to be counted as in use: was it tracked, does its process live? */
bool snapshot__site_is_live(const struct snapshot *snapshot, const struct alloc_site *site);
