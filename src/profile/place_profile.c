// SPDX-License-Identifier: Apache-2.0
#include "profile/place_profile.h"

#include <errno.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "profile/wrapper.h"

struct builder {
	const struct profile *profile;
	struct places *places;
	struct hashmap *by_line; /* hash of (function, line) -> index of its place + 1 */
	size_t types[PROFILE_METRIC_CNT];
};

/* The innermost line that acts on its own behalf, or simply the innermost. NULL: no stack. */
static const struct profile_line *find_line(const struct profile *profile, uint32_t sample,
					    const struct profile_line **ret_via)
{
	const struct profile_line *first = NULL, *last = NULL;
	size_t loc_cnt, line_cnt, i, j;
	const uint32_t *locs = profile__stack(profile, sample, &loc_cnt);

	*ret_via = NULL;
	for (i = 0; i < loc_cnt; i++) {
		const struct profile_line *lines = profile__lines(profile, locs[i], &line_cnt);
		uint32_t mapping = profile__location(profile, locs[i])->mapping;
		bool library = wrapper_is_file(
			profile__str(profile, profile__mapping(profile, mapping)->filename));

		for (j = 0; j < line_cnt; j++) {
			if (!library &&
			    !wrapper_is_function(profile__line_name(profile, &lines[j]))) {
				*ret_via = last;
				return &lines[j];
			}
			last = &lines[j];
			first = first ? first : last;
		}
	}
	return first;
}

static int make_place(struct builder *b, const struct profile_line *line,
		      const struct profile_line *via)
{
	const struct profile_function *function = profile__function(b->profile, line->function);
	struct intern *strings = b->places->strings;
	struct place place = {};
	int err = intern__add(strings, profile__line_name(b->profile, line), &place.spot.function);

	if (!err)
		err = intern__add(strings, profile__str(b->profile, function->filename),
				  &place.spot.file);
	if (!err && via)
		err = intern__add(strings, profile__line_name(b->profile, via), &place.spot.via);
	place.spot.line = line->line > 0 ? (uint32_t)line->line : 0;
	return err ? err : vec__push(&b->places->rows, place);
}

static int add_sample(struct builder *b, uint32_t sample)
{
	const int64_t *values = profile__values(b->profile, sample);
	const struct profile_line *via, *line = find_line(b->profile, sample, &via);
	struct place *place;
	uint64_t *slot;
	int err;

	if (!line)
		return 0;
	slot = hashmap__slot(b->by_line, hash_combine(line->function, (uint64_t)line->line), 0,
			     NULL);
	if (!slot)
		return -ENOMEM;
	if (!*slot) {
		err = make_place(b, line, via);
		if (err)
			return err;
		*slot = b->places->rows.cnt;
	}
	place = &b->places->rows.at[*slot - 1];
	place->objects += (double)values[b->types[PROFILE_ALLOC_OBJECTS]];
	place->bytes += (double)values[b->types[PROFILE_ALLOC_SPACE]];
	place->inuse_objects += (double)values[b->types[PROFILE_INUSE_OBJECTS]];
	place->inuse_bytes += (double)values[b->types[PROFILE_INUSE_SPACE]];
	return 0;
}

int places_of_profile(const struct profile *profile, struct places **ret)
{
	struct places *places __free(places) = places__new();
	struct hashmap *by_line __free(hashmap) = hashmap__new();
	struct builder b = { .profile = profile, .places = places, .by_line = by_line };
	size_t i;
	int err = 0;

	if (!places || !by_line)
		return -ENOMEM;
	if (!profile__heap_types(profile, b.types))
		return -EINVAL;
	for (i = 0; !err && i < profile__sample_cnt(profile); i++)
		err = add_sample(&b, (uint32_t)i);
	if (err)
		return err;
	places->duration_s = (double)profile__meta(profile)->duration_ns / 1e9;
	places__finish(places);
	*ret = TAKE_PTR(places);
	return 0;
}
