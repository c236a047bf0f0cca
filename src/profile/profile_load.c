// SPDX-License-Identifier: Apache-2.0
/*
 * While loading, rows of the new profile hold foreign numbers: handles of ids (id_space.h) where a
 * mapping, function or location is meant, indices of the file's string table where a string is. The
 * last step walks each table once and puts our numbers in their place. Rows are appended without
 * looking for equal ones, so that numbers stay in the file's order; only stacks, label sets and
 * samples are interned, which is what makes a million samples fit.
 */
#include "profile/profile_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/id_space.h"
#include "profile/profile_priv.h"

struct profile_load {
	struct profile *profile;
	uint64_t rows_left;
	VEC(uint32_t) strings; /* the file's string number → ours */
	struct id_space mappings;
	struct id_space functions;
	struct id_space locations;
	struct raw_type types[PROFILE_TYPES_MAX];
	size_t type_cnt;
	bool has_samples;
	VEC(uint32_t) comments;
	VEC(uint32_t) locs;             /* of the sample at hand */
	VEC(struct profile_line) lines; /* of the location at hand */
};

struct profile_load *profile_load__new(uint64_t row_limit)
{
	struct profile_load *load __free(profile_load) = calloc(1, sizeof(*load));

	if (!load)
		return NULL;
	load->rows_left = row_limit;
	load->profile = profile__new();
	return load->profile ? TAKE_PTR(load) : NULL;
}

void profile_load__free(struct profile_load *load)
{
	if (!load)
		return;
	profile__free(load->profile);
	id_space__done(&load->mappings);
	id_space__done(&load->functions);
	id_space__done(&load->locations);
	vec__done(&load->strings);
	vec__done(&load->comments);
	vec__done(&load->locs);
	vec__done(&load->lines);
	free(load);
}

/* Count @cnt rows against the limit. */
static int spend(struct profile_load *load, size_t cnt)
{
	if (cnt > load->rows_left)
		return PROFILE_LOAD_TOO_BIG;
	load->rows_left -= cnt;
	return 0;
}

/* Errors that a lying file causes, not the machine. */
static int as_outcome(int err)
{
	switch (err) {
	case -EEXIST:
	case -EINVAL:
		return PROFILE_LOAD_BAD_REFERENCE;
	case -EOVERFLOW:
	case -E2BIG:
		return PROFILE_LOAD_TOO_BIG;
	default:
		return err;
	}
}

static int32_t clamp_line(int64_t line)
{
	return line > 0 && line <= INT32_MAX ? (int32_t)line : 0;
}

int profile_load__string(struct profile_load *load, const char *str, size_t len_bytes)
{
	uint32_t string;
	int ret = spend(load, 1);

	if (ret)
		return ret;
	if (!load->strings.cnt && len_bytes)
		return PROFILE_LOAD_BAD_REFERENCE; /* number 0 is "" by definition */
	ret = profile__add_string_n(load->profile, str, len_bytes, &string);
	if (!ret)
		ret = vec__push(&load->strings, string);
	return ret;
}

int profile_load__type(struct profile_load *load, const struct raw_type *raw)
{
	if (load->type_cnt == PROFILE_TYPES_MAX)
		return PROFILE_LOAD_BAD_TYPES;
	load->types[load->type_cnt++] = *raw;
	return 0;
}

int profile_load__mapping(struct profile_load *load, const struct raw_mapping *raw)
{
	struct profile_mapping row = {
		.start = raw->start,
		.limit = raw->limit,
		.file_offset = raw->file_offset,
		.filename = (uint32_t)raw->filename,
		.build_id = (uint32_t)raw->build_id,
		.flags = raw->flags,
	};
	uint32_t number;
	int ret = spend(load, 1);

	if (ret)
		return ret;
	if (raw->filename > UINT32_MAX || raw->build_id > UINT32_MAX)
		return PROFILE_LOAD_BAD_REFERENCE;
	ret = seq_table__append(&load->profile->mappings, &row, 1, &number);
	if (!ret)
		ret = id_space__define(&load->mappings, raw->id, number);
	return as_outcome(ret);
}

