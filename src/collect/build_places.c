// SPDX-License-Identifier: Apache-2.0
#include "collect/build_places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "collect/spot.h"

_Static_assert(PLACE_AGE_CNT == WHY_AGE_CNT, "classes of ages are BPF's");

#define NO_PLACE UINT32_MAX

struct builder {
	const struct snapshot *snapshot;
	struct places *places;
	struct hashmap *by_spot;  /* hash of a spot -> index of its place + 1 */
	struct hashmap *freers;   /* hash of (place, spot of a free) -> frees, weighted */
	struct hashmap *meetings; /* hash of (place, function) -> frees, weighted */
	uint32_t *place_of;       /* by site */
	uint64_t *end_ns; /* by place: when its last process ended, UINT64_MAX if one lives */
};

static double whole(uint64_t weighted)
{
	return (double)weighted / (double)WEIGHT_ONE;
}

static int copy_spot(struct builder *b, const struct spot *from, struct place_spot *ret)
{
	struct intern *strings = b->places->strings;
	struct place_spot spot = { .line = from->line };
	int err = intern__add(strings, from->function, &spot.function);

	if (!err)
		err = intern__add(strings, from->file, &spot.file);
	if (!err)
		err = intern__add(strings, from->via, &spot.via);
	if (!err)
		*ret = spot;
	return err;
}

static uint64_t spot_key(const struct spot *spot)
{
	return spot->chain_cnt ? hash_combine(spot->chain[0], spot->line) : 1;
}

static int place_at(struct builder *b, const struct spot *spot, uint32_t *ret)
{
	uint64_t *slot = hashmap__slot(b->by_spot, spot_key(spot), 0, NULL);
	struct place place = {};
	int err;

	if (!slot)
		return -ENOMEM;
	if (!*slot) {
		err = copy_spot(b, spot, &place.spot);
		if (!err)
			err = intern__add(b->places->strings, spot->alloc_fn, &place.alloc_fn);
		if (!err)
			err = vec__push(&b->places->rows, place);
		if (err)
			return err;
		*slot = b->places->rows.cnt;
	}
	*ret = (uint32_t)(*slot - 1);
	return 0;
}

static int add_site(struct builder *b, uint32_t index)
{
	const struct alloc_site *site = &b->snapshot->sites.at[index];
	const struct snapshot_image *image = snapshot__image(b->snapshot, site->image);
	uint64_t end_ns = image && image->end_ns ? image->end_ns : UINT64_MAX;
	struct place *place;
	struct spot spot;
	uint32_t at;
	int err;

	b->place_of[index] = NO_PLACE;
	if (!site->alloc_cnt)
		return 0;
	spot_find(b->snapshot, site, &spot);
	if (spot.nested)
		return 0;
	err = place_at(b, &spot, &at);
	if (err)
		return err;
	b->place_of[index] = at;
	if (b->end_ns[at] < end_ns)
		b->end_ns[at] = end_ns;
	place = &b->places->rows.at[at];
	place->objects += whole(site->alloc_cnt);
	place->bytes += (double)site->alloc_bytes;
	if (site->alloc_cnt > site->free_cnt) {
		place->inuse_objects += whole(site->alloc_cnt - site->free_cnt);
		place->inuse_bytes += (double)(site->alloc_bytes - site->free_bytes);
	}
	return 0;
}

/* Of one site: how large the blocks were. @story NULL: all that is known is their class. */
static int add_sizes(struct builder *b, uint32_t index, const struct snapshot_story *story)
{
	const struct alloc_site *site = &b->snapshot->sites.at[index];
	struct place *place = &b->places->rows.at[b->place_of[index]];
	uint64_t bytes = story && story->ended.requested_max
				 ? story->ended.requested_max
				 : size_class_max_bytes(site->size_class);
	uint64_t grown = story ? story->ended.grown_ends + story->live_grown : 0;
	int err = place_sizes__add(&place->sizes, site->size_class, bytes, whole(site->alloc_cnt));

	if (err || !grown)
		return err;
	return place_sizes__add(&place->grown_sizes, site->size_class,
				story->ended.end_max ? story->ended.end_max : bytes, whole(grown));
}

static int add_story(struct builder *b, const struct snapshot_story *story)
{
	const struct why_site *ended = &story->ended;
	struct place *place;
	size_t i;

	if (b->place_of[story->site] == NO_PLACE)
		return 0;
	place = &b->places->rows.at[b->place_of[story->site]];
	for (i = 0; i < PLACE_AGE_CNT; i++) {
		place->ages[i] += whole(ended->ages[i]);
		place->live_ages[i] += whole(story->live_ages[i]);
	}
	place->other_thread += whole(ended->other_thread);
	place->grows += whole(ended->grows);
	place->resizes += whole(ended->resizes);
	place->moves += whole(ended->moves);
	place->moved_bytes += (double)ended->moved_bytes;
	place->grown += whole(ended->grown_ends + story->live_grown);
	place->grown_steps += whole(ended->end_growths + story->live_growths);
	place->grown_first_bytes += (double)(ended->end_first_bytes + story->live_first_bytes);
	return add_sizes(b, story->site, story);
}

