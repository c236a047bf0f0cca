// SPDX-License-Identifier: Apache-2.0
/* Of speedscope's format the "sampled" profiles: each becomes a sample type, named as it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "encode/json_scan.h"
#include "encode/text_read.h"

#define STACK_END UINT32_MAX

/* One profile as it stands in the file; stacks one behind the other, each with its end. */
struct series {
	char *name, *unit;
	bool sampled;
	VEC(uint32_t) frames;
	VEC(int64_t) weights;
};

struct reader {
	struct json_scan scan;
	struct buf *word;
	struct profile *profile;
	VEC(uint32_t) locations; /* by frame */
	VEC(struct series) all;
	VEC(uint32_t) stack;
	int err;
};

static void reader__done(struct reader *r)
{
	size_t i;

	for (i = 0; i < r->all.cnt; i++) {
		free(r->all.at[i].name);
		free(r->all.at[i].unit);
		vec__done(&r->all.at[i].frames);
		vec__done(&r->all.at[i].weights);
	}
	vec__done(&r->all);
	vec__done(&r->locations);
	vec__done(&r->stack);
	buf__free(r->word);
	profile__free(r->profile);
}

static bool is_key(const struct reader *r, const char *key)
{
	return !strcmp(buf__data(r->word), key);
}

static void keep(struct reader *r, int err)
{
	if (err && !r->err)
		r->err = err;
	if (err)
		r->scan.bad = true;
}

static void take_text(struct reader *r, char **ret)
{
	json_scan__string(&r->scan, r->word);
	free(*ret);
	*ret = strdup(buf__data(r->word));
	keep(r, *ret ? 0 : -ENOMEM);
}

static void take_frame(struct reader *r)
{
	char *name __free_mem = NULL, *file __free_mem = NULL;
	struct profile_line line = {};
	uint32_t location;
	int64_t number = 0;
	int err;

	json_scan__enter(&r->scan, '{');
	while (json_scan__next(&r->scan, '}')) {
		json_scan__key(&r->scan, r->word);
		if (is_key(r, "name"))
			take_text(r, &name);
		else if (is_key(r, "file") && json_scan__peek(&r->scan) == '"')
			take_text(r, &file);
		else if (is_key(r, "line") && json_scan__peek(&r->scan) != 'n')
			number = json_scan__int(&r->scan);
		else
			json_scan__skip(&r->scan);
	}
	if (r->scan.bad)
		return;
	line.line = number > 0 && number <= INT32_MAX ? (int32_t)number : 0;
	err = profile__add_function(r->profile, name ? name : "", NULL, file, 0, &line.function);
	/* Frames are told apart by what stands for an address: their number. */
	if (!err)
		err = profile__add_location(r->profile, 0, r->locations.cnt + 1, &line, 1, false,
					    &location);
	if (!err)
		err = vec__push(&r->locations, location);
	keep(r, err);
}

static void take_shared(struct reader *r)
{
	json_scan__enter(&r->scan, '{');
	while (json_scan__next(&r->scan, '}')) {
		json_scan__key(&r->scan, r->word);
		if (!is_key(r, "frames")) {
			json_scan__skip(&r->scan);
			continue;
		}
		json_scan__enter(&r->scan, '[');
		while (json_scan__next(&r->scan, ']'))
			take_frame(r);
	}
}

static void take_stacks(struct reader *r, struct series *series)
{
	json_scan__enter(&r->scan, '[');
	while (json_scan__next(&r->scan, ']')) {
		json_scan__enter(&r->scan, '[');
		while (json_scan__next(&r->scan, ']')) {
			int64_t frame = json_scan__int(&r->scan);

			if (frame < 0 || frame >= STACK_END)
				keep(r, TEXT_BAD_REFERENCE);
			else
				keep(r, vec__push(&series->frames, (uint32_t)frame));
		}
		keep(r, vec__push(&series->frames, STACK_END));
	}
}