int profile_load__function(struct profile_load *load, const struct raw_function *raw)
{
	struct profile_function row = {
		.name = (uint32_t)raw->name,
		.system_name = (uint32_t)raw->system_name,
		.filename = (uint32_t)raw->filename,
		.start_line = clamp_line(raw->start_line),
	};
	uint32_t number;
	int ret = spend(load, 1);

	if (ret)
		return ret;
	if (raw->name > UINT32_MAX || raw->system_name > UINT32_MAX || raw->filename > UINT32_MAX)
		return PROFILE_LOAD_BAD_REFERENCE;
	ret = seq_table__append(&load->profile->functions, &row, 1, &number);
	if (!ret)
		ret = id_space__define(&load->functions, raw->id, number);
	return as_outcome(ret);
}

/* Lines without a function say nothing and are left out. */
static int add_lines(struct profile_load *load, const struct raw_location *raw, uint32_t *ret_row)
{
	struct profile_line line;
	size_t i;
	int err;

	load->lines.cnt = 0;
	for (i = 0; i < raw->line_cnt; i++) {
		if (!raw->lines[i].function)
			continue;
		line.line = clamp_line(raw->lines[i].line);
		line.column = clamp_line(raw->lines[i].column);
		err = id_space__handle(&load->functions, raw->lines[i].function, &line.function);
		if (!err)
			err = vec__push(&load->lines, line);
		if (err)
			return err;
	}
	return seq_table__add(&load->profile->lines, load->lines.at, load->lines.cnt, ret_row,
			      NULL);
}

int profile_load__location(struct profile_load *load, const struct raw_location *raw)
{
	struct profile_location row = { .address = raw->address, .is_folded = raw->is_folded };
	uint32_t number;
	int ret = spend(load, 1 + raw->line_cnt);

	if (!ret)
		ret = id_space__handle(&load->mappings, raw->mapping, &row.mapping);
	if (!ret)
		ret = add_lines(load, raw, &row.lines);
	if (!ret)
		ret = seq_table__append(&load->profile->locations, &row, 1, &number);
	if (!ret)
		ret = id_space__define(&load->locations, raw->id, number);
	return as_outcome(ret);
}

static int add_label_set(struct profile_load *load, const struct raw_sample *raw, uint32_t *ret_row)
{
	struct profile_label labels[PROFILE_LABELS_MAX];
	size_t i;

	if (raw->label_cnt > PROFILE_LABELS_MAX)
		return PROFILE_LOAD_TOO_BIG;
	for (i = 0; i < raw->label_cnt; i++) {
		const struct raw_label *from = &raw->labels[i];

		if (from->key > UINT32_MAX || from->str > UINT32_MAX || from->unit > UINT32_MAX)
			return PROFILE_LOAD_BAD_REFERENCE;
		labels[i] = (struct profile_label){
			.key = (uint32_t)from->key,
			.str = (uint32_t)from->str,
			.unit = (uint32_t)from->unit,
			.num = from->num,
		};
	}
	return seq_table__add(&load->profile->labels, labels, raw->label_cnt, ret_row, NULL);
}

static int add_stack(struct profile_load *load, const struct raw_sample *raw, uint32_t *ret_row)
{
	size_t i;
	int err;

	if (raw->loc_cnt > PROFILE_FRAMES_MAX)
		return PROFILE_LOAD_TOO_BIG;
	err = vec__reserve(&load->locs, raw->loc_cnt);
	for (i = 0; !err && i < raw->loc_cnt; i++)
		err = id_space__handle(&load->locations, raw->locs[i], &load->locs.at[i]);
	if (err)
		return err;
	return seq_table__add(&load->profile->stacks, load->locs.at, raw->loc_cnt, ret_row, NULL);
}