static int add_stories(struct builder *b)
{
	bool *told __free_mem = calloc(b->snapshot->sites.cnt + 1, sizeof(*told));
	size_t i;
	int err = 0;

	if (!told)
		return -ENOMEM;
	for (i = 0; !err && i < b->snapshot->stories.cnt; i++) {
		told[b->snapshot->stories.at[i].site] = true;
		err = add_story(b, &b->snapshot->stories.at[i]);
	}
	for (i = 0; !err && i < b->snapshot->sites.cnt; i++) {
		if (!told[i] && b->place_of[i] != NO_PLACE)
			err = add_sizes(b, (uint32_t)i, NULL);
	}
	return err;
}

/* Count frees under @key; the new sum. */
static int tally(struct hashmap *map, uint64_t key, uint64_t cnt, double *ret)
{
	uint64_t *sum = hashmap__slot(map, key, 0, NULL);

	if (!sum)
		return -ENOMEM;
	*sum += cnt;
	*ret = whole(*sum);
	return 0;
}

/* How far up the allocation's callers is one that the free has, too? */
static uint32_t meet(const struct spot *alloc, const struct spot *freed)
{
	uint32_t i, j;

	for (i = 0; i < alloc->chain_cnt && i < PLACE_NEAR_FAR; i++) {
		for (j = 0; j < freed->chain_cnt; j++) {
			if (alloc->chain[i] == freed->chain[j])
				return i;
		}
	}
	return PLACE_NEAR_FAR;
}

static int add_pair(struct builder *b, const struct snapshot_pair *pair)
{
	uint32_t at = b->place_of[pair->alloc_site], near;
	struct place *place;
	struct spot alloc, freed;
	double sum;
	int err;

	if (at == NO_PLACE)
		return 0;
	place = &b->places->rows.at[at];
	spot_find(b->snapshot, &b->snapshot->sites.at[pair->alloc_site], &alloc);
	spot_find(b->snapshot, &b->snapshot->sites.at[pair->free_site], &freed);
	if (!freed.chain_cnt)
		return 0;
	near = meet(&alloc, &freed);
	place->near[near] += whole(pair->free_cnt);
	err = tally(b->freers, hash_combine(at, spot_key(&freed)), pair->free_cnt, &sum);
	if (!err && sum > place->freer_cnt) {
		place->freer_cnt = sum;
		err = copy_spot(b, &freed, &place->freer);
	}
	if (err || near == PLACE_NEAR_FAR)
		return err;
	err = tally(b->meetings, hash_combine(at, alloc.chain[near]), pair->free_cnt, &sum);
	if (!err && sum > place->meeting_cnt) {
		place->meeting_cnt = sum;
		err = intern__add(b->places->strings, alloc.chain_names[near], &place->meeting);
	}
	return err;
}

/* Every place gets a point for each tick of its processes' lives, from the first at which it had
 * something. */
static int add_points(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	size_t i = 0, tick, at;

	for (tick = 0; tick < s->ticks.cnt; tick++) {
		double time_s = (double)(s->ticks.at[tick] - s->ticks.at[0]) / 1e9;

		for (at = 0; at < b->places->rows.cnt; at++) {
			struct place *place = &b->places->rows.at[at];

			if (s->ticks.at[tick] < b->end_ns[at] &&
			    vec__push(&place->points, (struct place_point){ .time_s = time_s }))
				return -ENOMEM;
		}
		for (; i < s->points.cnt && s->points.at[i].tick == tick; i++) {
			uint32_t of = b->place_of[s->points.at[i].site];

			if (of == NO_PLACE || b->places->rows.at[of].points.cnt <= tick)
				continue;
			b->places->rows.at[of].points.at[tick].objects +=
				whole(s->points.at[i].objects);
			b->places->rows.at[of].points.at[tick].bytes +=
				(double)s->points.at[i].bytes;
		}
	}
	return 0;
}

static int fill(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < s->sites.cnt; i++)
		err = add_site(b, (uint32_t)i);
	if (!err)
		err = add_stories(b);
	for (i = 0; !err && i < s->pairs.cnt; i++)
		err = add_pair(b, &s->pairs.at[i]);
	return err ? err : add_points(b);
}

int build_places(const struct snapshot *snapshot, struct places **ret)
{
	struct places *places __free(places) = places__new();
	struct hashmap *by_spot __free(hashmap) = hashmap__new(),
				*freers __free(hashmap) = hashmap__new(),
				*meetings __free(hashmap) = hashmap__new();
	uint32_t *place_of __free_mem = calloc(snapshot->sites.cnt + 1, sizeof(*place_of));
	/* There are at most as many places as sites. */
	uint64_t *end_ns __free_mem = calloc(snapshot->sites.cnt + 1, sizeof(*end_ns));
	struct builder b = { .snapshot = snapshot,
			     .places = places,
			     .by_spot = by_spot,
			     .freers = freers,
			     .meetings = meetings,
			     .place_of = place_of,
			     .end_ns = end_ns };
	int err;

	if (!places || !by_spot || !freers || !meetings || !place_of || !end_ns)
		return -ENOMEM;
	places->has_stories = snapshot->flags & SNAPSHOT_STORIES;
	places->duration_s = (double)snapshot->duration_ns / 1e9;
	err = fill(&b);
	if (err)
		return err;
	places__finish(places);
	*ret = TAKE_PTR(places);
	return 0;
}
