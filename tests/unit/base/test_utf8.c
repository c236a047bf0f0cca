// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static size_t valid(const char *str)
{
	return utf8_valid_len(str, strlen(str));
}

static void test_valid(void **state)
{
	const char *good[] = { "",
			       "plain ASCII, long enough for words",
			       "\xc3\xa9t\xc3\xa9",
			       "\xe2\x82\xac",
			       "\xed\x9f\xbf",
			       "\xee\x80\x80",
			       "\xf0\x90\x80\x80",
			       "\xf4\x8f\xbf\xbf",
			       "12345678\xc2\x80" };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(valid(good[i]), strlen(good[i]));
}

static void test_invalid(void **state)
{
	const char *bad[] = { "\x80",
			      "\xbf",
			      "\xc0\x80",
			      "\xc1\xbf",
			      "\xe0\x80\x80",
			      "\xe0\x9f\xbf",
			      "\xed\xa0\x80",
			      "\xf0\x8f\xbf\xbf",
			      "\xf4\x90\x80\x80",
			      "\xf5\x80\x80\x80",
			      "\xff",
			      "\xc3",
			      "\xe2\x82",
			      "\xf0\x90\x80",
			      "\xc3(",
			      "\xe2(\xac",
			      "\xe2\x82(" };
	char behind[64];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(valid(bad[i]), 0);
		snprintf(behind, sizeof(behind), "0123456789%s", bad[i]);
		assert_int_equal(valid(behind), 10);
	}
}

/* A character may not be completed by bytes beyond the end. */
static void test_bounded(void **state)
{
	assert_int_equal(utf8_valid_len("a\xe2\x82\xac", 3), 1);
	assert_int_equal(utf8_char_len("\xe2\x82\xac", 2), 0);
	assert_int_equal(utf8_char_len("\xe2\x82\xac", 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_valid),
					    cmocka_unit_test(test_invalid),
					    cmocka_unit_test(test_bounded) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
