// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

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

#define R "\xef\xbf\xbd"

static void expect_clean(const char *in, const char *want)
{
	struct buf *out __free(buf) = buf__new(0);

	utf8_append_clean(out, in, strlen(in));
	assert_int_equal(buf__error(out), 0);
	assert_string_equal(buf__data(out), want);
	assert_int_equal(utf8_valid_len(buf__data(out), buf__len(out)), buf__len(out));
}

static void test_clean(void **state)
{
	expect_clean("", "");
	expect_clean("std::vector<int>", "std::vector<int>");
	expect_clean("caf\xc3\xa9 \xe2\x80\xa6 \xf0\x9f\x98\x80",
		     "caf\xc3\xa9 \xe2\x80\xa6 \xf0\x9f\x98\x80");
	expect_clean("a\nb\tc\x7f", "a" R "b" R "c" R);
	expect_clean("\x1b[31mred", R "[31mred");
	expect_clean("c1 \xc2\x9b end \xc2\xa0", "c1 " R " end \xc2\xa0");
	expect_clean("\xff\xfe"
		     "ok",
		     R R "ok");
	expect_clean("cut \xe2\x80", "cut " R R);
}

static void test_clean_is_stable(void **state)
{
	struct buf *once __free(buf) = buf__new(0), *twice __free(buf) = buf__new(0);
	uint32_t seed = 1;
	char bytes[4096];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
	utf8_append_clean(once, bytes, sizeof(bytes));
	assert_int_equal(utf8_valid_len(buf__data(once), buf__len(once)), buf__len(once));
	utf8_append_clean(twice, buf__data(once), buf__len(once));
	assert_string_equal(buf__data(once), buf__data(twice));
}

static void test_limit(void **state)
{
	struct buf *out __free(buf) = buf__new(4);

	utf8_append_clean(out, "\xff\xff", 2);
	assert_true(buf__error(out) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),           cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_bounded),         cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_is_stable), cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
