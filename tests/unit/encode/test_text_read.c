// SPDX-License-Identifier: Apache-2.0
#include "encode/text_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "encode/encoder.h"

#define HOSTILE "bad;\n\x1b[2J</script>\xe2\x80\xa8\" \\ \xf0\x9f\x90\x9b"

static struct profile *new_profile(void)
{
	struct profile *profile = profile__new_heap();
	struct profile_meta meta = *profile__meta(profile);
	struct profile_line lines[2] = { { .line = 8, .column = 2 }, { .line = 9 } };
	struct profile_label labels[2];
	const int64_t small[] = { 10, 640, 1, 64 }, big[] = { 1, INT64_MAX, 0, -3 };
	const double variances[] = { 4, 9, 0, 0 };
	uint32_t locs[2], map, sample;

	meta.time_ns = 1700000000123456789;
	meta.duration_ns = 5000000000;
	meta.period = 524288;
	profile__set_meta(profile, &meta);
	profile__add_comment(profile, "a comment");
	profile__add_mapping(profile, 0x7ff000000000, 0x7ff000001000, 0x1000, "/bin/x", "abcd", 1,
			     &map);
	profile__add_function(profile, "main", NULL, "/src/main.c", 3, &lines[1].function);
	profile__add_location(profile, map, 0x7ff000000010, &lines[1], 1, false, &locs[1]);
	profile__add_function(profile, HOSTILE, "_ZN3badE", "/src/a.h", 0, &lines[0].function);
	profile__add_location(profile, 0, UINT64_MAX, lines, 2, false, &locs[0]);
	profile__label_num(profile, "bytes", 64, "bytes", &labels[0]);
	profile__label_str(profile, "alloc_fn", HOSTILE, &labels[1]);
	profile__add_sample(profile, locs, 2, small, labels, 2, &sample);
	profile__add_variances(profile, sample, variances);
	profile__add_sample(profile, locs + 1, 1, big, NULL, 0, NULL);
	return profile;
}

static char *encode(const struct profile *profile, const char *name)
{
	struct encode_options options = { .metric = PROFILE_ALLOC_OBJECTS };
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_int_equal(encoder_write(encoder_by_name(name), profile, &options, writer), 0);
	return buf__take(buf, NULL);
}

static int read_any(const char *text, struct profile **ret)
{
	enum text_kind kind = text_kind_of(text, strlen(text));

	assert_int_not_equal(kind, TEXT_NONE);
	return text_read(kind, text, strlen(text), ret);
}

static void test_json_holds_everything(void **state)
{
	struct profile *profile __free(profile) = new_profile(), *again __free(profile) = NULL;
	char *before __free_mem = encode(profile, "json"), *after __free_mem = NULL;

	assert_int_equal(read_any(before, &again), 0);
	after = encode(again, "json");
	assert_string_equal(before, after);
	assert_int_equal(profile__values(again, 1)[PROFILE_ALLOC_SPACE], INT64_MAX);
	assert_string_equal(profile__str(again, profile__function(again, 2)->name), HOSTILE);
}

static void test_speedscope_holds_names_and_values(void **state)
{
	struct profile *profile __free(profile) = new_profile(), *again __free(profile) = NULL;
	char *text __free_mem = encode(profile, "speedscope");
	int64_t totals[PROFILE_TYPES_MAX];

	assert_int_equal(read_any(text, &again), 0);
	assert_int_equal(profile__type_cnt(again), 4);
	assert_string_equal(profile__type_name(again, 1), "alloc_space");
	assert_string_equal(profile__type_unit(again, 1), "bytes");
	assert_string_equal(profile__type_unit(again, 0), "count");
	profile__totals(again, totals);
	assert_int_equal(totals[PROFILE_ALLOC_OBJECTS], 11);
	assert_int_equal(totals[PROFILE_INUSE_OBJECTS], 1);
}

static void test_folded_reads_what_it_writes(void **state)
{
	struct profile *profile __free(profile) = new_profile(), *again __free(profile) = NULL;
	char *before __free_mem = encode(profile, "folded"), *after __free_mem = NULL;

	assert_int_equal(read_any(before, &again), 0);
	after = encode(again, "folded");
	assert_string_equal(before, after);
}

