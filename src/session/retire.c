// SPDX-License-Identifier: Apache-2.0
/* Processes that have ended make room for those that come. */
#include <errno.h>
#include <math.h>

#include "abi/stack.h"
#include "base/hashmap.h"
#include "session/recording.h"

struct retiring {
	struct recording *rec;
	struct hashmap *groups; /* image -> its group in the tally, or UNWANTED */
	const struct image *images;
	const uint64_t *frames;
	size_t frame_cnt;
	int err;
};

#define UNWANTED UINT64_MAX

static int group_of(struct retiring *retiring, uint32_t image, uint64_t *ret)
{
	const struct process_info *info = process_table__info(retiring->rec->processes, image);
	uint32_t group;
	int err;

	if (hashmap__get(retiring->groups, image, ret))
		return 0;
	*ret = UNWANTED;
	if (recording__wants(retiring->rec, image)) {
		err = tally__group(retiring->rec->tally, &retiring->images[image], info, &group);
		if (err)
			return err;
		*ret = group;
	}
	return hashmap__set(retiring->groups, image, *ret);
}

/* The governor forgets whom the error was of. As much of it as a word holds is a lot. */
static uint64_t scale_variance(const struct governor *governor, const struct alloc_site *site)
{
	double cnt = (double)site->alloc_cnt / WEIGHT_ONE;

	return (uint64_t)fmin(governor__variance_each(governor, site->image) * cnt * VARIANCE_ONE,
			      0x1p60);
}

static void on_site(void *ctx, const struct alloc_site *site)
{
	struct retiring *retiring = ctx;
	const uint64_t *from = retiring->frames + site->frame_start;
	uint64_t frames[STACK_DEPTH_MAX], group;
	struct alloc_site sum = *site;
	uint32_t i;
	int err;

	if (site->frame_cnt > retiring->frame_cnt || site->frame_cnt > STACK_DEPTH_MAX ||
	    site->frame_start > retiring->frame_cnt - site->frame_cnt)
		return;
	for (i = 0; i < site->frame_cnt; i++)
		frames[i] = resolver__lasting(retiring->rec->resolver, site->image, from[i]);
	sum.variance += scale_variance(retiring->rec->governor, site);
	err = group_of(retiring, site->image, &group);
	if (!err && group != UNWANTED)
		err = tally__add(retiring->rec->tally, (uint32_t)group, &sum, frames);
	if (err)
		retiring->err = err;
}

static void on_image(void *ctx, uint32_t image)
{
	struct retiring *retiring = ctx;

	process_table__forget(retiring->rec->processes, image);
	resolver__forget_image(retiring->rec->resolver, image);
}

int recording__retire(struct recording *rec)
{
	struct hashmap *groups __free(hashmap) = hashmap__new();
	struct retiring retiring = { .rec = rec, .groups = groups };
	size_t cnt;
	int err;

	if (!groups)
		return -ENOMEM;
	/* What was counted in windows, before it is gone. */
	governor__close(rec->governor, rec->tracer, false);
	retiring.images = tracer__images(rec->tracer, &cnt);
	retiring.frames = tracer__frames(rec->tracer, &retiring.frame_cnt);
	err = tracer__retire(rec->tracer, on_site, on_image, &retiring);
	return err ? err : retiring.err;
}

/*
 * Ended processes are kept apart, each with its number, as long as there is room: a recording of a few shows them one
 * by one. Past half of the sites or frames or an eighth of the images they are taken together.
 */
bool recording__is_crowded(const struct recording *rec)
{
	size_t ended = tracer__ended_cnt(rec->tracer);

	/* Life stories refer to sites by number. */
	if (rec->config->lifetimes)
		return false;
	return ended > rec->image_max / 8 || tracer__sweep_due(rec->tracer) ||
	       (ended && (tracer__site_used(rec->tracer) > rec->site_max / 2 ||
			  tracer__frames_crowded(rec->tracer)));
}
