// SPDX-License-Identifier: Apache-2.0
/*
 * Images that have ended give back what they hold: their sites at once, their blocks and their number later. Only
 * the image itself could free its blocks, so nobody follows a dead block to a site that has another image by now; but
 * before an image's number is given to another one, its blocks must be out of the live table. To find them the whole
 * table is read, which is done for many images at a time.
 *
 * Nothing is locked against BPF. No thread of an ended image runs, so nobody counts at its sites or looks them up;
 * the grace period is for programs that were preempted between their look-up and their last addition.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "kernel/map_walk.h"
#include "kernel/tracer_priv.h"

/* The images to be retired: a byte each. */
struct ended {
	struct tracer *tracer;
	uint8_t *is;
	size_t image_cnt;
	size_t cnt;
};

/* Images that wait for their number to be taken back: once there are as many as this part of all. */
#define DRAINED_SHARE 4

/* A drained image has no tgid: to readers of the array it is not there. */
static bool has_ended(const struct image *image, uint64_t now)
{
	return image->tgid && image->end_ns && now > image->end_ns + TRACER_GRACE_NS;
}

static bool is_drained(const struct image *image)
{
	return !image->tgid && image->end_ns;
}

static void find_ended(struct ended *ended)
{
	const struct image *images = tracer__images(ended->tracer, &ended->image_cnt);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	size_t i;

	for (i = 1; i < ended->image_cnt; i++) {
		ended->is[i] = has_ended(&images[i], now);
		ended->cnt += ended->is[i];
	}
}

size_t tracer__ended_cnt(const struct tracer *tracer)
{
	const struct image *images;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	size_t cnt, ended = 0, i;

	images = tracer__images(tracer, &cnt);
	for (i = 1; i < cnt; i++)
		ended += has_ended(&images[i], now);
	return ended;
}

void tracer__end_image(struct tracer *tracer, uint32_t image)
{
	struct image *info = mapped__at(&tracer->images, image);

	if (image < tracer->image_max)
		__atomic_store_n(&info->end_ns, clock_ns(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
}

size_t tracer__frame_max(const struct tracer *tracer)
{
	return tracer->frame_max;
}

size_t tracer__site_used(const struct tracer *tracer)
{
	return tracer__control(tracer)->site_used;
}

static bool is_ended(const struct ended *ended, uint32_t image)
{
	return image < ended->image_cnt && ended->is[image];
}

struct dead_blocks {
	const struct ended *ended;
	VEC(struct live_key) keys;
};

static int note_dead(const void *key, const void *value, void *ctx)
{
	const struct live_key *block = key;
	struct dead_blocks *dead = ctx;

	return is_ended(dead->ended, block->image) ? vec__push(&dead->keys, *block) : 0;
}

/* Blocks that nobody can free any more. */
static int drop_blocks(const struct ended *ended)
{
	struct dead_blocks dead = { .ended = ended };
	int fd = bpf_map__fd(ended->tracer->skel->maps.live);
	int err =
		map_walk(fd, sizeof(struct live_key), sizeof(struct live_value), note_dead, &dead);
	size_t i;

	for (i = 0; !err && i < dead.keys.cnt; i++)
		bpf_map_delete_elem(fd, &dead.keys.at[i]);
	vec__done(&dead.keys);
	return err;
}

static void retire_site(const struct ended *ended, uint32_t id, tracer_retire_fn fn, void *ctx)
{
	struct heaptap_bpf *skel = ended->tracer->skel;
	struct alloc_site *site = mapped__at(&ended->tracer->sites, id);
	struct site_key key = { .stack_hash = site->stack_hash,
				.image = site->image,
				.fn = site->fn,
				.size_class = site->size_class };

	if (site->alloc_cnt || site->free_cnt)
		fn(ctx, site);
	ended->tracer->sweep.retired_cnt++;
	ended->tracer->sweep.retired_frame_cnt += site->frame_cnt;
	bpf_map_delete_elem(bpf_map__fd(skel->maps.site_index), &key);
	memset(site, 0, sizeof(*site));
	bpf_map_update_elem(bpf_map__fd(skel->maps.free_sites), NULL, &id, 0);
}

static void retire_sites(const struct ended *ended, tracer_retire_fn fn, void *ctx)
{
	struct control *control = tracer__control(ended->tracer);
	const struct alloc_site *sites;
	size_t cnt, i;

	sites = tracer__sites(ended->tracer, &cnt);
	for (i = ended->tracer->image_max; i < cnt; i++) {
		if (!is_ended(ended, sites[i].image))
			continue;
		retire_site(ended, (uint32_t)i, fn, ctx);
		__atomic_fetch_sub(&control->site_used, 1, __ATOMIC_RELAXED);
	}
}

static void drain_image(const struct ended *ended, uint32_t id, tracer_retire_fn fn, void *ctx)
{
	struct alloc_site *overflow = mapped__at(&ended->tracer->sites, id);
	struct image *image = mapped__at(&ended->tracer->images, id);

	if (overflow->alloc_cnt || overflow->free_cnt) {
		overflow->image = id;
		overflow->stop = SITE_OVERFLOW;
		overflow->frame_cnt = 0;
		fn(ctx, overflow);
	}
	memset(overflow, 0, sizeof(*overflow));
	image->tgid = 0;
}

/* The numbers of drained images, for others. */
static int recycle_images(struct tracer *tracer)
{
	uint8_t *is __free_mem = calloc(tracer->image_max, 1);
	struct ended drained = { .tracer = tracer, .is = is };
	struct image *images = tracer->images.at;
	uint32_t i, map_gen;
	int err;

	if (!is)
		return -ENOMEM;
	tracer__images(tracer, &drained.image_cnt);
	for (i = 1; i < drained.image_cnt; i++) {
		is[i] = is_drained(&images[i]);
		drained.cnt += is[i];
	}
	if (drained.cnt < tracer->image_max / DRAINED_SHARE)
		return 0;
	err = tracer->live ? drop_blocks(&drained) : 0;
	if (err)
		return err;
	for (i = 1; i < drained.image_cnt; i++) {
		if (!is[i])
			continue;
		/* Cached rules are known by image and generation. */
		map_gen = images[i].map_gen + 1;
		memset(&images[i], 0, sizeof(images[i]));
		images[i].map_gen = map_gen;
		bpf_map_update_elem(bpf_map__fd(tracer->skel->maps.free_images), NULL, &i, 0);
	}
	return 0;
}

int tracer__retire(struct tracer *tracer, tracer_retire_fn fn,
		   void (*gone)(void *ctx, uint32_t image), void *ctx)
{
	uint8_t *is __free_mem = calloc(tracer->image_max, 1);
	struct ended ended = { .tracer = tracer, .is = is };
	struct image *images = tracer->images.at;
	uint32_t i;
	int err;

	if (!is)
		return -ENOMEM;
	find_ended(&ended);
	if (!ended.cnt)
		return tracer__sweep(tracer);
	retire_sites(&ended, fn, ctx);
	for (i = 1; i < ended.image_cnt; i++) {
		if (is_ended(&ended, images[i].parent))
			images[i].parent = IMAGE_NONE;
		if (!is[i])
			continue;
		drain_image(&ended, i, fn, ctx);
		gone(ctx, i);
	}
	err = recycle_images(tracer);
	return err ? err : tracer__sweep(tracer);
}
