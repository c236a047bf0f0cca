// SPDX-License-Identifier: Apache-2.0
#include "profile/profile_load.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct raw_header no_header;

static struct profile_load *new_load(void)
{
	struct profile_load *load = profile_load__new(1000);

	assert_non_null(load);
	return load;
}

static void add_strings(struct profile_load *load)
{
	static const char *const strings[] = { "", "space", "bytes", "f", "key", "value" };
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		assert_int_equal(profile_load__string(load, strings[i], strlen(strings[i])), 0);
}

static int add_sample(struct profile_load *load, uint64_t loc, int64_t value)
{
	struct raw_label label = { .key = 4, .str = 5 };
	struct raw_sample sample = { &loc, 1, &value, 1, &label, 1 };

	return profile_load__sample(load, &sample);
}

static int add_function(struct profile_load *load, uint64_t id, uint64_t name)
{
	return profile_load__function(load, &(struct raw_function){ .id = id, .name = name });
}

static int add_location(struct profile_load *load, uint64_t id, uint64_t function)
{
	struct raw_line line = { function, 12, 0 };

	return profile_load__location(
		load,
		&(struct raw_location){ .id = id, .address = 0x10, .lines = &line, .line_cnt = 1 });
}

/* Everything refers forward, ids are small, huge and out of order. */
static void test_forward(void **state)
{
	struct profile_load *load __free(profile_load) = new_load();
	struct profile *profile __free(profile) = NULL;
	const uint64_t huge = 0xffffffffffffffffULL;
	const uint32_t *stack;
	size_t cnt;

	assert_int_equal(add_sample(load, huge, 5), 0);
	assert_int_equal(add_sample(load, 7, 6), 0);
	assert_int_equal(add_sample(load, huge, 1), 0);
	assert_int_equal(add_location(load, 7, huge - 1), 0);
	assert_int_equal(add_location(load, huge, 3), 0);
	assert_int_equal(add_function(load, huge - 1, 3), 0);
	assert_int_equal(add_function(load, 3, 4), 0);
	assert_int_equal(profile_load__type(load, &(struct raw_type){ 1, 2 }), 0);
	add_strings(load);
	assert_int_equal(profile_load__finish(load, &no_header, &profile), 0);
	assert_int_equal(profile__sample_cnt(profile), 2);
	assert_int_equal(profile__values(profile, 0)[0], 6);
	stack = profile__stack(profile, 0, &cnt);
	assert_string_equal(profile__line_name(profile, profile__lines(profile, stack[0], &cnt)),
			    "key");
	assert_string_equal(profile__str(profile, profile__find_label(profile, 1, "key")->str),
			    "value");
	assert_string_equal(profile__type_unit(profile, 0), "bytes");
}

static void test_twice(void **state)
{
	struct profile_load *load __free(profile_load) = new_load();

	assert_int_equal(add_function(load, 5, 3), 0);
	assert_int_equal(add_function(load, 5, 3), PROFILE_LOAD_BAD_REFERENCE);
	assert_int_equal(add_function(load, 0, 3), PROFILE_LOAD_BAD_REFERENCE);
}

/* Each breaks one thing of an otherwise whole profile. */
static void test_missing(void **state)
{
	enum { NOTHING, LOCATION, FUNCTION, NAME, TYPES, STRINGS, CASE_CNT } miss;

	for (miss = NOTHING; miss < CASE_CNT; miss++) {
		struct profile_load *load __free(profile_load) = new_load();
		struct profile *profile __free(profile) = NULL;
		int ret;

		assert_int_equal(add_sample(load, 1, 5), 0);
		if (miss != LOCATION)
			assert_int_equal(add_location(load, 1, 1), 0);
		if (miss != FUNCTION)
			assert_int_equal(add_function(load, 1, miss == NAME ? 99 : 3), 0);
		if (miss != TYPES)
			assert_int_equal(profile_load__type(load, &(struct raw_type){ 1, 2 }), 0);
		if (miss != STRINGS)
			add_strings(load);
		ret = profile_load__finish(load, &no_header, &profile);
		assert_int_equal(ret, miss == NOTHING ? 0
				      : miss == TYPES ? PROFILE_LOAD_BAD_TYPES
						      : PROFILE_LOAD_BAD_REFERENCE);
	}
}

static void test_value_cnt(void **state)
{
	struct profile_load *load __free(profile_load) = new_load();
	const int64_t values[2] = { 1, 2 };
	struct raw_sample two = { .values = values, .value_cnt = 2 };

	assert_int_equal(add_sample(load, 1, 5), 0);
	assert_int_equal(profile_load__sample(load, &two), PROFILE_LOAD_BAD_TYPES);
}

static void test_row_limit(void **state)
{
	struct profile_load *load __free(profile_load) = profile_load__new(4);

	assert_int_equal(add_sample(load, 1, 5), 0); /* sample, frame, label */
	assert_int_equal(profile_load__string(load, "", 0), 0);
	assert_int_equal(profile_load__string(load, "x", 1), PROFILE_LOAD_TOO_BIG);
}

static void test_no_lines(void **state)
{
	struct profile_load *load __free(profile_load) = new_load();
	struct profile *profile __free(profile) = NULL;
	struct raw_line line = {};
	struct raw_location bare = { .id = 1, .address = 0xabc, .lines = &line, .line_cnt = 1 };
	size_t cnt;

	assert_int_equal(profile_load__location(load, &bare), 0);
	assert_int_equal(profile_load__type(load, &(struct raw_type){ 1, 2 }), 0);
	add_strings(load);
	assert_int_equal(profile_load__finish(load, &no_header, &profile), 0);
	assert_string_equal(profile__line_name(profile, profile__lines(profile, 1, &cnt)), "0xabc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward),   cmocka_unit_test(test_twice),
		cmocka_unit_test(test_missing),   cmocka_unit_test(test_value_cnt),
		cmocka_unit_test(test_row_limit), cmocka_unit_test(test_no_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
