// SPDX-License-Identifier: Apache-2.0
/*
 * Sums of profiles. Each source keeps its own numbers, so a source's strings, mappings, functions
 * and locations are translated on first use and remembered; the adders of the model then find what
 * is equal.
 *
 * The same file is loaded elsewhere in each process: a location is moved to where the first source
 * had its mapping, and so equal offsets in equal mappings become equal addresses.
 */
#include "profile/profile_merge.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/seq_table.h"
#include "base/vec.h"
#include "profile/profile_priv.h"
#include "profile/value_unit.h"

#define PAGE_BYTES 4096
#define BASE_LABEL "pprof::base" /* what pprof looks for to make percentages relative */

static const char *const outcome_texts[] = {
	[PROFILE_MERGE_OK] = "merged",
	[PROFILE_MERGE_NO_COMMON_TYPE] = "the profiles have no sample type in common",
	[PROFILE_MERGE_PERIOD_TYPES] = "the profiles' period types do not go together",
	[PROFILE_MERGE_UNITS] = "a sample type has units that do not go together",
};

const char *profile_merge_outcome_text(int outcome)
{
	return outcome >= 0 && outcome <= PROFILE_MERGE_UNITS ? outcome_texts[outcome] : "unknown";
}

struct source {
	const struct profile *profile;
	size_t types[PROFILE_TYPES_MAX]; /* by type of the result */
	double scales[PROFILE_TYPES_MAX];
	const char *label;               /* of every sample, = "true", or NULL */
	const struct profile_part *part; /* these samples alone, or NULL: all */
};

struct mapping_key {
	uint64_t size;
	uint64_t file_offset;
	uint32_t name; /* build id or file name: string of the result */
	uint32_t reserved;
};

struct merge {
	struct profile *out;
	struct seq_table mapping_keys;
	VEC(uint32_t) key_mappings; /* mapping of the result, by key */
	/* the source at hand: its numbers → the result's + 1 for strings, else the result's; 0: not
	 * yet */
	const struct source *source;
	uint32_t *strings;
	uint32_t *mappings;
	uint32_t *functions;
	uint32_t *locations;
	VEC(uint32_t) stack;
	VEC(struct profile_line) lines;
};

static void merge__done_source(struct merge *merge)
{
	free(TAKE_PTR(merge->strings));
	free(TAKE_PTR(merge->mappings));
	free(TAKE_PTR(merge->functions));
	free(TAKE_PTR(merge->locations));
}

static void merge__free(struct merge *merge)
{
	merge__done_source(merge);
	profile__free(merge->out);
	seq_table__done(&merge->mapping_keys);
	vec__done(&merge->key_mappings);
	vec__done(&merge->stack);
	vec__done(&merge->lines);
	free(merge);
}
DEFINE_CLEANUP(merge);

static struct merge *merge__new(void)
{
	struct merge *merge __free(merge) = calloc(1, sizeof(*merge));

	if (!merge)
		return NULL;
	merge->mapping_keys = (struct seq_table)SEQ_TABLE_FIXED(struct mapping_key);
	merge->out = profile__new();
	return merge->out ? TAKE_PTR(merge) : NULL;
}

/* --- translation --- */

static int start_source(struct merge *merge, const struct source *source)
{
	const struct profile *from = source->profile;

	merge__done_source(merge);
	merge->source = source;
	merge->strings = calloc(profile__string_cnt(from), sizeof(uint32_t));
	merge->mappings = calloc(profile__mapping_cnt(from) + 1, sizeof(uint32_t));
	merge->functions = calloc(profile__function_cnt(from) + 1, sizeof(uint32_t));
	merge->locations = calloc(profile__location_cnt(from) + 1, sizeof(uint32_t));
	return merge->strings && merge->mappings && merge->functions && merge->locations ? 0
											 : -ENOMEM;
}

static int map_string(struct merge *merge, uint32_t string, uint32_t *ret)
{
	const char *str = profile__str(merge->source->profile, string);
	int err = 0;

	if (!merge->strings[string]) {
		err = profile__add_string(merge->out, str, ret);
		if (!err)
			merge->strings[string] = *ret + 1;
	} else {
		*ret = merge->strings[string] - 1;
	}
	return err;
}

