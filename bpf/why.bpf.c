// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life stories of blocks: when and by whom they were asked for, how they grew, who freed them and
 * how old they were.
 *
 * They lie beside the live table and not in it, so that a recording that does not want them pays
 * nothing. A free walks its stack as an allocation does, and has a site of its own, with counts of
 * zero: user space then knows its function by name, however much was inlined, and can say who frees
 * whose blocks.
 */
#include "why.bpf.h"

#include <bpf/bpf_helpers.h>

#include "config.bpf.h"
#include "site.bpf.h"
#include "stats.bpf.h"
#include "walk.bpf.h"

#define ENOENT 2

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct live_key);
	__type(value, struct why_block);
} why_blocks SEC(".maps");

/* By the number of their site. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct why_site);
} why_sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct why_pair);
	__type(value, __u64);
} why_pairs SEC(".maps");

static struct why_site *site_at(__u32 id)
{
	return bpf_map_lookup_elem(&why_sites, &id);
}

static void story_go_on(struct why_site *site, struct call *call, struct why_block *story,
			__u64 addr)
{
	if (call->requested > story->bytes) {
		story->growths++;
		__sync_fetch_and_add(&site->grows, call->weight);
	} else {
		__sync_fetch_and_add(&site->resizes, call->weight);
	}
	if (addr != call->in_place) {
		__sync_fetch_and_add(&site->moves, call->weight);
		__sync_fetch_and_add(&site->moved_bytes,
				     (story->bytes * call->weight) >> WEIGHT_SHIFT);
	}
}

int why_born(struct call *call, __u64 addr)
{
	struct live_key key = { .addr = addr };
	struct why_block story;
	struct why_site *site;

	if (!call)
		return 0;
	site = site_at(call->site);
	if (!site)
		return 0;
	key.image = call->image;
	story = call->story;
	if (story.born_ns) {
		story_go_on(site, call, &story, addr);
	} else {
		story.born_ns = bpf_ktime_get_ns();
		story.first_bytes = call->requested;
		story.tid = bpf_get_current_pid_tgid();
		story.growths = 0;
	}
	story.bytes = call->requested;
	story.weight = call->weight;
	story.site = call->site;
	/* Two at once may leave the smaller one: the next puts it right. */
	if (site->requested_max < story.bytes)
		site->requested_max = story.bytes;
	if (bpf_map_update_elem(&why_blocks, &key, &story, BPF_ANY))
		stats_add(STAT_STORY_LOST, 1);
	return 0;
}

int why_take(__u32 image, __u64 addr, struct why_block *ret)
{
	struct live_key key = { .addr = addr, .image = image };
	struct why_block *story = bpf_map_lookup_elem(&why_blocks, &key);

	if (!story || !ret)
		return -ENOENT;
	*ret = *story;
	return bpf_map_delete_elem(&why_blocks, &key);
}

int why_put_back(__u32 image, __u64 addr, struct why_block *story)
{
	struct live_key key = { .addr = addr, .image = image };
	struct why_block copy;

	if (!story || !story->born_ns)
		return 0;
	copy = *story;
	if (bpf_map_update_elem(&why_blocks, &key, &copy, BPF_ANY))
		stats_add(STAT_STORY_LOST, 1);
	return 0;
}

static void story_end(const struct why_block *story, __u32 id, __u64 weight)
{
	struct why_site *site = site_at(id);
	__u64 now = bpf_ktime_get_ns();
	__u32 class = now > story->born_ns ? why_age_class(now - story->born_ns) : 0;

	if (!site)
		return;
	__sync_fetch_and_add(&site->ages[class & (WHY_AGE_CNT - 1)], weight);
	if (story->tid != (__u32)bpf_get_current_pid_tgid())
		__sync_fetch_and_add(&site->other_thread, weight);
	if (!story->growths)
		return;
	if (site->end_max < story->bytes)
		site->end_max = story->bytes;
	__sync_fetch_and_add(&site->grown_ends, weight);
	__sync_fetch_and_add(&site->end_growths, story->growths * weight);
	__sync_fetch_and_add(&site->end_first_bytes, (story->first_bytes * weight) >> WEIGHT_SHIFT);
}

static void pair_add(struct why_pair *pair, __u64 weight)
{
	__u64 *cnt = bpf_map_lookup_elem(&why_pairs, pair);

	if (!cnt) {
		__u64 zero = 0;

		bpf_map_update_elem(&why_pairs, pair, &zero, BPF_NOEXIST);
		cnt = bpf_map_lookup_elem(&why_pairs, pair);
	}
	if (cnt)
		__sync_fetch_and_add(cnt, weight);
	else
		stats_add(STAT_STORY_LOST, 1);
}

/* On its own, so that the story is off the stack when the walk begins. */
static __attribute__((noinline)) bool take_and_end(const struct why_end *end)
{
	struct why_block story;

	if (why_take(end->image, end->addr, &story))
		return false;
	story_end(&story, end->site, end->weight);
	return true;
}

int why_freed(struct why_end *end)
{
	struct why_pair pair;
	int slot;

	if (!end || !take_and_end(end))
		return 0;
	slot = walk_stack(end->image, end->sp, end->fp, end->lr);
	if (slot < 0)
		return 0;
	pair.alloc_site = end->site;
	pair.free_site = site_of(end->image, end->fn, 0, slot);
	walk_end(slot);
	pair_add(&pair, end->weight);
	return 0;
}

int why_dropped(struct call *call)
{
	if (call && call->story.born_ns)
		story_end(&call->story, call->old.site, call->old.weight);
	return 0;
}