static void test_folded_of_others(void **state)
{
	struct profile *profile __free(profile) = NULL, *bad __free(profile) = NULL;

	assert_int_equal(read_any("main;a b;c 3\r\n\n# a comment\nmain;a b;c 4", &profile), 0);
	assert_int_equal(profile__sample_cnt(profile), 1);
	assert_int_equal(profile__values(profile, 0)[0], 7);
	assert_string_equal(profile__type_name(profile, 0), "samples");
	assert_int_equal(read_any("main;a 3\nmain;b x\n", &bad), TEXT_BROKEN);
	assert_int_equal(read_any("main;a 3\nmain;b 99999999999999999999\n", &bad), TEXT_BROKEN);
	assert_null(bad);
}

static void test_kinds(void **state)
{
	static const char legacy[] = "heap profile: 1: 2 [3: 4] @ heap/1048576\n",
			  binary[] = "\n\x04\b\x01\x10\x02 12";

	assert_int_equal(text_kind_of("", 0), TEXT_NONE);
	assert_int_equal(text_kind_of("{}", 2), TEXT_NONE);
	assert_int_equal(text_kind_of(legacy, strlen(legacy)), TEXT_NONE);
	assert_int_equal(text_kind_of(binary, sizeof(binary) - 1), TEXT_NONE);
	assert_int_equal(text_kind_of("a;b 1\n", 6), TEXT_FOLDED);
	assert_int_equal(text_kind_of("a;b 1", 5), TEXT_FOLDED);
}

static void assert_json_fails(const char *text, int outcome)
{
	struct profile *profile __free(profile) = NULL;

	assert_int_equal(json_read(text, strlen(text), &profile), outcome);
	assert_null(profile);
}

static void test_broken_json(void **state)
{
#define TYPES "\"sample_types\":[{\"name\":\"n\",\"unit\":\"count\"}]"
	assert_json_fails("", TEXT_BROKEN);
	assert_json_fails("{", TEXT_BROKEN);
	assert_json_fails("{}", TEXT_BROKEN);
	assert_json_fails("{" TYPES ",\"samples\":[{\"stack\":[1],\"values\":[1]}]}",
			  TEXT_BAD_REFERENCE);
	assert_json_fails("{" TYPES ",\"samples\":[{\"stack\":[],\"values\":[1,2]}]}", TEXT_BROKEN);
	assert_json_fails("{" TYPES ",\"samples\":[{\"stack\":[],\"values\":[]}]}", TEXT_BROKEN);
	assert_json_fails("{" TYPES ",\"mappings\":[{\"start\":\"zz\"}]}", TEXT_BROKEN);
	assert_json_fails("{" TYPES ",\"locations\":[{\"lines\":[[1,1,1]]}]}", TEXT_BAD_REFERENCE);
	assert_json_fails("{" TYPES "} x", TEXT_BROKEN);
	assert_json_fails("{" TYPES ",\"x\":[[[[[[[[[[[[[[[[[[[[1}", TEXT_BROKEN);
	assert_json_fails("{\"sample_types\":[{\"name\":\"\\ud800", TEXT_BROKEN);
}

static void test_other_speedscopes(void **state)
{
	static const char evented[] =
		"{\"$schema\":\"speedscope\",\"shared\":{\"frames\":[]},\"profiles\":"
		"[{\"type\":\"evented\",\"name\":\"x\"}]}";
	static const char stray[] =
		"{\"$schema\":\"speedscope\",\"profiles\":[{\"type\":\"sampled\",\"name\":\"x\","
		"\"unit\":\"none\",\"samples\":[[0]],\"weights\":[1]}]}";
	struct profile *profile __free(profile) = NULL;

	assert_int_equal(read_any(evented, &profile), TEXT_NOT_SAMPLED);
	assert_int_equal(read_any(stray, &profile), TEXT_BAD_REFERENCE);
	assert_null(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_holds_everything),
		cmocka_unit_test(test_speedscope_holds_names_and_values),
		cmocka_unit_test(test_folded_reads_what_it_writes),
		cmocka_unit_test(test_folded_of_others),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_broken_json),
		cmocka_unit_test(test_other_speedscopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
