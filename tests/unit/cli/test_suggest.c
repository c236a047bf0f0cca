// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/suggest.h"

static const char *nearest(const char *word)
{
	static const char *const names[] = { "record", "report", "completion", "diff", "duration" };
	struct suggestion sug = { .word = word, .best_distance = SIZE_MAX };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		suggestion__consider(&sug, names[i]);
	return sug.best;
}

static void test_distance(void **state)
{
	assert_int_equal(suggest_distance("", ""), 0);
	assert_int_equal(suggest_distance("abc", ""), 3);
	assert_int_equal(suggest_distance("kitten", "sitting"), 3);
	assert_int_equal(suggest_distance("repotr", "report"), 1);
	assert_true(suggest_distance("1234567890123456789012345678901234567890123456789012345678901"
				     "234567890",
				     "1") > 63);
}

static void test_slips_are_understood(void **state)
{
	assert_string_equal(nearest("repotr"), "report");
	assert_string_equal(nearest("recod"), "record");
	assert_string_equal(nearest("dif"), "diff");
	assert_string_equal(nearest("dur"), "duration");
	assert_string_equal(nearest("durashion"), "duration");
}

static void test_other_words_are_not(void **state)
{
	assert_null(nearest("help"));
	assert_null(nearest("x"));
	assert_null(nearest(""));
	assert_null(nearest("frobnicate"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_slips_are_understood),
		cmocka_unit_test(test_other_words_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
