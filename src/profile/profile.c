// SPDX-License-Identifier: Apache-2.0
#include "profile/profile_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/utf8.h"

_Static_assert(sizeof(struct profile_mapping) == 40, "compared as bytes: no padding");
_Static_assert(sizeof(struct profile_function) == 16, "compared as bytes: no padding");
_Static_assert(sizeof(struct profile_line) == 12, "compared as bytes: no padding");
_Static_assert(sizeof(struct profile_location) == 24, "compared as bytes: no padding");
_Static_assert(sizeof(struct profile_label) == 24, "compared as bytes: no padding");

static const char *const metric_names[PROFILE_METRIC_CNT] = {
	[PROFILE_ALLOC_OBJECTS] = "alloc_objects",
	[PROFILE_ALLOC_SPACE] = "alloc_space",
	[PROFILE_INUSE_OBJECTS] = "inuse_objects",
	[PROFILE_INUSE_SPACE] = "inuse_space",
};

/* Row 0 of the numbered tables is all zero: looking up "none" is safe. */
static int add_none_rows(struct profile *profile)
{
	uint32_t row;
	int err = seq_table__append(&profile->mappings, &(struct profile_mapping){}, 1, &row);

	if (!err)
		err = seq_table__append(&profile->functions, &(struct profile_function){}, 1, &row);
	if (!err)
		err = seq_table__append(&profile->lines, NULL, 0, &row);
	if (!err)
		err = seq_table__append(&profile->locations, &(struct profile_location){}, 1, &row);
	return err;
}

struct profile *profile__new(void)
{
	struct profile *profile __free(profile) = calloc(1, sizeof(*profile));

	if (!profile)
		return NULL;
	profile->mappings = (struct seq_table)SEQ_TABLE_FIXED(struct profile_mapping);
	profile->functions = (struct seq_table)SEQ_TABLE_FIXED(struct profile_function);
	profile->lines = (struct seq_table)SEQ_TABLE_VARIED(struct profile_line);
	profile->locations = (struct seq_table)SEQ_TABLE_FIXED(struct profile_location);
	profile->stacks = (struct seq_table)SEQ_TABLE_VARIED(uint32_t);
	profile->labels = (struct seq_table)SEQ_TABLE_VARIED(struct profile_label);
	profile->samples = (struct seq_table)SEQ_TABLE_FIXED(struct profile_sample);
	profile->strings = intern__new();
	if (!profile->strings || add_none_rows(profile))
		return NULL;
	return TAKE_PTR(profile);
}

struct profile *profile__new_heap(void)
{
	struct profile *profile __free(profile) = profile__new();
	struct profile_meta meta = { .period = 1 };
	size_t i;

	if (!profile || profile__add_string(profile, "space", &meta.period_type) ||
	    profile__add_string(profile, "bytes", &meta.period_unit))
		return NULL;
	profile->meta = meta;
	for (i = 0; i < PROFILE_METRIC_CNT; i++)
		if (profile__add_type(profile, metric_names[i], i % 2 ? "bytes" : "count"))
			return NULL;
	return TAKE_PTR(profile);
}

void profile__free(struct profile *profile)
{
	if (!profile)
		return;
	intern__free(profile->strings);
	seq_table__done(&profile->mappings);
	seq_table__done(&profile->functions);
	seq_table__done(&profile->lines);
	seq_table__done(&profile->locations);
	seq_table__done(&profile->stacks);
	seq_table__done(&profile->labels);
	seq_table__done(&profile->samples);
	vec__done(&profile->comments);
	vec__done(&profile->values);
	vec__done(&profile->variances);
	free(profile);
}

void profile__compact(struct profile *profile)
{
	struct seq_table *tables[] = { &profile->mappings,  &profile->functions, &profile->lines,
				       &profile->locations, &profile->stacks,    &profile->labels,
				       &profile->samples };
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		seq_table__drop_index(tables[i]);
		seq_table__shrink(tables[i]);
	}
}

/* --- strings --- */

int profile__add_string_n(struct profile *profile, const char *str, size_t len_bytes, uint32_t *ret)
{
	struct buf *clean __free(buf) = NULL;
	size_t valid;

	len_bytes = strnlen(str, len_bytes);
	valid = utf8_valid_len(str, len_bytes);
	if (valid == len_bytes)
		return intern__add_n(profile->strings, str, len_bytes, ret);
	clean = buf__new(0);
	if (!clean)
		return -ENOMEM;
	while (len_bytes) {
		valid = utf8_valid_len(str, len_bytes);
		buf__append(clean, str, valid);
		if (valid < len_bytes) {
			buf__append_str(clean, "\xef\xbf\xbd"); /* U+FFFD */
			valid++;
		}
		str += valid;
		len_bytes -= valid;
	}
	if (buf__error(clean))
		return buf__error(clean);
	return intern__add_n(profile->strings, buf__data(clean), buf__len(clean), ret);
}

