// SPDX-License-Identifier: Apache-2.0
#include "profile/profile.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct profile *new_heap(void)
{
	struct profile *profile = profile__new_heap();

	assert_non_null(profile);
	return profile;
}

static uint32_t add_location(struct profile *profile, const char *name, uint64_t address)
{
	struct profile_line line = { .line = 1 };
	uint32_t location;

	assert_int_equal(profile__add_function(profile, name, NULL, NULL, 0, &line.function), 0);
	assert_int_equal(profile__add_location(profile, 0, address, &line, 1, false, &location), 0);
	return location;
}

static uint32_t add_sample(struct profile *profile, const uint32_t *locs, size_t cnt, int64_t value)
{
	const int64_t values[PROFILE_METRIC_CNT] = { value, 2 * value, 3 * value, 4 * value };
	uint32_t sample;

	assert_int_equal(profile__add_sample(profile, locs, cnt, values, NULL, 0, &sample), 0);
	return sample;
}

static void test_types(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	size_t metrics[PROFILE_METRIC_CNT], i;

	assert_int_equal(profile__type_cnt(profile), 4);
	assert_string_equal(profile__type_name(profile, PROFILE_INUSE_SPACE), "inuse_space");
	assert_string_equal(profile__type_unit(profile, PROFILE_ALLOC_OBJECTS), "count");
	assert_int_equal(profile__default_type(profile), PROFILE_INUSE_SPACE);
	assert_true(profile__heap_types(profile, metrics));
	assert_int_equal(metrics[PROFILE_ALLOC_SPACE], 1);
	assert_int_equal(profile__find_type(profile, "cpu", &i), -ENOENT);
	for (i = 4; i < PROFILE_TYPES_MAX; i++)
		assert_int_equal(profile__add_type(profile, "more", "count"), 0);
	assert_int_equal(profile__add_type(profile, "more", "count"), -E2BIG);
}

static void test_equal_rows_are_one(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	uint32_t a, b;

	profile__add_mapping(profile, 1, 2, 3, "f", "id", 0, &a);
	profile__add_mapping(profile, 1, 2, 3, "f", "id", 0, &b);
	assert_int_equal(a, 1);
	assert_int_equal(b, 1);
	profile__add_mapping(profile, 1, 2, 4, "f", "id", 0, &b);
	assert_int_equal(b, 2);
	assert_int_equal(add_location(profile, "main", 16), 1);
	assert_int_equal(add_location(profile, "main", 16), 1);
	assert_int_equal(add_location(profile, "main", 17), 2);
	assert_int_equal(profile__function_cnt(profile), 1);
	assert_int_equal(profile__location_cnt(profile), 2);
	assert_int_equal(profile__add_mapping_flags(profile, 1, PROFILE_HAS_FUNCTIONS), 0);
	profile__add_mapping(profile, 1, 2, 3, "f", "id", PROFILE_HAS_FUNCTIONS, &b);
	assert_int_equal(b, 1);
}

static void test_samples_add_up(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	uint32_t locs[2] = { add_location(profile, "leaf", 1), add_location(profile, "root", 2) };
	int64_t totals[PROFILE_METRIC_CNT];
	const uint32_t *stack;
	size_t cnt;

	assert_int_equal(add_sample(profile, locs, 2, 10), 0);
	assert_int_equal(add_sample(profile, locs, 1, 1), 1);
	assert_int_equal(add_sample(profile, locs, 2, 5), 0);
	assert_int_equal(profile__values(profile, 0)[PROFILE_INUSE_SPACE], 60);
	stack = profile__stack(profile, 0, &cnt);
	assert_int_equal(cnt, 2);
	assert_memory_equal(stack, locs, sizeof(locs));
	profile__totals(profile, totals);
	assert_int_equal(totals[PROFILE_ALLOC_OBJECTS], 16);
	assert_int_equal(profile__add_type(profile, "late", "count"), -EBUSY);
}

