/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side as one object. Its life is a sequence of verbs:
 *
 *	open	sizes and modes are fixed, programs and maps are loaded; nothing is attached
 *	add_image, add_table, attach	in any order, any number of times
 *	activate	from this moment on events count
 *	deactivate	and from this one they do not
 *	free	detaches all; safe after any prefix of the above
 *
 * The arrays that BPF fills are mapped: sites, frames and images are read in place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/alloc.h"
#include "abi/notice.h"
#include "abi/probe.h"
#include "abi/stats.h"
#include "abi/unwind.h"
#include "abi/why.h"
#include "base/cleanup.h"

struct tracer;

enum tracer_backend {
	TRACER_BACKEND_AUTO, /* the best this kernel has */
	TRACER_BACKEND_SESSION,
	TRACER_BACKEND_MULTI,
	TRACER_BACKEND_PERF,
};
const char *tracer_backend_name(enum tracer_backend backend);

struct tracer_options {
	enum tracer_backend backend;
	uint32_t scope; /* SCOPE_* */
	pid_t hold_pid; /* a child of ours that is stopped at each exec; SIGCONT it after NOTICE_EXEC. 0: none */
	uint64_t
		cgroup_id; /* SCOPE_CGROUP: kernfs id, in the unified tree or the v1 memory controller's */
	bool cgroup_is_v2;
	bool live;      /* track blocks until their free */
	bool lifetimes; /* keep their life stories (abi/why.h); needs live */
	bool totals;    /* no stacks */
	bool ops;       /* attach_op() will be called */
	bool sampling;
	uint64_t mean_bytes;          /* what a process begins with */
	uint32_t brake_cnt, brake_ns; /* means that adapt, as in struct config */
	bool empty;                   /* programs that do nothing: what the traps alone cost */
	uint32_t image_max;
	uint32_t site_max;
	uint32_t frame_max; /* 8 bytes each */
	uint32_t live_max;
	uint32_t row_max;  /* unwind rows, 8 bytes each */
	uint32_t page_max; /* page index, 4 bytes per 4 KiB of code */
	uint32_t depth_max;
};

/* Tables just large enough to see whether the programs load: nothing can be recorded with them. */
struct tracer_options tracer_options_least(void);

/* Where a probe goes in its file. */
struct tracer_site {
	uint64_t offset;
	struct probe probe;
	const uint64_t *rets; /* PROBE_RET_SITES: its return instructions */
	size_t ret_cnt;
};

enum tracer_open_error {
	TRACER_OK,
	TRACER_NO_BTF,
	TRACER_NO_PRIVILEGE,
	TRACER_NO_UPROBES,
	TRACER_NO_MEMORY,   /* a map could not be made: options' sizes are too large */
	TRACER_LOAD_FAILED, /* the verifier said no; tracer_last_log() has its words */
};

/* 0 or -errno; @ret_why says which remedy applies. */
int tracer__open(const struct tracer_options *options, struct tracer **ret,
		 enum tracer_open_error *ret_why);
void tracer__free(struct tracer *tracer);
DEFINE_CLEANUP(tracer);
/* What libbpf and the verifier said last; for LOG_LEVEL_DEBUG and TRACER_LOAD_FAILED. */
const char *tracer_last_log(void);

enum tracer_backend tracer__backend(const struct tracer *tracer);

/* Trace process @tgid; 0, -ENOSPC if the image array is full, or -errno. @ret may be NULL. */
int tracer__add_image(struct tracer *tracer, pid_t tgid, const char *comm, uint32_t *ret);
/* Process @tgid is @image and not to be traced: no more of its events are counted. */
void tracer__dismiss(struct tracer *tracer, uint32_t image, pid_t tgid);
/* What begins in the file (@dev, @ino), as mappings show it, is no news (ENTRY_NEW) from now on; or is again. */
void tracer__know_entry(struct tracer *tracer, uint32_t dev, uint64_t ino);
void tracer__forget_entry(struct tracer *tracer, uint32_t dev, uint64_t ino);
/* @tgid, which is held, is to be held again when its libraries are mapped (PROCESS_WAITS), or not. */
void tracer__set_waits(struct tracer *tracer, pid_t tgid, bool waits);
/* @tgid goes on: BPF had stopped it (ENTRY_HELD). */
void tracer__let_go(struct tracer *tracer, pid_t tgid);
/* Of struct image.flags. */
void tracer__set_flags(struct tracer *tracer, uint32_t image, uint32_t flags);
void tracer__clear_flags(struct tracer *tracer, uint32_t image, uint32_t flags);
/* Does @site, number @id, count for @image? The first sites are the images' own, and have no image in them. */
static inline bool tracer_site_is_of(const struct alloc_site *site, size_t id, uint32_t image)
{
	return id == image || site->image == image;
}

