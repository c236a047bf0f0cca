// SPDX-License-Identifier: Apache-2.0
#include "collect/capture_stories.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

struct stories {
	const struct site_numbers *numbers;
	struct snapshot *snapshot;
	struct site_numbers *story_of; /* index in snapshot.sites -> in snapshot.stories */
	uint64_t now_ns;
};

static uint32_t site_index(const struct site_numbers *numbers, uint32_t number)
{
	return number < numbers->cnt ? numbers->at[number] : CAPTURE_NO_SITE;
}

/* NULL: no memory. */
static struct snapshot_story *story_at(struct stories *s, uint32_t site)
{
	uint32_t *slot = &s->story_of->at[site];

	if (*slot == CAPTURE_NO_SITE) {
		if (vec__push(&s->snapshot->stories, (struct snapshot_story){ .site = site }))
			return NULL;
		*slot = (uint32_t)(s->snapshot->stories.cnt - 1);
	}
	return &s->snapshot->stories.at[*slot];
}

static int add_ended(struct stories *s, const struct tracer *tracer)
{
	static const struct why_site nothing;
	const struct why_site *whys;
	struct snapshot_story *story;
	size_t cnt, i;

	whys = tracer__why_sites(tracer, &cnt);
	for (i = 0; i < cnt; i++) {
		uint32_t site = site_index(s->numbers, (uint32_t)i);

		if (site == CAPTURE_NO_SITE || !memcmp(&whys[i], &nothing, sizeof(nothing)))
			continue;
		story = story_at(s, site);
		if (!story)
			return -ENOMEM;
		story->ended = whys[i];
	}
	return 0;
}

static int add_live(const struct live_key *key, const struct why_block *block, void *ctx)
{
	struct stories *s = ctx;
	uint32_t site = site_index(s->numbers, block->site);
	const struct snapshot_image *image = snapshot__image(s->snapshot, key->image);
	struct snapshot_story *story;

	if (site == CAPTURE_NO_SITE || (image && image->end_ns))
		return 0;
	story = story_at(s, site);
	if (!story)
		return -ENOMEM;
	story->live_ages[why_age_class(s->now_ns > block->born_ns ? s->now_ns - block->born_ns
								  : 0)] += block->weight;
	if (!block->growths)
		return 0;
	if (story->ended.end_max < block->bytes)
		story->ended.end_max = block->bytes;
	story->live_grown += block->weight;
	story->live_growths += block->growths * block->weight;
	story->live_first_bytes += (block->first_bytes * block->weight) >> WEIGHT_SHIFT;
	return 0;
}

static int add_pair(const struct why_pair *pair, uint64_t cnt, void *ctx)
{
	struct stories *s = ctx;
	struct snapshot_pair row = { site_index(s->numbers, pair->alloc_site),
				     site_index(s->numbers, pair->free_site), cnt };

	if (row.alloc_site == CAPTURE_NO_SITE || row.free_site == CAPTURE_NO_SITE || !cnt)
		return 0;
	return vec__push(&s->snapshot->pairs, row);
}

static int add_series(struct stories *s, const struct series *series)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < series->ticks.cnt; i++)
		err = vec__push(&s->snapshot->ticks, series->ticks.at[i]);
	for (i = 0; !err && i < series->points.cnt; i++) {
		const struct series_point *from = &series->points.at[i];
		uint32_t site = site_index(s->numbers, from->site);

		if (site != CAPTURE_NO_SITE && from->tick < series->ticks.cnt)
			err = vec__push(&s->snapshot->points,
					(struct snapshot_point){ from->tick, site, from->objects,
								 from->bytes });
	}
	return err;
}

int capture_stories(const struct capture *capture, const struct site_numbers *numbers,
		    struct snapshot *snapshot)
{
	struct site_numbers story_of __site_numbers = {};
	struct stories s = { .numbers = numbers,
			     .snapshot = snapshot,
			     .story_of = &story_of,
			     .now_ns = clock_ns(CLOCK_MONOTONIC) };
	int err;

	err = vec__reserve(&story_of, snapshot->sites.cnt);
	if (err)
		return err;
	if (story_of.at)
		memset(story_of.at, 0xff, snapshot->sites.cnt * sizeof(*story_of.at));
	story_of.cnt = snapshot->sites.cnt;
	err = add_ended(&s, capture->tracer);
	if (!err)
		err = tracer__walk_stories(capture->tracer, add_live, &s);
	if (!err)
		err = tracer__walk_pairs(capture->tracer, add_pair, &s);
	if (!err && capture->series)
		err = add_series(&s, capture->series);
	return err;
}
