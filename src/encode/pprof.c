// SPDX-License-Identifier: Apache-2.0
/*
 * pprof, as the strictest of its readers wants it (rules and their names: pprof_check.h).
 *
 * Only what samples use is written, and ids count 1, 2, 3… in the order of writing: samples come
 * first and give numbers to their locations, locations to functions, all of them to strings; each
 * table is then written in the order of its new numbers. Mappings keep their order and are all
 * written, for the first is "the main binary".
 */
#include "encode/encoder.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "encode/deflate.h"
#include "encode/pprof_decode.h" /* field numbers */
#include "encode/protobuf.h"

/* New numbers by old ones, and the old ones in the order of the new. */
struct renumber {
	uint32_t *news; /* 0: not used yet */
	VEC(uint32_t) olds;
};

struct pprof_out {
	const struct profile *profile;
	struct writer *writer;
	struct renumber locations;
	struct renumber functions;
	struct renumber strings; /* new number - 1: string 0 is "" on both sides */
	struct hashmap *fake_addresses;
	struct pb_msg msg;
	struct pb_msg inner;
	VEC(uint64_t) numbers;
	bool no_default;
};

static void pprof_out__free(struct pprof_out *out)
{
	struct renumber *tables[] = { &out->locations, &out->functions, &out->strings };
	size_t i;

	for (i = 0; i < 3; i++) {
		free(tables[i]->news);
		vec__done(&tables[i]->olds);
	}
	hashmap__free(out->fake_addresses);
	pb_msg__done(&out->msg);
	pb_msg__done(&out->inner);
	vec__done(&out->numbers);
	free(out);
}
DEFINE_CLEANUP(pprof_out);

static struct pprof_out *pprof_out__new(const struct profile *profile, struct writer *writer)
{
	struct pprof_out *out __free(pprof_out) = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->profile = profile;
	out->writer = writer;
	out->locations.news = calloc(profile__location_cnt(profile) + 1, sizeof(uint32_t));
	out->functions.news = calloc(profile__function_cnt(profile) + 1, sizeof(uint32_t));
	out->strings.news = calloc(profile__string_cnt(profile) + 1, sizeof(uint32_t));
	out->fake_addresses = hashmap__new();
	if (!out->locations.news || !out->functions.news || !out->strings.news ||
	    !out->fake_addresses)
		return NULL;
	return TAKE_PTR(out);
}

/* 1, 2, 3… in the order of asking; 0 stays 0. */
static uint64_t number(struct pprof_out *out, struct renumber *table, uint32_t old)
{
	if (!old || table->news[old])
		return old ? table->news[old] : 0;
	if (vec__push(&table->olds, old)) {
		writer__fail(out->writer, -ENOMEM);
		return 0;
	}
	table->news[old] = (uint32_t)table->olds.cnt;
	return table->news[old];
}

static uint64_t string(struct pprof_out *out, uint32_t old)
{
	return number(out, &out->strings, old);
}

static void write_type(struct pprof_out *out, uint32_t field, uint32_t name, uint32_t unit)
{
	pb_msg__reset(&out->msg);
	pb_msg__u64(&out->msg, 1, string(out, name));
	pb_msg__u64(&out->msg, 2, string(out, unit));
	pb_write_msg(out->writer, field, &out->msg);
}

static bool all_zero(const int64_t *values, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++)
		if (values[i])
			return false;
	return true;
}

