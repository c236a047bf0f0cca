// SPDX-License-Identifier: Apache-2.0
/*
 * A request has the profiles of its resources, and one dictionary that all of them point into. Row 0 of each table of the
 * dictionary is "none", and ours are numbered from 1: the model's numbers are the dictionary's. Only stacks and
 * attributes get new ones.
 *
 * An OTLP profile has one kind of value: ours becomes one per sample type, with the same stacks.
 */
#include "encode/otlp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "encode/deflate.h"
#include "encode/protobuf.h"

enum { REQUEST_RESOURCE_PROFILES = 1, REQUEST_DICTIONARY = 2 };
enum { RESOURCE_PROFILES_RESOURCE = 1, RESOURCE_PROFILES_SCOPE_PROFILES = 2 };
enum { RESOURCE_ATTRIBUTES = 1 };
enum { SCOPE_PROFILES_SCOPE = 1, SCOPE_PROFILES_PROFILES = 2 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2 };
enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum { ANY_STRING = 1, ANY_INT = 3 };
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLES = 2,
	PROFILE_TIME_UNIX_NANO = 3,
	PROFILE_DURATION_NANO = 4,
	PROFILE_PERIOD_TYPE = 5,
	PROFILE_PERIOD = 6,
};
enum { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2 };
enum { SAMPLE_STACK = 1, SAMPLE_ATTRIBUTES = 2, SAMPLE_VALUES = 4 };
enum {
	TABLE_MAPPING = 1,
	TABLE_LOCATION = 2,
	TABLE_FUNCTION = 3,
	TABLE_LINK = 4,
	TABLE_STRING = 5,
	TABLE_ATTRIBUTE = 6,
	TABLE_STACK = 7,
};
enum {
	MAPPING_START = 1,
	MAPPING_LIMIT = 2,
	MAPPING_OFFSET = 3,
	MAPPING_FILENAME = 4,
	MAPPING_ATTRIBUTES = 5,
};
enum { LOCATION_MAPPING = 1, LOCATION_ADDRESS = 2, LOCATION_LINES = 3 };
enum { LINE_FUNCTION = 1, LINE_LINE = 2, LINE_COLUMN = 3 };
enum {
	FUNCTION_NAME = 1,
	FUNCTION_SYSTEM_NAME = 2,
	FUNCTION_FILENAME = 3,
	FUNCTION_START_LINE = 4
};
enum { STACK_LOCATIONS = 1 };
enum { ATTRIBUTE_KEY = 1, ATTRIBUTE_VALUE = 2, ATTRIBUTE_UNIT = 3 };
enum { RESPONSE_PARTIAL_SUCCESS = 1, PARTIAL_REJECTED = 1 };

/* Our labels by the names of OpenTelemetry's semantic conventions; NULL: the resource says it. Others stay as they are. */
static const struct {
	const char *label, *attribute;
} names[] = {
	{ "comm", "process.executable.name" },
	{ "container_id", "container.id" },
	{ "pid", "process.pid" },
	{ "pod_uid", "k8s.pod.uid" },
	{ "service_name", NULL },
	{ "tid", "thread.id" },
};
#define BUILD_ID "process.executable.build_id.gnu"

struct otlp_out {
	const struct profile *profile;
	struct writer *writer;
	struct pb_msg table;   /* rows of a table, or a profile */
	struct pb_msg message; /* one of them */
	struct pb_msg inner;
	struct pb_msg attributes;       /* of the dictionary: its table as it grows */
	struct hashmap *attribute_rows; /* hash of key and value -> row */
	uint64_t attribute_cnt;
	VEC(const char *) strings; /* beyond the profile's */
	VEC(uint64_t) numbers;
};

static void otlp_out__free(struct otlp_out *out)
{
	pb_msg__done(&out->table);
	pb_msg__done(&out->message);
	pb_msg__done(&out->inner);
	pb_msg__done(&out->attributes);
	hashmap__free(out->attribute_rows);
	vec__done(&out->strings);
	vec__done(&out->numbers);
	free(out);
}
DEFINE_CLEANUP(otlp_out);

static void fail(struct otlp_out *out, int err)
{
	writer__fail(out->writer, err);
}

/* A string that the profile may not have; @str is a constant. */
static uint64_t own_string(struct otlp_out *out, const char *str)
{
	size_t i;

	for (i = 0; i < out->strings.cnt; i++) {
		if (out->strings.at[i] == str)
			return profile__string_cnt(out->profile) + i;
	}
	if (vec__push(&out->strings, str))
		fail(out, -ENOMEM);
	return profile__string_cnt(out->profile) + i;
}

