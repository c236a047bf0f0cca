// SPDX-License-Identifier: Apache-2.0
/* heaptap's own JSON (json.c), which holds all of the model but the mappings' flags. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "encode/json_scan.h"
#include "encode/text_read.h"

/* Their numbers in the file count from 1, in order; equal rows may have become one. */
struct ids {
	uint32_t *at;
	size_t cnt;
	size_t room;
};

struct reader {
	struct json_scan scan;
	struct buf *key;
	struct buf *word;
	struct profile *profile;
	struct profile_meta meta;
	struct ids mappings, functions, locations;
	VEC(uint32_t) stack;
	VEC(struct profile_line) lines;
	VEC(struct profile_label) labels;
	int err;
};

static void reader__done(struct reader *r)
{
	vec__done(&r->mappings);
	vec__done(&r->functions);
	vec__done(&r->locations);
	vec__done(&r->stack);
	vec__done(&r->lines);
	vec__done(&r->labels);
	buf__free(r->key);
	buf__free(r->word);
	profile__free(r->profile);
}

static void keep(struct reader *r, int err)
{
	if (err && !r->err)
		r->err = err < 0 && err != -ENOMEM ? TEXT_BROKEN : err;
	if (err)
		r->scan.bad = true;
}

static bool is_key(const struct reader *r, const char *key)
{
	return !strcmp(buf__data(r->key), key);
}

/* The next key of the object that was entered; false at its end. */
static bool next_key(struct reader *r)
{
	if (!json_scan__next(&r->scan, '}'))
		return false;
	json_scan__key(&r->scan, r->key);
	keep(r, buf__error(r->key));
	return true;
}

static const char *take_text(struct reader *r)
{
	json_scan__string(&r->scan, r->word);
	keep(r, buf__error(r->word));
	return buf__data(r->word);
}

/* The same as a string of the caller's; NULL is noted. */
static char *take_copy(struct reader *r)
{
	char *copy = strdup(take_text(r));

	keep(r, copy ? 0 : -ENOMEM);
	return copy;
}

static void take_string(struct reader *r, uint32_t *ret)
{
	const char *text = take_text(r);

	keep(r, profile__add_string(r->profile, text, ret));
}

/* "0x1f": addresses do not fit a double. */
static uint64_t take_address(struct reader *r)
{
	const char *text = take_text(r);
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 16);
	if (end == text || *end || errno)
		keep(r, TEXT_BROKEN);
	return value;
}

/* A number given in the file, as the profile's; 0 stays 0. */
static uint32_t take_id(struct reader *r, const struct ids *ids)
{
	int64_t id = json_scan__int(&r->scan);

	if (id < 0 || (uint64_t)id > ids->cnt) {
		keep(r, TEXT_BAD_REFERENCE);
		return 0;
	}
	return id ? ids->at[id - 1] : 0;
}

static int32_t take_line_number(struct reader *r)
{
	int64_t value = json_scan__int(&r->scan);

	return value > 0 && value <= INT32_MAX ? (int32_t)value : 0;
}

static void take_types(struct reader *r)
{
	char *name __free_mem = NULL, *unit __free_mem = NULL;

	json_scan__enter(&r->scan, '{');
	while (next_key(r)) {
		if (is_key(r, "name") && !name)
			name = take_copy(r);
		else if (is_key(r, "unit") && !unit)
			unit = take_copy(r);
		else
			json_scan__skip(&r->scan);
	}
	keep(r, name && unit ? profile__add_type(r->profile, name, unit) : TEXT_BROKEN);
}

static void take_mapping(struct reader *r)
{
	char *file __free_mem = NULL, *build_id __free_mem = NULL;
	uint64_t start = 0, limit = 0, offset = 0;
	uint32_t id = 0;

	json_scan__enter(&r->scan, '{');
	while (next_key(r)) {
		if (is_key(r, "start"))
			start = take_address(r);
		else if (is_key(r, "limit"))
			limit = take_address(r);
		else if (is_key(r, "file_offset"))
			offset = take_address(r);
		else if (is_key(r, "file") && !file)
			file = take_copy(r);
		else if (is_key(r, "build_id") && !build_id)
			build_id = take_copy(r);
		else
			json_scan__skip(&r->scan);
	}
	if (r->scan.bad)
		return;
	keep(r, profile__add_mapping(r->profile, start, limit, offset, file ? file : "",
				     build_id ? build_id : "",
				     PROFILE_HAS_FUNCTIONS | PROFILE_HAS_FILENAMES |
					     PROFILE_HAS_LINE_NUMBERS | PROFILE_HAS_INLINE_FRAMES,
				     &id));
	keep(r, vec__push(&r->mappings, id));
}