static void take_weights(struct reader *r, struct series *series)
{
	json_scan__enter(&r->scan, '[');
	while (json_scan__next(&r->scan, ']')) {
		int64_t weight = json_scan__int(&r->scan);

		keep(r, vec__push(&series->weights, weight));
	}
}

static void take_profile(struct reader *r)
{
	struct series *series;
	char *type __free_mem = NULL;
	int err = vec__push(&r->all, (struct series){});

	keep(r, err);
	if (err)
		return;
	series = &r->all.at[r->all.cnt - 1];
	json_scan__enter(&r->scan, '{');
	while (json_scan__next(&r->scan, '}')) {
		json_scan__key(&r->scan, r->word);
		if (is_key(r, "type"))
			take_text(r, &type);
		else if (is_key(r, "name"))
			take_text(r, &series->name);
		else if (is_key(r, "unit"))
			take_text(r, &series->unit);
		else if (is_key(r, "samples"))
			take_stacks(r, series);
		else if (is_key(r, "weights"))
			take_weights(r, series);
		else
			json_scan__skip(&r->scan);
	}
	series->sampled = type && !strcmp(type, "sampled");
}

static void take_file(struct reader *r)
{
	json_scan__enter(&r->scan, '{');
	while (json_scan__next(&r->scan, '}')) {
		json_scan__key(&r->scan, r->word);
		if (is_key(r, "shared")) {
			take_shared(r);
		} else if (is_key(r, "profiles")) {
			json_scan__enter(&r->scan, '[');
			while (json_scan__next(&r->scan, ']'))
				take_profile(r);
		} else {
			json_scan__skip(&r->scan);
		}
	}
}

/* "none" is what counts are called there. */
static const char *unit_of(const struct series *series)
{
	return !series->unit || !strcmp(series->unit, "none") ? "count" : series->unit;
}

static int add_types(struct reader *r)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < r->all.cnt; i++) {
		const struct series *series = &r->all.at[i];

		if (!series->sampled)
			return TEXT_NOT_SAMPLED;
		err = profile__add_type(r->profile, series->name ? series->name : "samples",
					unit_of(series));
		if (err && err != -ENOMEM)
			return TEXT_BROKEN;
	}
	return r->all.cnt ? err : TEXT_NOT_SAMPLED;
}

/* Stacks stand outermost first there. */
static int add_series(struct reader *r, size_t index)
{
	const struct series *series = &r->all.at[index];
	int64_t values[PROFILE_TYPES_MAX] = {};
	size_t i, sample = 0, end, from = 0;
	int err = 0;

	for (end = 0; !err && end < series->frames.cnt; end++) {
		if (series->frames.at[end] != STACK_END)
			continue;
		if (sample == series->weights.cnt)
			return TEXT_BROKEN;
		r->stack.cnt = 0;
		for (i = end; !err && i > from; i--) {
			uint32_t frame = series->frames.at[i - 1];

			if (frame >= r->locations.cnt)
				return TEXT_BAD_REFERENCE;
			err = vec__push(&r->stack, r->locations.at[frame]);
		}
		values[index] = series->weights.at[sample++];
		if (!err)
			err = profile__add_sample(r->profile, r->stack.at, r->stack.cnt, values,
						  NULL, 0, NULL);
		from = end + 1;
	}
	return err == -E2BIG ? TEXT_BROKEN : err;
}

int speedscope_read(const char *text, size_t len_bytes, struct profile **ret)
{
	struct reader r __attribute__((cleanup(reader__done))) = { .word = buf__new(0),
								   .profile = profile__new() };
	size_t i;
	int err;

	if (!r.word || !r.profile)
		return -ENOMEM;
	json_scan__init(&r.scan, text, len_bytes);
	take_file(&r);
	if (r.err)
		return r.err;
	if (!json_scan__done(&r.scan))
		return TEXT_BROKEN;
	err = add_types(&r);
	for (i = 0; !err && i < r.all.cnt; i++)
		err = add_series(&r, i);
	if (err)
		return err;
	*ret = TAKE_PTR(r.profile);
	return 0;
}