/* Set an image's sampling mean, looked at @now_ns (CLOCK_MONOTONIC); takes effect with its next allocation. */
void tracer__set_mean(struct tracer *tracer, uint32_t image, uint64_t mean_bytes, uint64_t now_ns);

/*
 * Probe @cnt sites of the file behind @fd, the caller's number @file, in process @pid or (0) in all that map it: a file's
 * sites are the same each time. One probe per site is the caller's care. @on false: they are off until tracer__resume().
 * 0 or -errno, and then none of them is attached.
 */
int tracer__attach(struct tracer *tracer, int fd, uint32_t file, pid_t pid,
		   const struct tracer_site *sites, size_t cnt, bool on);
/*
 * Take the probes that were attached with @pid off, and put them on again; they are gone within a moment, and their
 * events with them no later than the next tracer__resume(). @live false: what allocates alone, whose blocks are not
 * tracked. 0 or -errno, and then they are off.
 */
void tracer__suspend(struct tracer *tracer, pid_t pid);
/* They are about to be put on, and off again soon: whatever takes long of that is done now. */
void tracer__make_ready(struct tracer *tracer, pid_t pid);
int tracer__resume(struct tracer *tracer, pid_t pid, bool live);
/* Have all that were taken off @pid gone? Else tracer__make_ready() and tracer__resume() wait, some tens of milliseconds. */
bool tracer__is_settled(struct tracer *tracer, pid_t pid);
/* All, of everybody. */
void tracer__wait_settled(struct tracer *tracer);
/* How many processes have probes of their own on the file of which most have; every hit there passes by all of them. */
size_t tracer__apart_cnt(const struct tracer *tracer);
/*
 * How many others have probes of their own on, on that file of @pid's of which most have; and how many of them returns and
 * frees, too.
 */
void tracer__neighbours(const struct tracer *tracer, pid_t pid, size_t *ret_all_cnt,
			size_t *ret_live_cnt);
/* Are there any, be they on or off? */
bool tracer__is_probed(const struct tracer *tracer, pid_t pid);
/* Take them off for good. */
void tracer__forget(struct tracer *tracer, pid_t pid);
/*
 * Beyond SCOPE_LISTED probes are attached with pid 0, for all. To take those of one process off, all are replaced by
 * probes process by process: attach them with their pids, which count nothing yet, then part; from then on they count
 * and the others are off. Unite is the way back; those with pids are forgotten. 0 or -errno, and then nothing has changed.
 */
bool tracer__can_part(const struct tracer *tracer);
void tracer__part(struct tracer *tracer);
int tracer__unite(struct tracer *tracer);
/* Take all of @image's blocks for freed: for one whose frees are not seen (IMAGE_NO_LIVE). 0 or -errno. */
int tracer__free_blocks(struct tracer *tracer, uint32_t image);
/* Add to what a site has counted, as BPF does. */
void tracer__add_to_site(struct tracer *tracer, uint32_t site, uint64_t cnt, uint64_t bytes,
			 uint64_t variance);
/* What a hit costs on this machine before our program runs, measured on ourselves; 0: it cannot be.
 */
uint64_t tracer__trap_ns(struct tracer *tracer);
/* Count the calls of the function at @entry, which returns at @rets (file offsets): options.ops. 0 or -errno. */
int tracer__attach_op(struct tracer *tracer, int fd, pid_t pid, uint64_t entry,
		      const uint64_t *rets, size_t ret_cnt);
/* Watch the loader's "list of libraries changed" function at @offset of @file. */
int tracer__attach_libs(struct tracer *tracer, int fd, uint32_t file, pid_t pid, uint64_t offset);
/* Watch no loader any more. */
void tracer__forget_libs(struct tracer *tracer);
/* Nobody maps @file any more: its probes go, and what they took is there for others. Waits until they are gone. */
void tracer__forget_file(struct tracer *tracer, uint32_t file);
/* Detach everything, keep all that was counted. */
void tracer__detach(struct tracer *tracer);

