// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sites live in one array that user space maps and reads in place; a hash finds them. A number stays valid as long
 * as its image lives, so a block can carry it; user space takes the sites of ended images back (free_sites).
 *
 * Stacks are stored once per distinct hash, in one arena of frames; user space finds out which of them no site refers to
 * any more, and gives their room out again (free_frames). A stack that finds no room is counted at a
 * site of the same image and function whose name says so; a site that finds no room at the image's overflow
 * site. Totals stay exact in both cases.
 */
#include "site.bpf.h"

#include <bpf/bpf_helpers.h>

#include "abi/stack.h"
#include "config.bpf.h"
#include "sample.h"
#include "stats.bpf.h"
#include "walk.bpf.h"

#define EEXIST 17

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct alloc_site);
} sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct site_key);
	__type(value, __u32);
} site_index SEC(".maps");

/* Empty entries of sites, to be given out once the array has no others. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, __u32);
} free_sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct stack);
} stacks SEC(".maps");

/* Runs of frames that nobody uses, first << 32 | end, to be given out once the arena has no others. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, FREE_FRAMES_MAX);
	__type(value, __u64);
} free_frames SEC(".maps");

struct copy {
	struct walk *walk;
	__u32 start;
	__u32 cnt;
};

static long copy_frame(__u32 i, void *ctx)
{
	struct copy *copy = ctx;
	struct walk *walk = copy->walk;
	__u32 to = copy->start + i;
	__u64 *slot;

	if (i >= copy->cnt || i >= STACK_DEPTH_MAX)
		return 1;
	slot = bpf_map_lookup_elem(&frames, &to);
	if (!slot)
		return 1;
	*slot = walk->frames[i & (STACK_DEPTH_MAX - 1)];
	return 0;
}

/*
 * Room for @cnt frames; frame_max if there is none. Only what fits is claimed: a full arena must not make the next, smaller
 * stack fail for ever. Of two CPUs that begin a run at once one leaves the rest of its own behind, for user space to find.
 */
static __u32 frames_claim(__u32 cnt)
{
	__u64 run;
	__u32 first;
	int i;

	if (control.frame_next + cnt <= config.frame_max) {
		first = __sync_fetch_and_add(&control.frame_next, cnt);
		if (first + cnt <= config.frame_max)
			return first;
	}
	for (i = 0; i < 4; i++) {
		run = control.frame_run;
		if ((__u32)(run >> 32) + cnt <= (__u32)run) {
			run = __sync_fetch_and_add(&control.frame_run, (__u64)cnt << 32);
			if ((__u32)(run >> 32) + cnt <= (__u32)run)
				return run >> 32;
		}
		if (bpf_map_pop_elem(&free_frames, &run))
			break;
		control.frame_run = run;
	}
	return config.frame_max;
}

/* Store @walk's frames unless they are. 0, or the reason (a STAT_*) why they cannot be. */
static int stack_store(struct walk *walk, struct stack *ret)
{
	__u64 hash = walk->hash;
	struct stack *known = bpf_map_lookup_elem(&stacks, &hash);
	struct copy copy;
	struct stack fresh = {};

	if (known) {
		*ret = *known;
		return known->check == walk->check ? 0 : STAT_STACK_COLLISION;
	}
	fresh.check = walk->check;
	fresh.frame_cnt = walk->frame_cnt;
	fresh.frame_start = frames_claim(fresh.frame_cnt);
	if (fresh.frame_start + fresh.frame_cnt > config.frame_max)
		return STAT_STACK_FULL;
	__sync_fetch_and_add(&control.frame_used, fresh.frame_cnt);
	copy.walk = walk;
	copy.start = fresh.frame_start;
	copy.cnt = fresh.frame_cnt;
	bpf_loop(STACK_DEPTH_MAX, copy_frame, &copy, 0);
	if (bpf_map_update_elem(&stacks, &hash, &fresh, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&stacks, &hash);
		if (!known)
			return STAT_STACK_FULL;
		*ret = *known;
		return known->check == walk->check ? 0 : STAT_STACK_COLLISION;
	}
	*ret = fresh;
	return 0;
}