static void test_sums_saturate(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	uint32_t loc = add_location(profile, "f", 1);
	const int64_t big[] = { INT64_MAX, INT64_MIN, 1, 1 }, one[] = { 1, -1, 1, 1 };

	profile__add_sample(profile, &loc, 1, big, NULL, 0, NULL);
	profile__add_sample(profile, &loc, 1, one, NULL, 0, NULL);
	assert_true(profile__values(profile, 0)[0] == INT64_MAX);
	assert_true(profile__values(profile, 0)[1] == INT64_MIN);
}

static void test_labels(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	uint32_t loc = add_location(profile, "f", 1), first, second, third;
	const int64_t values[4] = { 1 };
	struct profile_label a, b, labels[2];

	profile__label_str(profile, "comm", "bash", &a);
	profile__label_num(profile, "bytes", 64, "bytes", &b);
	labels[0] = a, labels[1] = b;
	profile__add_sample(profile, &loc, 1, values, labels, 2, &first);
	labels[0] = b, labels[1] = a;
	profile__add_sample(profile, &loc, 1, values, labels, 2, &second);
	profile__add_sample(profile, &loc, 1, values, labels, 1, &third);
	assert_int_equal(first, second); /* their order does not matter */
	assert_int_not_equal(first, third);
	assert_int_equal(profile__find_label(profile, first, "bytes")->num, 64);
	assert_string_equal(profile__str(profile, profile__find_label(profile, first, "comm")->str),
			    "bash");
	assert_null(profile__find_label(profile, third, "comm"));
	assert_true(profile__stack(profile, first, &(size_t){ 0 }) ==
		    profile__stack(profile, third, &(size_t){ 0 }));
}

static void test_bad_numbers(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	struct profile_line line = { .function = 1 };
	struct profile_label label = { .key = 1000 };
	const int64_t values[4] = { 1 };
	uint32_t loc = 1, none = 0, ret = 77;

	assert_int_equal(profile__add_location(profile, 1, 5, NULL, 0, false, &ret), -EINVAL);
	assert_int_equal(profile__add_location(profile, 0, 5, &line, 1, false, &ret), -EINVAL);
	assert_int_equal(profile__add_sample(profile, &loc, 1, values, NULL, 0, &ret), -EINVAL);
	assert_int_equal(profile__add_sample(profile, &none, 1, values, NULL, 0, &ret), -EINVAL);
	assert_int_equal(profile__add_sample(profile, NULL, 0, values, &label, 1, &ret), -EINVAL);
	assert_int_equal(profile__add_variances(profile, 0, NULL), -EINVAL);
	assert_int_equal(profile__add_mapping_flags(profile, 1, 1), -EINVAL);
	assert_int_equal(ret, 77);
	/* looking is safe */
	assert_string_equal(profile__str(profile, 12345), "");
	assert_int_equal(profile__location(profile, 12345)->address, 0);
	assert_int_equal(profile__function(profile, 12345)->name, 0);
}

static void test_limits(void **state)
{
	static uint32_t locs[PROFILE_FRAMES_MAX + 1];
	static struct profile_label labels[PROFILE_LABELS_MAX + 1];
	struct profile *profile __free(profile) = new_heap();
	const int64_t values[4] = { 1 };
	size_t i;

	add_location(profile, "f", 1);
	for (i = 0; i <= PROFILE_FRAMES_MAX; i++)
		locs[i] = 1;
	assert_int_equal(
		profile__add_sample(profile, locs, PROFILE_FRAMES_MAX, values, NULL, 0, NULL), 0);
	assert_int_equal(profile__add_sample(profile, locs, i, values, NULL, 0, NULL), -E2BIG);
	assert_int_equal(
		profile__add_sample(profile, locs, 1, values, labels, PROFILE_LABELS_MAX + 1, NULL),
		-E2BIG);
}

static const char *name_of(const struct profile *profile, uint32_t location)
{
	size_t cnt;
	const struct profile_line *lines = profile__lines(profile, location, &cnt);

	assert_int_equal(cnt, 1);
	return profile__line_name(profile, lines);
}