/* --- attributes --- */

/* The row of the attribute; 0: it is none. */
static uint64_t attribute(struct otlp_out *out, uint64_t key, uint32_t str, int64_t num,
			  uint32_t unit)
{
	uint64_t hash = hash_combine(hash_combine(hash_combine(key, str), (uint64_t)num), unit);
	bool is_new;
	uint64_t *row = hashmap__slot(out->attribute_rows, hash, out->attribute_cnt, &is_new);
	const char *text;

	if (!row)
		return fail(out, -ENOMEM), 0;
	if (!is_new)
		return *row;
	pb_msg__reset(&out->inner);
	if (str) {
		text = profile__str(out->profile, str);
		pb_msg__bytes(&out->inner, ANY_STRING, text, strlen(text));
	} else {
		/* Zero, too: a value must be there. */
		pb_msg__varint(&out->inner, ANY_INT << 3 | PB_VARINT);
		pb_msg__varint(&out->inner, (uint64_t)num);
	}
	pb_msg__reset(&out->message);
	pb_msg__u64(&out->message, ATTRIBUTE_KEY, key);
	pb_msg__msg(&out->message, ATTRIBUTE_VALUE, &out->inner);
	pb_msg__u64(&out->message, ATTRIBUTE_UNIT, unit);
	pb_msg__msg(&out->attributes, TABLE_ATTRIBUTE, &out->message);
	return out->attribute_cnt++;
}

/* The number of the string that a label's key is called by; 0: it is left out. */
static uint64_t attribute_key(struct otlp_out *out, const struct profile_label *label)
{
	const char *key = profile__str(out->profile, label->key);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i].label, key))
			return names[i].attribute ? own_string(out, names[i].attribute) : 0;
	}
	return label->key;
}

static void collect_attributes(struct otlp_out *out, uint32_t sample)
{
	size_t cnt, i;
	const struct profile_label *labels = profile__labels(out->profile, sample, &cnt);
	uint64_t key, row;

	out->numbers.cnt = 0;
	for (i = 0; i < cnt; i++) {
		key = attribute_key(out, &labels[i]);
		row = key ? attribute(out, key, labels[i].str, labels[i].num, labels[i].unit) : 0;
		if (row && vec__push(&out->numbers, row))
			fail(out, -ENOMEM);
	}
}

/* --- profiles --- */

static void add_value_type(struct pb_msg *to, struct pb_msg *scratch, uint32_t field, uint32_t type,
			   uint32_t unit)
{
	pb_msg__reset(scratch);
	pb_msg__u64(scratch, VALUE_TYPE_TYPE, type);
	pb_msg__u64(scratch, VALUE_TYPE_UNIT, unit);
	pb_msg__msg(to, field, scratch);
}

static void add_sample(struct otlp_out *out, uint32_t sample, size_t type)
{
	uint64_t value = (uint64_t)profile__values(out->profile, sample)[type];

	if (!value)
		return;
	collect_attributes(out, sample);
	pb_msg__reset(&out->message);
	pb_msg__u64(&out->message, SAMPLE_STACK, profile__stack_id(out->profile, sample) + 1);
	pb_msg__packed(&out->message, SAMPLE_ATTRIBUTES, out->numbers.at, out->numbers.cnt);
	pb_msg__packed(&out->message, SAMPLE_VALUES, &value, 1);
	pb_msg__msg(&out->table, PROFILE_SAMPLES, &out->message);
}

/* All of one sample type, in out->table. */
static void make_profile(struct otlp_out *out, size_t type)
{
	const struct profile_meta *meta = profile__meta(out->profile);
	const struct profile_type *sample_type = profile__type(out->profile, type);
	size_t i;

	pb_msg__reset(&out->table);
	add_value_type(&out->table, &out->inner, PROFILE_SAMPLE_TYPE, sample_type->name,
		       sample_type->unit);
	for (i = 0; i < profile__sample_cnt(out->profile) && !writer__error(out->writer); i++)
		add_sample(out, (uint32_t)i, type);
	pb_msg__fixed64(&out->table, PROFILE_TIME_UNIX_NANO, (uint64_t)meta->time_ns);
	pb_msg__u64(&out->table, PROFILE_DURATION_NANO, (uint64_t)meta->duration_ns);
	add_value_type(&out->table, &out->inner, PROFILE_PERIOD_TYPE, meta->period_type,
		       meta->period_unit);
	pb_msg__u64(&out->table, PROFILE_PERIOD, (uint64_t)meta->period);
}