/* The image's site for what finds no other. */
static __u32 site_overflow(__u32 image)
{
	return image < config.image_max ? image : 0;
}

/* A free entry of the array; site_max if there is none. */
static __u32 site_claim(void)
{
	__u32 id = config.site_max;

	if (control.site_next < config.site_max)
		id = __sync_fetch_and_add(&control.site_next, 1);
	if (id >= config.site_max && bpf_map_pop_elem(&free_sites, &id))
		return config.site_max;
	__sync_fetch_and_add(&control.site_used, 1);
	return id;
}

/* Fill a free entry of the array and publish it under @key. */
static __u32 site_new(struct site_key *key, const struct stack *stack, __u8 stop)
{
	__u32 id, *winner;
	struct alloc_site *site;

	id = site_claim();
	site = bpf_map_lookup_elem(&sites, &id);
	if (!site)
		goto full;
	site->stack_hash = key->stack_hash;
	site->stack_check = stack->check;
	site->frame_start = stack->frame_start;
	site->frame_cnt = stack->frame_cnt;
	site->image = key->image;
	site->fn = key->fn;
	site->size_class = key->size_class;
	site->stop = stop;
	if (!bpf_map_update_elem(&site_index, key, &id, BPF_NOEXIST))
		return id;
	/* Another CPU was faster: this entry stays empty. */
	winner = bpf_map_lookup_elem(&site_index, key);
	if (winner)
		return *winner;
full:
	return site_overflow(key->image);
}

__u32 site_lost(__u32 image, __u32 fn, __u32 size_class, __u32 stop)
{
	struct site_key key = {
		.stack_hash = stop, .image = image, .fn = fn, .size_class = size_class
	};
	struct stack none = {};
	__u32 *id = bpf_map_lookup_elem(&site_index, &key);

	return id ? *id : site_new(&key, &none, stop);
}

__u32 site_of(__u32 image, __u32 fn, __u32 size_class, __u32 slot)
{
	struct site_key key = { .image = image, .fn = fn, .size_class = size_class };
	struct walk *walk = walk_at(slot);
	struct stack stack = {};
	struct alloc_site *site;
	__u32 *id;
	int lost;

	if (!walk)
		return site_lost(image, fn, size_class, SITE_STACK_LOST);
	key.stack_hash = walk->hash;
	id = bpf_map_lookup_elem(&site_index, &key);
	if (id) {
		site = bpf_map_lookup_elem(&sites, id);
		if (site && site->stack_check == walk->check)
			return *id;
	}
	lost = stack_store(walk, &stack);
	if (!lost)
		return site_new(&key, &stack, walk->stop);
	stats_add(lost, 1);
	return site_lost(image, fn, size_class, SITE_STACK_LOST);
}

int site_allocated(__u32 id, __u64 weight, __u64 bytes)
{
	struct alloc_site *site = bpf_map_lookup_elem(&sites, &id);

	if (!site)
		return 0;
	if (id < config.image_max && !config.totals)
		stats_add(STAT_SITE_FULL, 1);
	__sync_fetch_and_add(&site->alloc_cnt, weight);
	__sync_fetch_and_add(&site->alloc_bytes, bytes);
	if (!config.sampling)
		return 0;
	__sync_fetch_and_add(&site->sample_cnt, 1);
	__sync_fetch_and_add(&site->variance, sample_variance(weight));
	return 0;
}

int site_freed(__u32 id, __u64 weight, __u64 bytes)
{
	struct alloc_site *site = bpf_map_lookup_elem(&sites, &id);

	if (!site)
		return 0;
	__sync_fetch_and_add(&site->free_cnt, weight);
	__sync_fetch_and_add(&site->free_bytes, bytes);
	if (config.sampling)
		__sync_fetch_and_add(&site->free_variance, sample_variance(weight));
	return 0;
}