static void write_sample(struct pprof_out *out, uint32_t sample)
{
	const int64_t *values = profile__values(out->profile, sample);
	size_t type_cnt = profile__type_cnt(out->profile), loc_cnt, label_cnt, i;
	const uint32_t *locs = profile__stack(out->profile, sample, &loc_cnt);
	const struct profile_label *labels = profile__labels(out->profile, sample, &label_cnt);

	if (all_zero(values, type_cnt))
		return; /* dropped by every merge: nobody may rely on it */
	if (vec__reserve(&out->numbers, loc_cnt)) {
		writer__fail(out->writer, -ENOMEM);
		return;
	}
	for (i = 0; i < loc_cnt; i++)
		out->numbers.at[i] = number(out, &out->locations, locs[i]);
	pb_msg__reset(&out->msg);
	pb_msg__packed(&out->msg, 1, out->numbers.at, loc_cnt);
	pb_msg__packed(&out->msg, 2, (const uint64_t *)values, type_cnt);
	for (i = 0; i < label_cnt; i++) {
		pb_msg__reset(&out->inner);
		pb_msg__u64(&out->inner, 1, string(out, labels[i].key));
		pb_msg__u64(&out->inner, 2, string(out, labels[i].str));
		pb_msg__u64(&out->inner, 3, (uint64_t)labels[i].num);
		pb_msg__u64(&out->inner, 4, string(out, labels[i].unit));
		pb_msg__msg(&out->msg, 3, &out->inner);
	}
	pb_write_msg(out->writer, PPROF_SAMPLE, &out->msg);
}

static void write_mapping(struct pprof_out *out, uint32_t mapping)
{
	const struct profile_mapping *map = profile__mapping(out->profile, mapping);
	uint32_t i;

	pb_msg__reset(&out->msg);
	pb_msg__u64(&out->msg, 1, mapping);
	pb_msg__u64(&out->msg, 2, map->start);
	pb_msg__u64(&out->msg, 3, map->limit);
	pb_msg__u64(&out->msg, 4, map->file_offset);
	pb_msg__u64(&out->msg, 5, string(out, map->filename));
	pb_msg__u64(&out->msg, 6, string(out, map->build_id));
	for (i = 0; i < 4; i++) /* flags are in the order of the fields */
		pb_msg__u64(&out->msg, 7 + i, map->flags >> i & 1);
	pb_write_msg(out->writer, PPROF_MAPPING, &out->msg);
}

/*
 * Some readers know a frame by its address alone, so each needs one of its own, the same in the
 * next file: made from what the frame says, in a range that no program has.
 */
static uint64_t fake_address(struct pprof_out *out, uint32_t location)
{
	const struct profile_line *lines;
	size_t cnt, i;
	uint64_t hash = 0;
	bool is_new;

	lines = profile__lines(out->profile, location, &cnt);
	for (i = 0; i < cnt; i++) {
		const struct profile_function *fn =
			profile__function(out->profile, lines[i].function);
		const char *name = profile__str(out->profile, fn->name);
		const char *file = profile__str(out->profile, fn->filename);

		hash = hash_combine(hash, hash_bytes(name, strlen(name)));
		hash = hash_combine(hash, hash_bytes(file, strlen(file)));
		hash = hash_combine(hash, (uint64_t)lines[i].line);
	}
	for (;; hash++) {
		hash = 0xf000000000000000ULL | (hash & 0xffffffffffffULL);
		if (!hashmap__slot(out->fake_addresses, hash, 1, &is_new)) {
			writer__fail(out->writer, -ENOMEM);
			return hash;
		}
		if (is_new)
			return hash;
	}
}

static void write_location(struct pprof_out *out, uint32_t id, uint32_t location)
{
	const struct profile_location *loc = profile__location(out->profile, location);
	const struct profile_line *lines;
	size_t cnt, i;

	pb_msg__reset(&out->msg);
	pb_msg__u64(&out->msg, 1, id);
	pb_msg__u64(&out->msg, 2, loc->mapping);
	pb_msg__u64(&out->msg, 3, loc->address ? loc->address : fake_address(out, location));
	lines = profile__lines(out->profile, location, &cnt);
	for (i = 0; i < cnt; i++) {
		pb_msg__reset(&out->inner);
		pb_msg__u64(&out->inner, 1, number(out, &out->functions, lines[i].function));
		pb_msg__u64(&out->inner, 2, (uint64_t)lines[i].line);
		pb_msg__u64(&out->inner, 3, (uint64_t)lines[i].column);
		pb_msg__msg(&out->msg, 4, &out->inner);
	}
	pb_msg__u64(&out->msg, 5, loc->is_folded);
	pb_write_msg(out->writer, PPROF_LOCATION, &out->msg);
}