int profile__add_string(struct profile *profile, const char *str, uint32_t *ret)
{
	return profile__add_string_n(profile, str, strlen(str), ret);
}

const char *profile__str(const struct profile *profile, uint32_t string)
{
	return intern__str(profile->strings, string);
}

size_t profile__string_cnt(const struct profile *profile)
{
	return intern__cnt(profile->strings);
}

/* --- sample types --- */

int profile__add_type(struct profile *profile, const char *name, const char *unit)
{
	struct profile_type type;
	int err;

	if (profile->samples.row_cnt)
		return -EBUSY;
	if (profile->type_cnt == PROFILE_TYPES_MAX)
		return -E2BIG;
	err = profile__add_string(profile, name, &type.name);
	if (!err)
		err = profile__add_string(profile, unit, &type.unit);
	if (!err)
		profile->types[profile->type_cnt++] = type;
	return err;
}

size_t profile__type_cnt(const struct profile *profile)
{
	return profile->type_cnt;
}

const struct profile_type *profile__type(const struct profile *profile, size_t index)
{
	return &profile->types[index];
}

const char *profile__type_name(const struct profile *profile, size_t index)
{
	return profile__str(profile, profile->types[index].name);
}

const char *profile__type_unit(const struct profile *profile, size_t index)
{
	return profile__str(profile, profile->types[index].unit);
}

int profile__find_type(const struct profile *profile, const char *name, size_t *ret)
{
	size_t i;

	for (i = 0; i < profile->type_cnt; i++) {
		if (strcmp(profile__type_name(profile, i), name))
			continue;
		*ret = i;
		return 0;
	}
	return -ENOENT;
}

size_t profile__default_type(const struct profile *profile)
{
	size_t index;

	if (profile->meta.default_type &&
	    !profile__find_type(profile, profile__str(profile, profile->meta.default_type), &index))
		return index;
	return profile->type_cnt ? profile->type_cnt - 1 : 0;
}

bool profile__heap_types(const struct profile *profile, size_t ret[PROFILE_METRIC_CNT])
{
	size_t found[PROFILE_METRIC_CNT], i;

	for (i = 0; i < PROFILE_METRIC_CNT; i++)
		if (profile__find_type(profile, metric_names[i], &found[i]))
			return false;
	memcpy(ret, found, sizeof(found));
	return true;
}

/* --- header --- */

const struct profile_meta *profile__meta(const struct profile *profile)
{
	return &profile->meta;
}

void profile__set_meta(struct profile *profile, const struct profile_meta *meta)
{
	profile->meta = *meta;
}

void profile__drop_comments(struct profile *profile)
{
	profile->comments.cnt = 0;
}

static int add_comment(struct profile *profile, const char *text, bool warns)
{
	struct profile_comment comment = { .warns = warns };
	size_t i;
	int err = profile__add_string(profile, text, &comment.text);

	if (err)
		return err;
	for (i = 0; i < profile->comments.cnt; i++)
		if (profile->comments.at[i].text == comment.text)
			return 0;
	return vec__push(&profile->comments, comment);
}

int profile__add_comment(struct profile *profile, const char *text)
{
	return add_comment(profile, text, false);
}

int profile__add_warning(struct profile *profile, const char *text, const char *service)
{
	struct buf *line __free(buf) = buf__new(0);
	int err;

	if (!line)
		return -ENOMEM;
	buf__append_str(line, text);
	if (*service)
		buf__printf(line, PROFILE_OF_SERVICE "%s]", service);
	err = buf__error(line);
	return err ? err : add_comment(profile, buf__data(line), true);
}

int profile__copy_warnings(struct profile *profile, const struct profile *from)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < from->comments.cnt; i++) {
		const struct profile_comment *comment = &from->comments.at[i];

		if (comment->warns)
			err = profile__copy_comment(profile, from, i);
	}
	return err;
}

int profile__copy_comment(struct profile *profile, const struct profile *from, size_t index)
{
	const struct profile_comment *comment = &from->comments.at[index];

	return add_comment(profile, profile__str(from, comment->text), comment->warns);
}

