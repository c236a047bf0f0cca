// SPDX-License-Identifier: Apache-2.0
/* What is written is what is read, in the same bytes each time, and breaks no rule. */
#include "encode/encoder.h"

#include <errno.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "encode/pprof_check.h"
#include "encode/pprof_read.h"

static struct buf *encode(const struct profile *profile)
{
	struct encode_options options = { .metric = 0 };
	struct buf *buf = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_int_equal(encoder_write(encoder_by_name("pprof"), profile, &options, writer), 0);
	return buf;
}

static struct profile *decode(const struct buf *buf)
{
	struct profile *profile = NULL;

	assert_int_equal(pprof_read_mem(buf__data(buf), buf__len(buf), NULL, &profile), 0);
	return profile;
}

/* Two frames, one with an inlined function, labels of both kinds, a location and a function without
 * use. */
static struct profile *new_profile(void)
{
	struct profile *profile = profile__new_heap();
	struct profile_meta meta = *profile__meta(profile);
	struct profile_line lines[2] = { { .line = 5 }, { .line = 6, .column = 3 } };
	struct profile_label labels[2];
	const int64_t values[] = { 1, -64, 3, INT64_MAX };
	uint32_t app, locs[3], unused;

	meta.time_ns = 1700000000123456789;
	meta.duration_ns = 3;
	meta.period = 524288;
	profile__add_string(profile, "https://example.org/", &meta.doc_url);
	profile__add_string(profile, "alloc_space", &meta.default_type);
	profile__set_meta(profile, &meta);
	profile__add_comment(profile, "first");
	profile__add_comment(profile, "second");
	profile__add_function(profile, "unused", NULL, NULL, 0, &unused);
	profile__add_mapping(profile, 0x1000, 0x3000, 0x40, "/bin/app", "00ff",
			     PROFILE_HAS_FUNCTIONS | PROFILE_HAS_INLINE_FRAMES, &app);
	profile__add_function(profile, "inner", "_inner", "a.h", 2, &lines[0].function);
	profile__add_function(profile, "outer", NULL, "a.c", 1, &lines[1].function);
	profile__add_location(profile, app, 0x2fff, &lines[1], 1, true, &unused);
	profile__add_location(profile, app, 0x2000, lines, 2, false, &locs[0]);
	profile__add_location(profile, app, 0x2010, NULL, 0, false, &locs[1]);
	profile__label_str(profile, "comm", "app", &labels[0]);
	profile__label_num(profile, "bytes", 64, "bytes", &labels[1]);
	profile__add_sample(profile, locs, 2, values, labels, 2, NULL);
	return profile;
}

static void test_round_trip(void **state)
{
	struct profile *from __free(profile) = new_profile();
	struct buf *bytes __free(buf) = encode(from);
	struct profile *to __free(profile) = decode(bytes);
	const struct profile_line *lines;
	const struct profile_mapping *map;
	const uint32_t *stack;
	size_t cnt;

	assert_int_equal(profile__sample_cnt(to), 1);
	assert_memory_equal(profile__values(to, 0), profile__values(from, 0), 32);
	stack = profile__stack(to, 0, &cnt);
	assert_int_equal(cnt, 2);
	assert_int_equal(stack[0], 1);
	assert_int_equal(stack[1], 2);
	assert_int_equal(profile__location_cnt(to), 2); /* unused ones are gone */
	assert_int_equal(profile__function_cnt(to), 3);
	lines = profile__lines(to, stack[0], &cnt);
	assert_int_equal(cnt, 2);
	assert_string_equal(profile__line_name(to, &lines[0]), "inner");
	assert_string_equal(profile__str(to, profile__function(to, lines[0].function)->system_name),
			    "_inner");
	assert_int_equal(profile__function(to, lines[0].function)->start_line, 2);
	assert_int_equal(lines[1].line, 6);
	assert_int_equal(lines[1].column, 3);
	lines = profile__lines(to, stack[1], &cnt);
	assert_string_equal(profile__line_name(to, lines), "app+0x1050");
	map = profile__mapping(to, 1);
	assert_int_equal(map->limit, 0x3000);
	assert_int_equal(map->flags, PROFILE_HAS_FUNCTIONS | PROFILE_HAS_INLINE_FRAMES);
	assert_string_equal(profile__str(to, map->build_id), "00ff");
	assert_int_equal(profile__meta(to)->time_ns, 1700000000123456789);
	assert_int_equal(profile__meta(to)->period, 524288);
	assert_int_equal(profile__default_type(to), PROFILE_ALLOC_SPACE);
	assert_string_equal(profile__comment(to, 1), "second");
	assert_int_equal(profile__find_label(to, 0, "bytes")->num, 64);
	assert_string_equal(profile__str(to, profile__find_label(to, 0, "comm")->str), "app");
}

