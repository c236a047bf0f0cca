// SPDX-License-Identifier: Apache-2.0
#include "profile/profile_merge.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* One sample "f" at @offset of app.so, mapped at @base, with one value of each type. */
static struct profile *new_profile(uint64_t base, const char *const *types, const int64_t *values,
				   size_t cnt)
{
	struct profile *profile = profile__new();
	struct profile_meta meta = { .time_ns = 1000 + (int64_t)base,
				     .duration_ns = 5,
				     .period = 2 };
	struct profile_line line = { .line = 3 };
	uint32_t mapping, loc;
	size_t i;

	assert_non_null(profile);
	for (i = 0; i < cnt; i++)
		profile__add_type(profile, types[2 * i], types[2 * i + 1]);
	profile__add_string(profile, "space", &meta.period_type);
	profile__add_string(profile, "bytes", &meta.period_unit);
	profile__set_meta(profile, &meta);
	profile__add_mapping(profile, base, base + 0x1000, 0, "/app.so", "", 0, &mapping);
	profile__add_function(profile, "f", NULL, "f.c", 1, &line.function);
	profile__add_location(profile, mapping, base + 0x123, &line, 1, false, &loc);
	assert_int_equal(profile__add_sample(profile, &loc, 1, values, NULL, 0, NULL), 0);
	return profile;
}

static const char *const heap_types[] = { "objects", "count", "space", "bytes" };

static struct profile *new_heap(uint64_t base, int64_t objects, int64_t space)
{
	const int64_t values[] = { objects, space };

	return new_profile(base, heap_types, values, 2);
}

static void test_aslr(void **state)
{
	struct profile *a __free(profile) = new_heap(0x10000, 1, 10);
	struct profile *b __free(profile) = new_heap(0x70000, 2, 20);
	const struct profile *both[] = { a, b };
	struct profile *sum __free(profile) = NULL;

	assert_int_equal(profile_merge(both, 2, &sum), 0);
	assert_int_equal(profile__mapping_cnt(sum), 1);
	assert_int_equal(profile__location_cnt(sum), 1);
	assert_int_equal(profile__sample_cnt(sum), 1);
	assert_int_equal(profile__values(sum, 0)[1], 30);
	assert_int_equal(profile__location(sum, 1)->address, 0x10123);
	assert_int_equal(profile__meta(sum)->time_ns, 1000 + 0x10000);
	assert_int_equal(profile__meta(sum)->duration_ns, 10);
	assert_int_equal(profile__meta(sum)->period, 2);
}

static void test_common_types(void **state)
{
	const char *const other_types[] = { "space", "kilobytes", "cpu", "nanoseconds" };
	const int64_t values[] = { 3, 99 };
	struct profile *a __free(profile) = new_heap(0x1000, 1, 10);
	struct profile *b __free(profile) = new_profile(0x1000, other_types, values, 2);
	const struct profile *both[] = { a, b };
	struct profile *sum __free(profile) = NULL;

	assert_int_equal(profile_merge(both, 2, &sum), 0);
	assert_int_equal(profile__type_cnt(sum), 1);
	assert_string_equal(profile__type_name(sum, 0), "space");
	assert_string_equal(profile__type_unit(sum, 0), "bytes");
	assert_int_equal(profile__values(sum, 0)[0], 10 + 3 * 1024);
}

static void test_outcomes(void **state)
{
	const char *const cpu[] = { "cpu", "nanoseconds" }, *const odd[] = { "space", "seconds" };
	const int64_t one = 1;
	struct profile *a __free(profile) = new_heap(0x1000, 1, 10);
	struct profile *b __free(profile) = new_profile(0x1000, cpu, &one, 1);
	struct profile *c __free(profile) = new_profile(0x1000, odd, &one, 1);
	struct profile *d __free(profile) = new_heap(0x1000, 1, 10);
	const struct profile *ab[] = { a, b }, *ac[] = { a, c }, *ad[] = { a, d };
	struct profile_meta meta = *profile__meta(d);
	struct profile *sum = NULL;

	profile__add_string(d, "cpu", &meta.period_type);
	profile__set_meta(d, &meta);
	assert_int_equal(profile_merge(ab, 2, &sum), PROFILE_MERGE_NO_COMMON_TYPE);
	assert_int_equal(profile_merge(ac, 2, &sum), PROFILE_MERGE_UNITS);
	assert_int_equal(profile_merge(ad, 2, &sum), PROFILE_MERGE_PERIOD_TYPES);
	assert_int_equal(profile_merge(ad, 0, &sum), -EINVAL);
	assert_null(sum);
}

static void test_variances(void **state)
{
	struct profile *a __free(profile) = new_heap(0x1000, 1, 10);
	struct profile *b __free(profile) = new_heap(0x1000, 1, 10);
	const struct profile *both[] = { a, b };
	struct profile *sum __free(profile) = NULL;
	const double variances[] = { 4, 9 };

	profile__add_variances(b, 0, variances);
	assert_int_equal(profile_diff(a, b, 0, &sum), 0);
	assert_true(profile__variances(sum, 0)[1] == 9);
	profile__free(sum);
	sum = NULL;
	profile__add_variances(a, 0, variances);
	assert_int_equal(profile_merge(both, 2, &sum), 0);
	assert_true(profile__variances(sum, 0)[0] == 8);
}

static void test_diff(void **state)
{
	struct profile *base __free(profile) = new_heap(0x1000, 10, 100);
	struct profile *after __free(profile) = new_heap(0x5000, 15, 90);
	struct profile *diff __free(profile) = NULL;

	assert_int_equal(profile_diff(base, after, 0, &diff), 0);
	assert_int_equal(profile__sample_cnt(diff), 1);
	assert_int_equal(profile__values(diff, 0)[0], 5);
	assert_int_equal(profile__values(diff, 0)[1], -10);
}

static void test_diff_label(void **state)
{
	struct profile *base __free(profile) = new_heap(0x1000, 10, 100);
	struct profile *after __free(profile) = new_heap(0x5000, 15, 90);
	struct profile *diff __free(profile) = NULL;

	assert_int_equal(profile_diff(base, after, PROFILE_DIFF_LABEL_BASE, &diff), 0);
	assert_int_equal(profile__sample_cnt(diff), 2);
	assert_int_equal(profile__values(diff, 0)[0], 15);
	assert_null(profile__find_label(diff, 0, "pprof::base"));
	assert_int_equal(profile__values(diff, 1)[0], -10);
	assert_string_equal(profile__str(diff, profile__find_label(diff, 1, "pprof::base")->str),
			    "true");
}

static void test_diff_normalize(void **state)
{
	struct profile *base __free(profile) = new_heap(0x1000, 10, 100);
	struct profile *after __free(profile) = new_heap(0x1000, 40, 0);
	struct profile *diff __free(profile) = NULL;

	assert_int_equal(
		profile_diff(base, after, PROFILE_DIFF_NORMALIZE | PROFILE_DIFF_LABEL_BASE, &diff),
		0);
	assert_int_equal(profile__values(diff, 0)[0], 10);
	assert_int_equal(profile__values(diff, 0)[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aslr),           cmocka_unit_test(test_common_types),
		cmocka_unit_test(test_outcomes),       cmocka_unit_test(test_variances),
		cmocka_unit_test(test_diff),           cmocka_unit_test(test_diff_label),
		cmocka_unit_test(test_diff_normalize),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