static void take_function(struct reader *r)
{
	char *name __free_mem = NULL, *system_name __free_mem = NULL, *file __free_mem = NULL;
	int32_t start_line = 0;
	uint32_t id = 0;

	json_scan__enter(&r->scan, '{');
	while (next_key(r)) {
		if (is_key(r, "name") && !name)
			name = take_copy(r);
		else if (is_key(r, "system_name") && !system_name)
			system_name = take_copy(r);
		else if (is_key(r, "file") && !file)
			file = take_copy(r);
		else if (is_key(r, "start_line"))
			start_line = take_line_number(r);
		else
			json_scan__skip(&r->scan);
	}
	if (r->scan.bad)
		return;
	keep(r, profile__add_function(r->profile, name ? name : "", system_name, file, start_line,
				      &id));
	keep(r, vec__push(&r->functions, id));
}

/* [function, line, column] */
static void take_line(struct reader *r)
{
	struct profile_line line = {};
	size_t i = 0;

	json_scan__enter(&r->scan, '[');
	for (; json_scan__next(&r->scan, ']'); i++) {
		if (!i)
			line.function = take_id(r, &r->functions);
		else if (i == 1)
			line.line = take_line_number(r);
		else if (i == 2)
			line.column = take_line_number(r);
		else
			json_scan__skip(&r->scan);
	}
	keep(r, line.function ? vec__push(&r->lines, line) : TEXT_BAD_REFERENCE);
}

static void take_location(struct reader *r)
{
	uint64_t address = 0;
	uint32_t mapping = 0, id = 0;

	r->lines.cnt = 0;
	json_scan__enter(&r->scan, '{');
	while (next_key(r)) {
		if (is_key(r, "address")) {
			address = take_address(r);
		} else if (is_key(r, "mapping")) {
			mapping = take_id(r, &r->mappings);
		} else if (is_key(r, "lines")) {
			json_scan__enter(&r->scan, '[');
			while (json_scan__next(&r->scan, ']'))
				take_line(r);
		} else {
			json_scan__skip(&r->scan);
		}
	}
	if (r->scan.bad)
		return;
	keep(r, profile__add_location(r->profile, mapping, address, r->lines.at, r->lines.cnt,
				      false, &id));
	keep(r, vec__push(&r->locations, id));
}

static void take_label(struct reader *r)
{
	char *key __free_mem = NULL, *text __free_mem = NULL, *unit __free_mem = NULL;
	struct profile_label label = {};
	int64_t num = 0;

	json_scan__enter(&r->scan, '{');
	while (next_key(r)) {
		if (is_key(r, "key") && !key)
			key = take_copy(r);
		else if (is_key(r, "value") && json_scan__peek(&r->scan) == '"' && !text)
			text = take_copy(r);
		else if (is_key(r, "value"))
			num = json_scan__int(&r->scan);
		else if (is_key(r, "unit") && !unit)
			unit = take_copy(r);
		else
			json_scan__skip(&r->scan);
	}
	if (r->scan.bad)
		return;
	if (text)
		keep(r, profile__label_str(r->profile, key ? key : "", text, &label));
	else
		keep(r,
		     profile__label_num(r->profile, key ? key : "", num, unit ? unit : "", &label));
	keep(r, vec__push(&r->labels, label));
}

static void take_values(struct reader *r, int64_t values[PROFILE_TYPES_MAX])
{
	size_t i = 0, type_cnt = profile__type_cnt(r->profile);

	json_scan__enter(&r->scan, '[');
	for (; json_scan__next(&r->scan, ']'); i++) {
		if (i == type_cnt)
			keep(r, TEXT_BROKEN);
		else
			values[i] = json_scan__int(&r->scan);
	}
	if (i != type_cnt)
		keep(r, TEXT_BROKEN);
}