static int map_mapping(struct merge *merge, uint32_t mapping, uint32_t *ret)
{
	const struct profile_mapping *from = profile__mapping(merge->source->profile, mapping);
	struct profile_mapping row = *from;
	struct mapping_key key = { .file_offset = from->file_offset };
	uint32_t number;
	bool is_new;
	int err;

	if (!mapping || merge->mappings[mapping]) {
		*ret = mapping ? merge->mappings[mapping] : 0;
		return 0;
	}
	err = map_string(merge, from->filename, &row.filename);
	if (!err)
		err = map_string(merge, from->build_id, &row.build_id);
	if (err)
		return err;
	key.size = (from->limit - from->start + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	key.name = row.build_id ? row.build_id : row.filename;
	err = seq_table__add(&merge->mapping_keys, &key, 1, &number, &is_new);
	if (!err && is_new) {
		err = seq_table__add(&merge->out->mappings, &row, 1, ret, NULL);
		if (!err)
			err = vec__push(&merge->key_mappings, *ret);
	}
	if (err)
		return err;
	*ret = merge->mappings[mapping] = merge->key_mappings.at[number];
	return 0;
}

static int map_function(struct merge *merge, uint32_t function, uint32_t *ret)
{
	struct profile_function row = *profile__function(merge->source->profile, function);
	int err;

	if (merge->functions[function]) {
		*ret = merge->functions[function];
		return 0;
	}
	err = map_string(merge, row.name, &row.name);
	if (!err)
		err = map_string(merge, row.system_name, &row.system_name);
	if (!err)
		err = map_string(merge, row.filename, &row.filename);
	if (!err)
		err = seq_table__add(&merge->out->functions, &row, 1, ret, NULL);
	if (!err)
		merge->functions[function] = *ret;
	return err;
}

static int map_location(struct merge *merge, uint32_t location, uint32_t *ret)
{
	const struct profile *from = merge->source->profile;
	const struct profile_location *loc = profile__location(from, location);
	uint64_t address = loc->address;
	const struct profile_line *lines;
	struct profile_line line;
	uint32_t mapping;
	size_t cnt, i;
	int err;

	if (merge->locations[location]) {
		*ret = merge->locations[location];
		return 0;
	}
	err = map_mapping(merge, loc->mapping, &mapping);
	if (mapping && !err)
		address += profile__mapping(merge->out, mapping)->start -
			   profile__mapping(from, loc->mapping)->start;
	lines = profile__lines(from, location, &cnt);
	for (merge->lines.cnt = i = 0; !err && i < cnt; i++) {
		line = lines[i];
		err = map_function(merge, lines[i].function, &line.function);
		if (!err)
			err = vec__push(&merge->lines, line);
	}
	if (!err)
		err = profile__add_location(merge->out, mapping, address, merge->lines.at,
					    merge->lines.cnt, loc->is_folded, ret);
	if (!err)
		merge->locations[location] = *ret;
	return err;
}

/* --- samples --- */

static int64_t scaled(int64_t value, double scale)
{
	double product;

	if (scale == 1)
		return value;
	if (scale == -1 && value != INT64_MIN)
		return -value;
	product = round((double)value * scale);
	if (product >= 0x1p63)
		return INT64_MAX;
	return product < -0x1p63 ? INT64_MIN : (int64_t)product;
}

static int map_labels(struct merge *merge, uint32_t sample, struct profile_label *ret,
		      size_t *ret_cnt)
{
	const struct profile_part *part = merge->source->part;
	const struct profile_label *labels;
	size_t cnt, kept = 0, i;
	int err = 0;

	labels = profile__labels(merge->source->profile, sample, &cnt);
	for (i = 0; !err && i < cnt; i++) {
		if (part && part->drop_numbers && !labels[i].str)
			continue;
		ret[kept] = labels[i];
		err = map_string(merge, labels[i].key, &ret[kept].key);
		if (!err)
			err = map_string(merge, labels[i].str, &ret[kept].str);
		if (!err)
			err = map_string(merge, labels[i].unit, &ret[kept].unit);
		kept++;
	}
	if (!err && merge->source->label)
		err = profile__label_str(merge->out, merge->source->label, "true", &ret[kept++]);
	*ret_cnt = kept;
	return err;
}

static int add_variances(struct merge *merge, uint32_t from, uint32_t to)
{
	const struct source *source = merge->source;
	const double *variances = profile__variances(source->profile, from);
	double values[PROFILE_TYPES_MAX];
	size_t i;

	if (!variances)
		return 0;
	for (i = 0; i < merge->out->type_cnt; i++)
		values[i] = variances[source->types[i]] * source->scales[i] * source->scales[i];
	return profile__add_variances(merge->out, to, values);
}

static int add_sample(struct merge *merge, uint32_t sample)
{
	const struct source *source = merge->source;
	const int64_t *from = profile__values(source->profile, sample);
	struct profile_label labels[PROFILE_LABELS_MAX + 1];
	int64_t values[PROFILE_TYPES_MAX];
	size_t loc_cnt, label_cnt, i;
	const uint32_t *locs;
	bool any = false;
	uint32_t to;
	int err;

	for (i = 0; i < merge->out->type_cnt; i++) {
		values[i] = scaled(from[source->types[i]], source->scales[i]);
		any |= values[i] != 0;
	}
	if (!any)
		return 0;
	locs = profile__stack(source->profile, sample, &loc_cnt);
	err = vec__reserve(&merge->stack, loc_cnt);
	for (i = 0; !err && i < loc_cnt; i++)
		err = map_location(merge, locs[i], &merge->stack.at[i]);
	if (!err)
		err = map_labels(merge, sample, labels, &label_cnt);
	if (!err)
		err = profile__add_sample(merge->out, merge->stack.at, loc_cnt, values, labels,
					  label_cnt, &to);
	return err ? err : add_variances(merge, sample, to);
}

static bool is_in(const struct profile_part *part, const struct profile *profile, uint32_t sample)
{
	const struct profile_label *label;

	if (!part || !part->key)
		return true;
	label = profile__find_label(profile, sample, part->key);
	if (!part->value)
		return !label || !label->str;
	return label && !strcmp(profile__str(profile, label->str), part->value);
}

static int add_source(struct merge *merge, const struct source *source)
{
	const struct profile_part *part = source->part;
	size_t cnt = profile__sample_cnt(source->profile), i = part ? part->first : 0;
	uint32_t mapping;
	int err = start_source(merge, source);

	if (part && part->cnt && part->cnt < cnt - (i < cnt ? i : cnt))
		cnt = i + part->cnt;
	if (!err && profile__mapping_cnt(source->profile)) /* the main binary stays the first */
		err = map_mapping(merge, 1, &mapping);
	for (; !err && i < cnt; i++) {
		if (is_in(part, source->profile, (uint32_t)i))
			err = add_sample(merge, (uint32_t)i);
	}
	return err;
}

/* --- headers --- */

static bool same_period_type(const struct profile *a, const struct profile *b)
{
	if (!a->meta.period_type || !b->meta.period_type)
		return true;
	return value_unit_compatible(profile__str(a, a->meta.period_type),
				     profile__str(b, b->meta.period_type)) &&
	       value_unit_compatible(profile__str(a, a->meta.period_unit),
				     profile__str(b, b->meta.period_unit));
}

/* One type of the first source as a type of the result, if all have it. */
static int add_type(struct merge *merge, struct source *sources, size_t cnt, size_t type)
{
	const char *name = profile__type_name(sources[0].profile, type);
	const char *unit = profile__type_unit(sources[0].profile, type), *finest = unit;
	size_t at = merge->out->type_cnt, i;

	for (i = 0; i < cnt; i++) {
		if (profile__find_type(sources[i].profile, name, &sources[i].types[at]))
			return 0;
		unit = profile__type_unit(sources[i].profile, sources[i].types[at]);
		if (!value_unit_compatible(unit, finest))
			return PROFILE_MERGE_UNITS;
		if (value_unit_of(unit).size < value_unit_of(finest).size)
			finest = unit;
	}
	for (i = 0; i < cnt; i++) {
		unit = profile__type_unit(sources[i].profile, sources[i].types[at]);
		sources[i].scales[at] = value_unit_of(unit).size / value_unit_of(finest).size;
	}
	return profile__add_type(merge->out, name, finest);
}

/* The longest period, in the unit of the first that has one. */
static void merge_period(const struct source *source, double unit_size, struct profile_meta *meta)
{
	const struct profile_meta *from = profile__meta(source->profile);
	double size = value_unit_of(profile__str(source->profile, from->period_unit)).size;
	int64_t period = scaled(from->period, size / unit_size);

	if (period > meta->period)
		meta->period = period;
}

/* A string of the header: the first source's that has one. */
static int first_string(struct merge *merge, const struct source *source, uint32_t from,
			uint32_t *to)
{
	if (*to || !from)
		return 0;
	return profile__add_string(merge->out, profile__str(source->profile, from), to);
}

/* Has @source samples that comment @index is about, as far as its part says? */
static bool has_subject(const struct source *source, size_t index)
{
	const struct profile_part *part = source->part;
	const char *service = strstr(profile__comment(source->profile, index), PROFILE_OF_SERVICE);
	size_t len;

	if (!service || !part || !part->key || strcmp(part->key, "service_name") != 0)
		return true;
	service += strlen(PROFILE_OF_SERVICE);
	len = part->value ? strlen(part->value) : 0;
	return len && !strncmp(service, part->value, len) && !strcmp(service + len, "]");
}

static int merge_header(struct merge *merge, const struct source *source, struct profile_meta *meta)
{
	const struct profile_meta *from = profile__meta(source->profile);
	size_t i;
	int err;

	if (from->time_ns && (!meta->time_ns || from->time_ns < meta->time_ns))
		meta->time_ns = from->time_ns;
	meta->duration_ns = profile_sum(meta->duration_ns, from->duration_ns);
	err = first_string(merge, source, from->period_type, &meta->period_type);
	if (!err)
		err = first_string(merge, source, from->period_unit, &meta->period_unit);
	if (!err)
		err = first_string(merge, source, from->default_type, &meta->default_type);
	if (!err)
		err = first_string(merge, source, from->drop_frames, &meta->drop_frames);
	if (!err)
		err = first_string(merge, source, from->keep_frames, &meta->keep_frames);
	if (!err)
		err = first_string(merge, source, from->doc_url, &meta->doc_url);
	for (i = 0; !err && i < profile__comment_cnt(source->profile); i++)
		err = has_subject(source, i) ? profile__copy_comment(merge->out, source->profile, i)
					     : 0;
	if (!err)
		merge_period(source,
			     value_unit_of(profile__str(merge->out, meta->period_unit)).size, meta);
	return err;
}

/* Types and header. 0, an outcome or -errno. */
static int merge_headers(struct merge *merge, struct source *sources, size_t cnt)
{
	struct profile_meta meta = {};
	size_t i;
	int ret = 0;

	for (i = 1; i < cnt; i++)
		if (!same_period_type(sources[0].profile, sources[i].profile))
			return PROFILE_MERGE_PERIOD_TYPES;
	for (i = 0; !ret && i < profile__type_cnt(sources[0].profile); i++)
		ret = add_type(merge, sources, cnt, i);
	if (!ret && !merge->out->type_cnt)
		return PROFILE_MERGE_NO_COMMON_TYPE;
	for (i = 0; !ret && i < cnt; i++)
		ret = merge_header(merge, &sources[i], &meta);
	if (!ret)
		merge->out->meta = meta;
	return ret;
}

static int merge_sources(struct merge *merge, struct source *sources, size_t cnt,
			 struct profile **ret)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < cnt; i++)
		err = add_source(merge, &sources[i]);
	if (err)
		return err;
	profile__compact(merge->out);
	*ret = TAKE_PTR(merge->out);
	return 0;
}