static void write_function(struct pprof_out *out, uint32_t id, uint32_t function)
{
	const struct profile_function *fn = profile__function(out->profile, function);

	pb_msg__reset(&out->msg);
	pb_msg__u64(&out->msg, 1, id);
	pb_msg__u64(&out->msg, 2, string(out, fn->name));
	pb_msg__u64(&out->msg, 3, string(out, fn->system_name));
	pb_msg__u64(&out->msg, 4, string(out, fn->filename));
	pb_msg__u64(&out->msg, 5, (uint64_t)fn->start_line);
	pb_write_msg(out->writer, PPROF_FUNCTION, &out->msg);
}

/* The header's strings have to be numbered before the string table is written. */
static void write_header(struct pprof_out *out)
{
	const struct profile_meta *meta = profile__meta(out->profile);
	struct writer *writer = out->writer;
	size_t i;

	pb_write_u64(writer, PPROF_DROP_FRAMES, string(out, meta->drop_frames));
	pb_write_u64(writer, PPROF_KEEP_FRAMES, string(out, meta->keep_frames));
	pb_write_u64(writer, PPROF_TIME, (uint64_t)meta->time_ns);
	pb_write_u64(writer, PPROF_DURATION, (uint64_t)meta->duration_ns);
	if (meta->period_type || meta->period_unit)
		write_type(out, PPROF_PERIOD_TYPE, meta->period_type, meta->period_unit);
	pb_write_u64(writer, PPROF_PERIOD, (uint64_t)meta->period);
	for (i = 0; i < profile__comment_cnt(out->profile); i++)
		pb_write_u64(writer, PPROF_COMMENT,
			     string(out, profile__comment_id(out->profile, i)));
	if (!out->no_default)
		pb_write_u64(writer, PPROF_DEFAULT_TYPE, string(out, meta->default_type));
	pb_write_u64(writer, PPROF_DOC_URL, string(out, meta->doc_url));
}

static void write_strings(struct pprof_out *out)
{
	const char *str;
	size_t i;

	pb_write_bytes(out->writer, PPROF_STRING, "", 0);
	for (i = 0; i < out->strings.olds.cnt; i++) {
		str = profile__str(out->profile, out->strings.olds.at[i]);
		pb_write_bytes(out->writer, PPROF_STRING, str, strlen(str));
	}
}

static int write_message(const struct profile *profile, const struct encode_options *options,
			 struct writer *writer)
{
	struct pprof_out *out __free(pprof_out) = pprof_out__new(profile, writer);
	size_t sample_cnt = profile__sample_cnt(profile), i;

	if (!out)
		return -ENOMEM;
	out->no_default = options->no_default;
	for (i = 0; i < profile__type_cnt(profile); i++)
		write_type(out, PPROF_SAMPLE_TYPE, profile__type(profile, i)->name,
			   profile__type(profile, i)->unit);
	for (i = 0; i < sample_cnt && !writer__error(writer); i++)
		write_sample(out, (uint32_t)i);
	for (i = 1; i <= profile__mapping_cnt(profile); i++)
		write_mapping(out, (uint32_t)i);
	for (i = 0; i < out->locations.olds.cnt && !writer__error(writer); i++)
		write_location(out, (uint32_t)i + 1, out->locations.olds.at[i]);
	for (i = 0; i < out->functions.olds.cnt && !writer__error(writer); i++)
		write_function(out, (uint32_t)i + 1, out->functions.olds.at[i]);
	write_header(out);
	write_strings(out);
	return writer__error(writer);
}

int encode_pprof(const struct profile *profile, const struct encode_options *options,
		 struct writer *writer)
{
	struct deflate *gzip __free(deflate) = deflate__new(writer);
	int err;

	if (!gzip)
		return -ENOMEM;
	err = write_message(profile, options, deflate__writer(gzip));
	return err ? err : deflate__finish(gzip);
}