static void take_errors(struct reader *r, double variances[PROFILE_TYPES_MAX])
{
	size_t i = 0, type_cnt = profile__type_cnt(r->profile);
	double error;

	json_scan__enter(&r->scan, '[');
	for (; json_scan__next(&r->scan, ']'); i++) {
		error = json_scan__double(&r->scan);
		if (i < type_cnt)
			variances[i] = error * error;
		else
			keep(r, TEXT_BROKEN);
	}
}

static void take_sample(struct reader *r)
{
	int64_t values[PROFILE_TYPES_MAX] = {};
	double variances[PROFILE_TYPES_MAX] = {};
	bool sampled = false;
	uint32_t sample = 0;

	if (!profile__type_cnt(r->profile))
		keep(r, TEXT_BROKEN); /* samples of nothing */
	r->stack.cnt = r->labels.cnt = 0;
	json_scan__enter(&r->scan, '{');
	while (next_key(r)) {
		if (is_key(r, "stack")) {
			json_scan__enter(&r->scan, '[');
			while (json_scan__next(&r->scan, ']'))
				keep(r, vec__push(&r->stack, take_id(r, &r->locations)));
		} else if (is_key(r, "values")) {
			take_values(r, values);
		} else if (is_key(r, "stderr")) {
			sampled = true;
			take_errors(r, variances);
		} else if (is_key(r, "labels")) {
			json_scan__enter(&r->scan, '[');
			while (json_scan__next(&r->scan, ']'))
				take_label(r);
		} else {
			json_scan__skip(&r->scan);
		}
	}
	if (r->scan.bad)
		return;
	keep(r, profile__add_sample(r->profile, r->stack.at, r->stack.cnt, values, r->labels.at,
				    r->labels.cnt, &sample));
	if (sampled && !r->err)
		keep(r, profile__add_variances(r->profile, sample, variances));
}

static void take_comment(struct reader *r)
{
	const char *text = take_text(r);

	if (!r->scan.bad)
		keep(r, profile__add_comment(r->profile, text));
}

/* In the order of the writer: rows refer only to what stands before them. */
static const struct {
	const char *key;
	void (*take)(struct reader *r);
} rows[] = {
	{ "comments", take_comment },   { "sample_types", take_types },
	{ "mappings", take_mapping },   { "functions", take_function },
	{ "locations", take_location }, { "samples", take_sample },
};

static bool take_rows(struct reader *r)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!is_key(r, rows[i].key))
			continue;
		json_scan__enter(&r->scan, '[');
		while (json_scan__next(&r->scan, ']'))
			rows[i].take(r);
		return true;
	}
	return false;
}

static void take_file(struct reader *r)
{
	json_scan__enter(&r->scan, '{');
	while (next_key(r)) {
		if (is_key(r, "time_ns"))
			r->meta.time_ns = json_scan__int(&r->scan);
		else if (is_key(r, "duration_ns"))
			r->meta.duration_ns = json_scan__int(&r->scan);
		else if (is_key(r, "period"))
			r->meta.period = json_scan__int(&r->scan);
		else if (is_key(r, "period_type"))
			take_string(r, &r->meta.period_type);
		else if (is_key(r, "period_unit"))
			take_string(r, &r->meta.period_unit);
		else if (is_key(r, "default_type"))
			take_string(r, &r->meta.default_type);
		else if (!take_rows(r))
			json_scan__skip(&r->scan);
	}
}

int json_read(const char *text, size_t len_bytes, struct profile **ret)
{
	struct reader r __attribute__((cleanup(reader__done))) = { .key = buf__new(0),
								   .word = buf__new(0),
								   .profile = profile__new() };

	if (!r.key || !r.word || !r.profile)
		return -ENOMEM;
	json_scan__init(&r.scan, text, len_bytes);
	take_file(&r);
	if (r.err)
		return r.err;
	if (!json_scan__done(&r.scan) || !profile__type_cnt(r.profile))
		return TEXT_BROKEN;
	profile__set_meta(r.profile, &r.meta);
	*ret = TAKE_PTR(r.profile);
	return 0;
}