int profile_load__sample(struct profile_load *load, const struct raw_sample *raw)
{
	struct profile *profile = load->profile;
	struct profile_sample row;
	uint32_t sample;
	int ret = spend(load, 1 + raw->loc_cnt + raw->label_cnt);

	if (ret)
		return ret;
	if (!load->has_samples) { /* sample types may come later: the first sample says how many */
		if (!raw->value_cnt || raw->value_cnt > PROFILE_TYPES_MAX)
			return PROFILE_LOAD_BAD_TYPES;
		profile->type_cnt = raw->value_cnt;
		load->has_samples = true;
	}
	if (raw->value_cnt != profile->type_cnt)
		return PROFILE_LOAD_BAD_TYPES;
	ret = add_stack(load, raw, &row.stack);
	if (!ret)
		ret = add_label_set(load, raw, &row.labels);
	if (!ret)
		ret = profile__add_to_sample(profile, &row, raw->values, &sample);
	return as_outcome(ret);
}

int profile_load__comment(struct profile_load *load, uint64_t string)
{
	int ret = spend(load, 1);

	if (ret)
		return ret;
	if (string > UINT32_MAX)
		return PROFILE_LOAD_BAD_REFERENCE;
	return vec__push(&load->comments, (uint32_t)string);
}

/* --- the end: foreign numbers become ours --- */

static bool resolve_string(const struct profile_load *load, uint64_t raw, uint32_t *string)
{
	if (!raw) { /* even without a string table */
		*string = 0;
		return true;
	}
	if (raw >= load->strings.cnt)
		return false;
	*string = load->strings.at[raw];
	return true;
}

static int resolve_types(struct profile_load *load)
{
	struct profile *profile = load->profile;
	size_t i;

	if (!load->type_cnt || (load->has_samples && load->type_cnt != profile->type_cnt))
		return PROFILE_LOAD_BAD_TYPES;
	profile->type_cnt = load->type_cnt;
	for (i = 0; i < load->type_cnt; i++)
		if (!resolve_string(load, load->types[i].name, &profile->types[i].name) ||
		    !resolve_string(load, load->types[i].unit, &profile->types[i].unit))
			return PROFILE_LOAD_BAD_REFERENCE;
	return 0;
}

static int resolve_header(struct profile_load *load, const struct raw_header *raw)
{
	struct profile *profile = load->profile;
	struct profile_meta meta = {
		.time_ns = raw->time_ns,
		.duration_ns = raw->duration_ns,
		.period = raw->period,
	};
	uint32_t string;
	size_t i;
	int err;

	if (!resolve_string(load, raw->period_type.name, &meta.period_type) ||
	    !resolve_string(load, raw->period_type.unit, &meta.period_unit) ||
	    !resolve_string(load, raw->default_type, &meta.default_type) ||
	    !resolve_string(load, raw->drop_frames, &meta.drop_frames) ||
	    !resolve_string(load, raw->keep_frames, &meta.keep_frames) ||
	    !resolve_string(load, raw->doc_url, &meta.doc_url))
		return PROFILE_LOAD_BAD_REFERENCE;
	profile->meta = meta;
	for (i = 0; i < load->comments.cnt; i++) {
		if (!resolve_string(load, load->comments.at[i], &string))
			return PROFILE_LOAD_BAD_REFERENCE;
		err = vec__push(&profile->comments, ((struct profile_comment){ .text = string }));
		if (err)
			return err;
	}
	return 0;
}