size_t profile__comment_cnt(const struct profile *profile)
{
	return profile->comments.cnt;
}

const char *profile__comment(const struct profile *profile, size_t index)
{
	return profile__str(profile, profile->comments.at[index].text);
}

uint32_t profile__comment_id(const struct profile *profile, size_t index)
{
	return profile->comments.at[index].text;
}

/* --- adders --- */

int profile__add_mapping(struct profile *profile, uint64_t start, uint64_t limit,
			 uint64_t file_offset, const char *filename, const char *build_id,
			 uint32_t flags, uint32_t *ret)
{
	struct profile_mapping row = {
		.start = start, .limit = limit, .file_offset = file_offset, .flags = flags
	};
	int err = profile__add_string(profile, filename, &row.filename);

	if (!err)
		err = profile__add_string(profile, build_id ? build_id : "", &row.build_id);
	if (err)
		return err;
	return seq_table__add(&profile->mappings, &row, 1, ret, NULL);
}

int profile__add_mapping_flags(struct profile *profile, uint32_t mapping, uint32_t flags)
{
	struct profile_mapping *rows = (struct profile_mapping *)profile->mappings.data;

	if (!mapping || mapping >= profile->mappings.row_cnt)
		return -EINVAL;
	if ((rows[mapping].flags & flags) == flags)
		return 0;
	rows[mapping].flags |= flags;
	seq_table__drop_index(&profile->mappings);
	return 0;
}

int profile__add_function(struct profile *profile, const char *name, const char *system_name,
			  const char *filename, int32_t start_line, uint32_t *ret)
{
	struct profile_function row = { .start_line = start_line > 0 ? start_line : 0 };
	int err;

	if (!*name)
		name = "[unknown]";
	if (!system_name)
		system_name = name;
	err = profile__add_string(profile, name, &row.name);
	if (!err)
		err = profile__add_string(profile, system_name, &row.system_name);
	if (!err)
		err = profile__add_string(profile, filename ? filename : "", &row.filename);
	if (err)
		return err;
	return seq_table__add(&profile->functions, &row, 1, ret, NULL);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

int profile__add_fallback_function(struct profile *profile, uint32_t mapping, uint64_t address,
				   uint32_t *ret)
{
	const struct profile_mapping *map = profile__mapping(profile, mapping);
	const char *file = base_name(profile__str(profile, map->filename));
	char *name __free_mem = NULL;
	int len;

	if (!mapping)
		len = format_alloc(&name, "0x%" PRIx64, address);
	else
		len = format_alloc(&name, "%s+0x%" PRIx64, *file ? file : "[anon]",
				   address - map->start + map->file_offset);
	if (len < 0) {
		name = NULL; /* undefined after a failure */
		return -ENOMEM;
	}
	return profile__add_function(profile, name, NULL, NULL, 0, ret);
}

int profile__add_location(struct profile *profile, uint32_t mapping, uint64_t address,
			  const struct profile_line *lines, size_t line_cnt, bool is_folded,
			  uint32_t *ret)
{
	struct profile_location row = { .address = address,
					.mapping = mapping,
					.is_folded = is_folded };
	struct profile_line fallback = {};
	size_t i;
	int err;

	if (mapping >= profile->mappings.row_cnt)
		return -EINVAL;
	for (i = 0; i < line_cnt; i++)
		if (!lines[i].function || lines[i].function >= profile->functions.row_cnt)
			return -EINVAL;
	if (!line_cnt) {
		err = profile__add_fallback_function(profile, mapping, address, &fallback.function);
		if (err)
			return err;
		lines = &fallback;
		line_cnt = 1;
	}
	err = seq_table__add(&profile->lines, lines, line_cnt, &row.lines, NULL);
	if (err)
		return err;
	return seq_table__add(&profile->locations, &row, 1, ret, NULL);
}

int profile__label_str(struct profile *profile, const char *key, const char *value,
		       struct profile_label *ret)
{
	struct profile_label label = {};
	int err = profile__add_string(profile, key, &label.key);

	if (!err)
		err = profile__add_string(profile, value, &label.str);
	if (!err)
		*ret = label;
	return err;
}

int profile__label_num(struct profile *profile, const char *key, int64_t num, const char *unit,
		       struct profile_label *ret)
{
	struct profile_label label = { .num = num };
	int err = profile__add_string(profile, key, &label.key);

	if (!err)
		err = profile__add_string(profile, unit, &label.unit);
	if (!err)
		*ret = label;
	return err;
}

static int compare_labels(const void *a, const void *b)
{
	const struct profile_label *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->str != y->str)
		return x->str < y->str ? -1 : 1;
	if (x->num != y->num)
		return x->num < y->num ? -1 : 1;
	return x->unit < y->unit ? -1 : x->unit > y->unit;
}