static void add_text_attribute(struct pb_msg *resource, struct otlp_out *out, const char *key,
			       const char *value)
{
	pb_msg__reset(&out->inner);
	pb_msg__bytes(&out->inner, ANY_STRING, value, strlen(value));
	pb_msg__reset(&out->message);
	pb_msg__bytes(&out->message, KEY_VALUE_KEY, key, strlen(key));
	pb_msg__msg(&out->message, KEY_VALUE_VALUE, &out->inner);
	pb_msg__msg(resource, RESOURCE_ATTRIBUTES, &out->message);
}

static void write_profiles(struct otlp_out *out, const struct otlp_resource *resource)
{
	struct pb_msg whole __attribute__((cleanup(pb_msg__done))) = {};
	struct pb_msg scope __attribute__((cleanup(pb_msg__done))) = {};
	size_t i;

	/* The resource's message is done with before the profiles need the room. */
	add_text_attribute(&scope, out, "service.name", resource->service);
	add_text_attribute(&scope, out, "host.name", resource->host);
	pb_msg__msg(&whole, RESOURCE_PROFILES_RESOURCE, &scope);
	pb_msg__reset(&scope);
	pb_msg__reset(&out->inner);
	pb_msg__bytes(&out->inner, SCOPE_NAME, "heaptap", strlen("heaptap"));
	pb_msg__bytes(&out->inner, SCOPE_VERSION, HEAPTAP_VERSION, strlen(HEAPTAP_VERSION));
	pb_msg__msg(&scope, SCOPE_PROFILES_SCOPE, &out->inner);
	for (i = 0; i < profile__type_cnt(out->profile); i++) {
		make_profile(out, i);
		pb_msg__msg(&scope, SCOPE_PROFILES_PROFILES, &out->table);
	}
	pb_msg__msg(&whole, RESOURCE_PROFILES_SCOPE_PROFILES, &scope);
	pb_write_msg(out->writer, REQUEST_RESOURCE_PROFILES, &whole);
}

/* --- the dictionary --- */

static void add_mappings(struct otlp_out *out, struct pb_msg *dictionary)
{
	uint64_t build_id_key = own_string(out, BUILD_ID), row;
	uint32_t i;

	for (i = 0; i <= profile__mapping_cnt(out->profile); i++) {
		const struct profile_mapping *map = profile__mapping(out->profile, i);

		row = map->build_id ? attribute(out, build_id_key, map->build_id, 0, 0) : 0;
		pb_msg__reset(&out->message);
		pb_msg__u64(&out->message, MAPPING_START, map->start);
		pb_msg__u64(&out->message, MAPPING_LIMIT, map->limit);
		pb_msg__u64(&out->message, MAPPING_OFFSET, map->file_offset);
		pb_msg__u64(&out->message, MAPPING_FILENAME, map->filename);
		pb_msg__packed(&out->message, MAPPING_ATTRIBUTES, &row, row ? 1 : 0);
		pb_msg__msg(dictionary, TABLE_MAPPING, &out->message);
	}
}

static void add_locations(struct otlp_out *out, struct pb_msg *dictionary)
{
	uint32_t i;

	for (i = 0; i <= profile__location_cnt(out->profile); i++) {
		const struct profile_location *loc = profile__location(out->profile, i);
		size_t cnt, j;
		const struct profile_line *lines = profile__lines(out->profile, i, &cnt);

		pb_msg__reset(&out->message);
		pb_msg__u64(&out->message, LOCATION_MAPPING, loc->mapping);
		pb_msg__u64(&out->message, LOCATION_ADDRESS, loc->address);
		for (j = 0; i && j < cnt; j++) {
			pb_msg__reset(&out->inner);
			pb_msg__u64(&out->inner, LINE_FUNCTION, lines[j].function);
			pb_msg__u64(&out->inner, LINE_LINE, (uint64_t)lines[j].line);
			pb_msg__u64(&out->inner, LINE_COLUMN, (uint64_t)lines[j].column);
			pb_msg__msg(&out->message, LOCATION_LINES, &out->inner);
		}
		pb_msg__msg(dictionary, TABLE_LOCATION, &out->message);
	}
}

