// SPDX-License-Identifier: Apache-2.0
/*
 * Mark and sweep of the frame arena. Sites refer to runs of frames, and so does the index of stacks, by which BPF finds
 * the run of a stack that it has met before.
 *
 *	first look	stacks that no site refers to leave the index: nobody new finds their frames
 *	a while later	what was free at the first look and is no site's now can be given out
 *
 * In between, BPF may make sites of what it found before the first look; the second one sees them. Frames that BPF has
 * claimed meanwhile were not free at the first look. Runs that wait to be given out are passed over.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/stack.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "kernel/map_walk.h"
#include "kernel/tracer_priv.h"

/* Shorter ones are not worth a place in the queue; a sweep that finds them joined to others takes them. */
#define RUN_MIN 128u

size_t tracer__frame_used(const struct tracer *tracer)
{
	return tracer__control(tracer)->frame_used;
}

bool tracer__frames_crowded(const struct tracer *tracer)
{
	uint32_t used = tracer__control(tracer)->frame_used;

	return used > tracer->frame_max / 2 && used > tracer->sweep.used + tracer->frame_max / 16;
}

static bool look_is_old(const struct sweep *sweep)
{
	return sweep->free && clock_ns(CLOCK_MONOTONIC) > sweep->look_ns + TRACER_GRACE_NS;
}

/* Worth it: half of the arena is taken, or as many stacks are known as fit, and much of it can be of no use any more. */
bool tracer__sweep_due(const struct tracer *tracer)
{
	const struct sweep *sweep = &tracer->sweep;

	if (sweep->free)
		return look_is_old(sweep);
	return sweep->retired_cnt > (tracer->site_max - tracer->image_max) / 4 ||
	       (tracer__control(tracer)->frame_used > tracer->frame_max / 2 &&
		sweep->retired_frame_cnt > tracer->frame_max / 8);
}

static void mark(const struct tracer *tracer, uint8_t *free_frames, uint32_t first, uint32_t cnt)
{
	if (first < tracer->frame_max && cnt <= tracer->frame_max - first)
		memset(free_frames + first, 0, cnt);
}

static void mark_sites(const struct tracer *tracer, uint8_t *free_frames)
{
	const struct alloc_site *sites;
	size_t cnt, i;

	sites = tracer__sites(tracer, &cnt);
	for (i = 0; i < cnt; i++)
		mark(tracer, free_frames, sites[i].frame_start, sites[i].frame_cnt);
}

/* How many frames it has. */
static uint32_t mark_run(const struct tracer *tracer, uint8_t *free_frames, uint64_t run)
{
	uint32_t first = (uint32_t)(run >> 32), end = (uint32_t)run;

	if (first >= end)
		return 0;
	mark(tracer, free_frames, first, end - first);
	return end - first;
}

/* Runs that BPF has yet to begin: each is taken from the queue and put back. And the one that it is at. */
static uint32_t mark_waiting(const struct tracer *tracer, uint8_t *free_frames)
{
	int fd = bpf_map__fd(tracer->skel->maps.free_frames);
	uint32_t cnt = mark_run(tracer, free_frames, tracer__control(tracer)->frame_run), i;
	uint64_t run, first_seen = 0;

	for (i = 0; i < FREE_FRAMES_MAX && !bpf_map_lookup_and_delete_elem(fd, NULL, &run); i++) {
		bpf_map_update_elem(fd, NULL, &run, BPF_ANY);
		if (run == first_seen)
			break;
		first_seen = first_seen ? first_seen : run;
		cnt += mark_run(tracer, free_frames, run);
	}
	return cnt;
}

struct unused {
	const uint8_t *free_frames;
	uint32_t frame_max;
	VEC(uint64_t) hashes;
};

static int note_unused(const void *key, const void *value, void *ctx)
{
	const struct stack *stack = value;
	struct unused *unused = ctx;

	if (stack->frame_start >= unused->frame_max || !unused->free_frames[stack->frame_start])
		return 0;
	return vec__push(&unused->hashes, *(const uint64_t *)key);
}

/* Take stacks that no site refers to out of the index. */
static int forget_stacks(struct tracer *tracer, const uint8_t *free_frames)
{
	int fd = bpf_map__fd(tracer->skel->maps.stacks), err;
	struct unused unused = { .free_frames = free_frames, .frame_max = tracer->frame_max };
	size_t i;

	err = map_walk(fd, sizeof(uint64_t), sizeof(struct stack), note_unused, &unused);
	for (i = 0; !err && i < unused.hashes.cnt; i++)
		bpf_map_delete_elem(fd, &unused.hashes.at[i]);
	vec__done(&unused.hashes);
	return err;
}

static int first_look(struct tracer *tracer)
{
	uint8_t *free_frames __free_mem = malloc(tracer->frame_max);
	int err;

	if (!free_frames)
		return -ENOMEM;
	/* What is claimed from here on does not count as free, even if nobody refers to it yet. */
	memset(free_frames, 1, tracer->frame_max);
	if (tracer__control(tracer)->frame_next < tracer->frame_max)
		mark(tracer, free_frames, tracer__control(tracer)->frame_next,
		     tracer->frame_max - tracer__control(tracer)->frame_next);
	mark_waiting(tracer, free_frames);
	mark_sites(tracer, free_frames);
	err = forget_stacks(tracer, free_frames);
	if (err)
		return err;
	tracer->sweep = (struct sweep){ .free = TAKE_PTR(free_frames),
					.look_ns = clock_ns(CLOCK_MONOTONIC),
					.used = tracer->sweep.used };
	return 0;
}

/* How many frames are to be had again. */
static uint32_t give_out(const struct tracer *tracer, const uint8_t *free_frames)
{
	int fd = bpf_map__fd(tracer->skel->maps.free_frames);
	uint32_t i = 0, first, given = 0;
	uint64_t run;

	while (i < tracer->frame_max) {
		first = i;
		while (i < tracer->frame_max && free_frames[i])
			i++;
		run = (uint64_t)first << 32 | i;
		if (i - first >= RUN_MIN && !bpf_map_update_elem(fd, NULL, &run, 0))
			given += i - first;
		i += i == first;
	}
	return given;
}

int tracer__sweep(struct tracer *tracer)
{
	struct sweep *sweep = &tracer->sweep;
	uint8_t *free_frames __free_mem = NULL;
	uint32_t begun = tracer__control(tracer)->frame_next, left;

	sweep->used = tracer__control(tracer)->frame_used;
	if (!tracer__sweep_due(tracer))
		return 0;
	if (!sweep->free)
		return first_look(tracer);
	free_frames = TAKE_PTR(sweep->free);
	left = mark_waiting(tracer, free_frames);
	mark_sites(tracer, free_frames);
	left += give_out(tracer, free_frames);
	begun = begun < tracer->frame_max ? begun : tracer->frame_max;
	/* What is claimed just now is not counted: it is an estimate that must not drift. */
	__atomic_store_n(&tracer__control(tracer)->frame_used, begun > left ? begun - left : 0,
			 __ATOMIC_RELAXED);
	sweep->used = tracer__control(tracer)->frame_used;
	return 0;
}