static int merge_parts(const struct profile *const *profiles, size_t cnt,
		       const struct profile_part *part, struct profile **ret)
{
	struct source *sources __free_mem = calloc(cnt, sizeof(*sources));
	struct merge *merge __free(merge) = merge__new();
	size_t i;
	int err;

	if (!cnt)
		return -EINVAL;
	if (!sources || !merge)
		return -ENOMEM;
	for (i = 0; i < cnt; i++)
		sources[i] = (struct source){ .profile = profiles[i], .part = part };
	err = merge_headers(merge, sources, cnt);
	return err ? err : merge_sources(merge, sources, cnt, ret);
}

int profile_merge(const struct profile *const *profiles, size_t cnt, struct profile **ret)
{
	return merge_parts(profiles, cnt, NULL, ret);
}

int profile_take(const struct profile *profile, const struct profile_part *part,
		 struct profile **ret)
{
	return merge_parts(&profile, 1, part, ret);
}

/* Makes the totals of @source those of @base, once units agree. */
static void normalize(struct source *source, const struct source *base, size_t type_cnt)
{
	int64_t totals[PROFILE_TYPES_MAX], base_totals[PROFILE_TYPES_MAX];
	double from, to;
	size_t i;

	profile__totals(source->profile, totals);
	profile__totals(base->profile, base_totals);
	for (i = 0; i < type_cnt; i++) {
		from = (double)totals[source->types[i]] * source->scales[i];
		to = (double)base_totals[base->types[i]] * base->scales[i];
		source->scales[i] *= from != 0 ? to / from : 0;
	}
}

static bool is_counter(const struct profile *profile, size_t type)
{
	return !strncmp(profile__type_name(profile, type), "alloc_", 6);
}

int profile_diff(const struct profile *base, const struct profile *after, uint32_t flags,
		 struct profile **ret)
{
	struct source sources[2] = { { .profile = after }, { .profile = base } };
	struct merge *merge __free(merge) = merge__new();
	size_t i;
	int err;

	if (!merge)
		return -ENOMEM;
	err = merge_headers(merge, sources, 2);
	if (err)
		return err;
	if (flags & PROFILE_DIFF_NORMALIZE)
		normalize(&sources[0], &sources[1], merge->out->type_cnt);
	for (i = 0; i < merge->out->type_cnt; i++)
		sources[1].scales[i] = flags & PROFILE_DIFF_COUNTERS && !is_counter(merge->out, i)
					       ? 0
					       : -sources[1].scales[i];
	if (flags & PROFILE_DIFF_LABEL_BASE)
		sources[1].label = BASE_LABEL;
	return merge_sources(merge, sources, 2, ret);
}