static void add_functions(struct otlp_out *out, struct pb_msg *dictionary)
{
	uint32_t i;

	for (i = 0; i <= profile__function_cnt(out->profile); i++) {
		const struct profile_function *fn = profile__function(out->profile, i);

		pb_msg__reset(&out->message);
		pb_msg__u64(&out->message, FUNCTION_NAME, fn->name);
		pb_msg__u64(&out->message, FUNCTION_SYSTEM_NAME, fn->system_name);
		pb_msg__u64(&out->message, FUNCTION_FILENAME, fn->filename);
		pb_msg__u64(&out->message, FUNCTION_START_LINE, (uint64_t)fn->start_line);
		pb_msg__msg(dictionary, TABLE_FUNCTION, &out->message);
	}
}

static void add_stack(struct otlp_out *out, struct pb_msg *dictionary, uint32_t sample)
{
	size_t cnt, i;
	const uint32_t *locs = profile__stack(out->profile, sample, &cnt);

	if (vec__reserve(&out->numbers, cnt))
		return fail(out, -ENOMEM);
	for (i = 0; i < cnt; i++)
		out->numbers.at[i] = locs[i];
	pb_msg__reset(&out->message);
	pb_msg__packed(&out->message, STACK_LOCATIONS, out->numbers.at, cnt);
	pb_msg__msg(dictionary, TABLE_STACK, &out->message);
}

/* In the order of their numbers, each by any sample that has it. */
static void add_stacks(struct otlp_out *out, struct pb_msg *dictionary)
{
	size_t stack_cnt = profile__stack_cnt(out->profile), i;
	uint32_t *samples __free_mem = calloc(stack_cnt + 1, sizeof(*samples));

	if (!samples)
		return fail(out, -ENOMEM);
	for (i = 0; i < profile__sample_cnt(out->profile); i++)
		samples[profile__stack_id(out->profile, (uint32_t)i)] = (uint32_t)i;
	pb_msg__bytes(dictionary, TABLE_STACK, "", 0);
	for (i = 0; i < stack_cnt; i++)
		add_stack(out, dictionary, samples[i]);
}

static void write_dictionary(struct otlp_out *out)
{
	struct pb_msg dictionary __attribute__((cleanup(pb_msg__done))) = {};
	const char *str;
	uint32_t i;

	add_mappings(out, &dictionary);
	add_locations(out, &dictionary);
	add_functions(out, &dictionary);
	pb_msg__bytes(&dictionary, TABLE_LINK, "", 0);
	for (i = 0; i < profile__string_cnt(out->profile); i++) {
		str = profile__str(out->profile, i);
		pb_msg__bytes(&dictionary, TABLE_STRING, str, strlen(str));
	}
	for (i = 0; i < out->strings.cnt; i++)
		pb_msg__bytes(&dictionary, TABLE_STRING, out->strings.at[i],
			      strlen(out->strings.at[i]));
	pb_msg__append(&dictionary, &out->attributes);
	add_stacks(out, &dictionary);
	pb_write_msg(out->writer, REQUEST_DICTIONARY, &dictionary);
}

int encode_otlp(const struct profile *profile, const struct otlp_resource *resource,
		struct writer *writer)
{
	struct otlp_out *out __free(otlp_out) = calloc(1, sizeof(*out));
	struct deflate *gzip __free(deflate) = deflate__new(writer);
	int err;

	if (!out || !gzip)
		return -ENOMEM;
	out->profile = profile;
	out->writer = deflate__writer(gzip);
	out->attribute_rows = hashmap__new();
	if (!out->attribute_rows)
		return -ENOMEM;
	/* Row 0 is none. */
	pb_msg__bytes(&out->attributes, TABLE_ATTRIBUTE, "", 0);
	out->attribute_cnt = 1;
	write_profiles(out, resource);
	write_dictionary(out);
	err = writer__error(out->writer);
	return err ? err : deflate__finish(gzip);
}

uint64_t otlp_rejected_cnt(const void *response, size_t len_bytes)
{
	const unsigned char *bytes = response;
	struct pb_cursor whole = { bytes, bytes + len_bytes };
	struct pb_field field, part;
	uint64_t cnt = 0;

	while (pb_next(&whole, &field) > 0) {
		if (field.number != RESPONSE_PARTIAL_SUCCESS || field.wire != PB_BYTES)
			continue;
		while (pb_next(&field.bytes, &part) > 0) {
			if (part.number == PARTIAL_REJECTED && part.wire == PB_VARINT)
				cnt = part.value;
		}
	}
	return cnt;
}