static void test_names(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	uint32_t lib, anon, a, b, c, d;

	profile__add_mapping(profile, 0x7000, 0x9000, 0x1000, "/usr/lib/libfoo.so", NULL, 0, &lib);
	profile__add_mapping(profile, 0xa000, 0xb000, 0, "", NULL, 0, &anon);
	profile__add_location(profile, lib, 0x7234, NULL, 0, false, &a);
	profile__add_location(profile, anon, 0xa010, NULL, 0, false, &b);
	profile__add_location(profile, 0, 0xbeef, NULL, 0, false, &c);
	assert_string_equal(name_of(profile, a), "libfoo.so+0x1234");
	assert_string_equal(name_of(profile, b), "[anon]+0x10");
	assert_string_equal(name_of(profile, c), "0xbeef");
	d = add_location(profile, "", 5);
	assert_string_equal(name_of(profile, d), "[unknown]");
	d = add_location(profile,
			 "a\xff\xfe"
			 "b\xc3\xa9",
			 6);
	assert_string_equal(name_of(profile, d), "a\xef\xbf\xbd\xef\xbf\xbd"
						 "b\xc3\xa9");
}

static void test_variances(void **state)
{
	struct profile *profile __free(profile) = new_heap();
	uint32_t loc = add_location(profile, "f", 1), other = add_location(profile, "g", 2);
	const double variances[4] = { 1, 2, 3, 4 };
	uint32_t sample = add_sample(profile, &loc, 1, 1), later;

	assert_null(profile__variances(profile, sample));
	profile__add_variances(profile, sample, variances);
	profile__add_variances(profile, sample, variances);
	later = add_sample(profile, &other, 1, 1);
	assert_true(profile__variances(profile, sample)[3] == 8);
	assert_true(profile__variances(profile, later)[3] == 0);
}

static void fill(struct profile *profile, bool backwards)
{
	static const struct {
		const char *leaf;
		int64_t value;
	} rows[] = { { "a", 5 }, { "b", 9 }, { "c", 5 }, { "d", 1 } };
	const size_t cnt = sizeof(rows) / sizeof(rows[0]);
	const double variances[4] = { 7, 7, 7, 7 };
	uint32_t loc, sample;
	size_t i;

	for (i = 0; i < cnt; i++) {
		size_t at = backwards ? cnt - 1 - i : i;

		loc = add_location(profile, rows[at].leaf, at + 1);
		sample = add_sample(profile, &loc, 1, rows[at].value);
		if (rows[at].value == 9)
			profile__add_variances(profile, sample, variances);
	}
}

/* The order of adding leaves no trace; values, stacks and variances move together. */
static void test_sort(void **state)
{
	static const char *const want[] = { "b", "a", "c", "d" };
	size_t round, i, cnt;

	for (round = 0; round < 2; round++) {
		struct profile *profile __free(profile) = new_heap();

		fill(profile, round);
		assert_int_equal(profile__sort(profile), 0);
		for (i = 0; i < 4; i++)
			assert_string_equal(
				name_of(profile, profile__stack(profile, (uint32_t)i, &cnt)[0]),
				want[i]);
		assert_int_equal(profile__values(profile, 0)[0], 9);
		assert_true(profile__variances(profile, 0)[0] == 7);
		assert_true(profile__variances(profile, 1)[0] == 0);
		assert_int_equal(add_sample(profile, profile__stack(profile, 3, &cnt), 1, 1), 3);
	}
}

static void test_comments(void **state)
{
	struct profile *profile __free(profile) = new_heap();

	profile__add_comment(profile, "one");
	profile__add_comment(profile, "two");
	profile__add_comment(profile, "one");
	assert_int_equal(profile__comment_cnt(profile), 2);
	assert_string_equal(profile__comment(profile, 1), "two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),          cmocka_unit_test(test_equal_rows_are_one),
		cmocka_unit_test(test_samples_add_up), cmocka_unit_test(test_sums_saturate),
		cmocka_unit_test(test_labels),         cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_limits),         cmocka_unit_test(test_names),
		cmocka_unit_test(test_variances),      cmocka_unit_test(test_sort),
		cmocka_unit_test(test_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