static void test_equal_bytes(void **state)
{
	struct profile *a __free(profile) = new_profile(), *b __free(profile) = new_profile();
	struct buf *x __free(buf) = encode(a), *y __free(buf) = encode(b);
	struct profile *again __free(profile) = decode(x);
	struct buf *z __free(buf) = encode(again);

	assert_int_equal(buf__len(x), buf__len(y));
	assert_memory_equal(buf__data(x), buf__data(y), buf__len(x));
	assert_int_equal(buf__len(x), buf__len(z));
	assert_memory_equal(buf__data(x), buf__data(z), buf__len(x));
}

static void test_rules(void **state)
{
	struct profile *profile __free(profile) = new_profile();
	struct buf *bytes __free(buf) = encode(profile);
	struct pprof_report *report __free(pprof_report) = NULL;

	assert_int_equal(pprof_check_mem(buf__data(bytes), buf__len(bytes), NULL, &report), 0);
	assert_int_equal(pprof_report__cnt(report), 1);
	assert_string_equal(pprof_report__at(report, 0)->rule->id, "sample-negative");
}

static void test_zero_samples(void **state)
{
	struct profile *profile __free(profile) = new_profile(), *to __free(profile) = NULL;
	struct buf *bytes __free(buf) = NULL;
	const int64_t zeros[4] = {}, ones[4] = { 1, 1, 1, 1 };
	uint32_t loc = 1;

	profile__add_sample(profile, &loc, 1, zeros, NULL, 0, NULL);
	profile__add_sample(profile, NULL, 0, ones, NULL, 0, NULL);
	bytes = encode(profile);
	to = decode(bytes);
	assert_int_equal(profile__sample_cnt(to), 2);
}

/* Frames without an address get one each, the same ones in every file. */
static void test_fake_addresses(void **state)
{
	struct profile *profile __free(profile) = profile__new_heap(), *to __free(profile) = NULL;
	struct buf *bytes __free(buf) = NULL;
	const int64_t values[4] = { 1, 1, 1, 1 };
	struct profile_line line = {};
	uint32_t locs[3], app;
	uint64_t first, second, third;

	profile__add_mapping(profile, 1, 2, 3, "[system-wide]", NULL, 0, &app);
	profile__add_function(profile, "[stack lost: map full]", NULL, NULL, 0, &line.function);
	profile__add_location(profile, 0, 0, &line, 1, false, &locs[0]);
	profile__add_location(profile, app, 0, &line, 1, false, &locs[1]);
	profile__add_function(profile, "other", NULL, NULL, 0, &line.function);
	profile__add_location(profile, 0, 0, &line, 1, false, &locs[2]);
	profile__add_sample(profile, locs, 3, values, NULL, 0, NULL);
	bytes = encode(profile);
	to = decode(bytes);
	first = profile__location(to, 1)->address;
	second = profile__location(to, 2)->address;
	third = profile__location(to, 3)->address;
	assert_int_equal(first >> 60, 0xf);
	assert_true(first != second && first != third && second != third);
}

static void test_nothing(void **state)
{
	struct profile *profile __free(profile) = profile__new_heap(), *to __free(profile) = NULL;
	struct profile *no_types __free(profile) = profile__new();
	struct buf *bytes __free(buf) = encode(profile);
	struct encode_options options = {};
	struct writer *writer __free(writer) = writer__new_buf(bytes);

	to = decode(bytes);
	assert_int_equal(profile__sample_cnt(to), 0);
	assert_int_equal(profile__type_cnt(to), 4);
	assert_int_equal(encoder_write(encoder_by_name("pprof"), no_types, &options, writer),
			 -EINVAL);
}

static void test_full_disk(void **state)
{
	struct profile *profile __free(profile) = new_profile();
	struct encode_options options = {};
	struct buf *bytes __free(buf) = encode(profile);
	size_t whole = buf__len(bytes), room;
	const struct encoder *encoder;

	for (encoder = encoders; encoder->name; encoder++) {
		for (room = 1; room < whole; room += 40) {
			struct buf *small __free(buf) = buf__new(room);
			struct writer *writer __free(writer) = writer__new_buf(small);

			assert_int_equal(encoder_write(encoder, profile, &options, writer),
					 -EOVERFLOW);
			if (strcmp(encoder->name, "pprof"))
				break; /* others may be shorter */
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_equal_bytes),
		cmocka_unit_test(test_rules),          cmocka_unit_test(test_zero_samples),
		cmocka_unit_test(test_fake_addresses), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