static int resolve_mappings_and_functions(struct profile_load *load)
{
	struct profile_mapping *maps = (struct profile_mapping *)load->profile->mappings.data;
	struct profile_function *fns = (struct profile_function *)load->profile->functions.data;
	uint32_t unknown;
	size_t i;
	int err = profile__add_string(load->profile, "[unknown]", &unknown);

	if (err)
		return err;
	for (i = 1; i < load->profile->mappings.row_cnt; i++)
		if (!resolve_string(load, maps[i].filename, &maps[i].filename) ||
		    !resolve_string(load, maps[i].build_id, &maps[i].build_id))
			return PROFILE_LOAD_BAD_REFERENCE;
	for (i = 1; i < load->profile->functions.row_cnt; i++) {
		if (!resolve_string(load, fns[i].name, &fns[i].name) ||
		    !resolve_string(load, fns[i].system_name, &fns[i].system_name) ||
		    !resolve_string(load, fns[i].filename, &fns[i].filename))
			return PROFILE_LOAD_BAD_REFERENCE;
		if (!fns[i].name)
			fns[i].name = fns[i].system_name ? fns[i].system_name : unknown;
	}
	return 0;
}

static int resolve_lines(struct profile_load *load)
{
	struct seq_table *table = &load->profile->lines;
	struct profile_line *lines = (struct profile_line *)table->data;
	size_t i;

	for (i = 0; i < table->elem_cnt; i++) {
		lines[i].function = id_space__row(&load->functions, lines[i].function);
		if (!lines[i].function)
			return PROFILE_LOAD_BAD_REFERENCE;
	}
	seq_table__drop_index(table);
	return 0;
}

static int resolve_locations(struct profile_load *load)
{
	struct profile *profile = load->profile;
	struct profile_location *locs = (struct profile_location *)profile->locations.data;
	struct profile_line fallback = {};
	size_t i;
	int err;

	for (i = 1; i < profile->locations.row_cnt; i++) {
		if (locs[i].mapping) {
			locs[i].mapping = id_space__row(&load->mappings, locs[i].mapping);
			if (!locs[i].mapping)
				return PROFILE_LOAD_BAD_REFERENCE;
		}
		if (locs[i].lines)
			continue;
		err = profile__add_fallback_function(profile, locs[i].mapping, locs[i].address,
						     &fallback.function);
		if (!err)
			err = seq_table__add(&profile->lines, &fallback, 1, &locs[i].lines, NULL);
		if (err)
			return err;
	}
	return 0;
}

static int resolve_stacks(struct profile_load *load)
{
	struct seq_table *table = &load->profile->stacks;
	uint32_t *locs = (uint32_t *)table->data;
	size_t i;

	for (i = 0; i < table->elem_cnt; i++) {
		locs[i] = id_space__row(&load->locations, locs[i]);
		if (!locs[i])
			return PROFILE_LOAD_BAD_REFERENCE;
	}
	seq_table__drop_index(table);
	return 0;
}

static int resolve_labels(struct profile_load *load)
{
	struct seq_table *table = &load->profile->labels;
	struct profile_label *labels = (struct profile_label *)table->data;
	size_t first, i;

	for (i = 0; i < table->elem_cnt; i++)
		if (!resolve_string(load, labels[i].key, &labels[i].key) ||
		    !resolve_string(load, labels[i].str, &labels[i].str) ||
		    !resolve_string(load, labels[i].unit, &labels[i].unit))
			return PROFILE_LOAD_BAD_REFERENCE;
	for (i = 0; i < table->row_cnt; i++) {
		first = table->firsts[i];
		profile_sort_labels(labels + first, table->firsts[i + 1] - first);
	}
	seq_table__drop_index(table);
	return 0;
}

int profile_load__finish(struct profile_load *load, const struct raw_header *header,
			 struct profile **ret)
{
	int err = resolve_types(load);

	/* What only adding needs goes first: this is where memory peaks. */
	profile__compact(load->profile);
	if (!err)
		err = resolve_header(load, header);
	if (!err)
		err = resolve_mappings_and_functions(load);
	if (!err)
		err = resolve_lines(load);
	if (!err)
		err = resolve_locations(load);
	if (!err)
		err = resolve_stacks(load);
	if (!err)
		err = resolve_labels(load);
	if (!err)
		*ret = TAKE_PTR(load->profile);
	return as_outcome(err);
}