/*
 * Give the walker a file's table. Row and page numbers are relative to the table. -ENOSPC: the arrays are full, and
 * the file goes without. @row_cnt 0 says that the file has no CFI. @ret_id: the file's number in frames.
 */
int tracer__add_table(struct tracer *tracer, const struct unwind_file_key *key,
		      const struct unwind_row *rows, size_t row_cnt, const uint32_t *pages,
		      size_t page_cnt, uint32_t page_base, uint32_t *ret_id);
/* The file is not mapped any more: back with its table and number. Met again, it is a new file. */
void tracer__drop_table(struct tracer *tracer, const struct unwind_file_key *key);
/* Is there little room left for tables? */
bool tracer__tables_crowded(const struct tracer *tracer);

void tracer__activate(struct tracer *tracer);
/* Returns once no program that saw the switch on can still be running. */
void tracer__deactivate(struct tracer *tracer);

/* Call @fn for the notices there are by now, for a moment. 1: there are more, come again; 0 or -errno. */
typedef void (*tracer_notice_fn)(const struct notice *notice, void *ctx);
int tracer__poll(struct tracer *tracer, tracer_notice_fn fn, void *ctx);
/* To wait for notices in a poll loop of one's own. */
int tracer__notice_fd(const struct tracer *tracer);

/* Images that tracer__retire() would take back now. */
size_t tracer__ended_cnt(const struct tracer *tracer);
size_t tracer__frame_max(const struct tracer *tracer);
/* Frames and sites that are taken, of options.frame_max and site_max. */
size_t tracer__frame_used(const struct tracer *tracer);
size_t tracer__site_used(const struct tracer *tracer);
/* Are more than half of the frames taken, and many of them since images were last taken back? */
bool tracer__frames_crowded(const struct tracer *tracer);
/* Is there a lot that ended images have left behind? Then tracer__retire() should be called, and again a little later. */
bool tracer__sweep_due(const struct tracer *tracer);
/* What a site of an ended image has counted; gone after the call. Overflow sites say SITE_OVERFLOW. */
typedef void (*tracer_retire_fn)(void *ctx, const struct alloc_site *site);
/*
 * Take back the sites, blocks and numbers of the images that have ended, for others that come: @fn is called for
 * each site with counts, then @gone for each image. Frames of the sites stay where they are for now. 0 or -errno.
 */
int tracer__retire(struct tracer *tracer, tracer_retire_fn fn,
		   void (*gone)(void *ctx, uint32_t image), void *ctx);

/* Views of the mapped arrays, valid as long as the tracer; entries beyond the counts are unused. */
const struct alloc_site *tracer__sites(const struct tracer *tracer, size_t *ret_cnt);
const uint64_t *tracer__frames(const struct tracer *tracer, size_t *ret_cnt);
const struct image *tracer__images(const struct tracer *tracer, size_t *ret_cnt);
int tracer__stats(const struct tracer *tracer, uint64_t ret[STAT_CNT]);
/* Of those that BPF does not count. */
void tracer__add_stat(struct tracer *tracer, enum stat_id stat, uint64_t cnt);
/* By number of site, as many as there are sites. Empty without options.lifetimes, as are the next two. */
const struct why_site *tracer__why_sites(const struct tracer *tracer, size_t *ret_cnt);

/* @fn is called for each entry of the map; one that ends with another return value than 0 ends the walk with that. */
typedef int (*tracer_story_fn)(const struct live_key *key, const struct why_block *story,
			       void *ctx);
int tracer__walk_stories(const struct tracer *tracer, tracer_story_fn fn, void *ctx);
typedef int (*tracer_pair_fn)(const struct why_pair *pair, uint64_t cnt, void *ctx);
int tracer__walk_pairs(const struct tracer *tracer, tracer_pair_fn fn, void *ctx);

/* Kernel memory of all maps, as the kernel accounts it. */
uint64_t tracer__map_bytes(const struct tracer *tracer);
/* CPU time our programs took, if the kernel keeps run time statistics; else 0. */
uint64_t tracer__run_ns(const struct tracer *tracer, uint64_t *ret_run_cnt);