void profile_sort_labels(struct profile_label *labels, size_t cnt)
{
	if (cnt > 1)
		qsort(labels, cnt, sizeof(*labels), compare_labels);
}

static int add_labels(struct profile *profile, const struct profile_label *labels, size_t cnt,
		      uint32_t *ret)
{
	struct profile_label sorted[PROFILE_LABELS_MAX];
	size_t string_cnt = profile__string_cnt(profile), i;

	if (cnt > PROFILE_LABELS_MAX)
		return -E2BIG;
	for (i = 0; i < cnt; i++) {
		if (labels[i].key >= string_cnt || labels[i].str >= string_cnt ||
		    labels[i].unit >= string_cnt)
			return -EINVAL;
		sorted[i] = labels[i];
		sorted[i].reserved = 0;
	}
	profile_sort_labels(sorted, cnt);
	return seq_table__add(&profile->labels, sorted, cnt, ret, NULL);
}

/* Room for the values of one more sample, before the sample itself: a failure leaves all in step.
 */
static int reserve_values(struct profile *profile)
{
	size_t want = profile->values.cnt + profile->type_cnt;
	int err = vec__reserve(&profile->values, want);

	if (!err && profile->variances.cnt)
		err = vec__reserve(&profile->variances, want);
	return err;
}

static void push_zero_values(struct profile *profile)
{
	size_t cnt = profile->type_cnt;

	memset(profile->values.at + profile->values.cnt, 0, cnt * sizeof(*profile->values.at));
	profile->values.cnt += cnt;
	if (profile->variances.cnt) {
		memset(profile->variances.at + profile->variances.cnt, 0, cnt * sizeof(double));
		profile->variances.cnt += cnt;
	}
}

/* The sums of (stack, labels) plus @values. */
int profile__add_to_sample(struct profile *profile, const struct profile_sample *row,
			   const int64_t *values, uint32_t *ret)
{
	int64_t *sums;
	bool is_new;
	size_t i;
	int err = reserve_values(profile);

	if (!err)
		err = seq_table__add(&profile->samples, row, 1, ret, &is_new);
	if (err)
		return err;
	if (is_new)
		push_zero_values(profile);
	sums = profile->values.at + *ret * profile->type_cnt;
	for (i = 0; i < profile->type_cnt; i++)
		sums[i] = profile_sum(sums[i], values[i]);
	return 0;
}

int profile__add_sample(struct profile *profile, const uint32_t *locs, size_t loc_cnt,
			const int64_t *values, const struct profile_label *labels, size_t label_cnt,
			uint32_t *ret_sample)
{
	struct profile_sample row;
	uint32_t sample;
	size_t i;
	int err;

	if (loc_cnt > PROFILE_FRAMES_MAX)
		return -E2BIG;
	for (i = 0; i < loc_cnt; i++)
		if (!locs[i] || locs[i] >= profile->locations.row_cnt)
			return -EINVAL;
	err = add_labels(profile, labels, label_cnt, &row.labels);
	if (!err)
		err = seq_table__add(&profile->stacks, locs, loc_cnt, &row.stack, NULL);
	if (!err)
		err = profile__add_to_sample(profile, &row, values, &sample);
	if (!err && ret_sample)
		*ret_sample = sample;
	return err;
}

int profile__add_variances(struct profile *profile, uint32_t sample, const double *variances)
{
	size_t cnt = profile->type_cnt, i;
	int err;

	if (sample >= profile->samples.row_cnt)
		return -EINVAL;
	if (!profile->variances.cnt) {
		err = vec__reserve(&profile->variances, profile->values.cnt);
		if (err)
			return err;
		memset(profile->variances.at, 0, profile->values.cnt * sizeof(double));
		profile->variances.cnt = profile->values.cnt;
	}
	for (i = 0; i < cnt; i++)
		profile->variances.at[sample * cnt + i] += variances[i];
	return 0;
}

int profile__set_value(struct profile *profile, uint32_t sample, size_t type, int64_t value)
{
	if (sample >= profile->samples.row_cnt || type >= profile->type_cnt)
		return -EINVAL;
	profile->values.at[sample * profile->type_cnt + type] = value;
	return 0;
}
