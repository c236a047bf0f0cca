// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "view/text.h"

static void test_width(void **state)
{
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("plain"), 5);
	assert_int_equal(text_width("größe"), 5);
	assert_int_equal(text_width("分配"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1);
	assert_int_equal(text_width("\xff\xfe"), 2);
	assert_int_equal(text_width("\xe5\x88"), 2);
}

static void test_fit_splits_no_character(void **state)
{
	assert_int_equal(text_fit("größe", 3), 4);
	assert_int_equal(text_fit("分配", 3), 3);
	assert_int_equal(text_fit("abc", 10), 3);
	assert_int_equal(text_fit("abc", 0), 0);
}

static const char *fitted(const char *text, size_t cols)
{
	static char out[256];
	struct buf *buf __free(buf) = buf__new(0);

	text_append_fit(buf, text, cols);
	snprintf(out, sizeof(out), "%s", buf__data(buf));
	return out;
}

static void test_fit_cuts_the_middle(void **state)
{
	assert_string_equal(fitted("short", 5), "short");
	assert_string_equal(fitted("abcdefghij", 5), "ab…ij");
	assert_string_equal(fitted("abcdefghij", 6), "ab…hij");
	assert_string_equal(fitted("abc", 1), "a");
	assert_string_equal(fitted("abc", 0), "");
	for (size_t cols = 2; cols < 12; cols++)
		assert_true(text_width(fitted("分配配分分配", cols)) <= cols);
}

static void test_nothing_steers_the_terminal(void **state)
{
	assert_string_equal(fitted("a\x1b[31mb\x07\nc\td", 40), "a?[31mb??c d");
	assert_string_equal(fitted("x\xc2\x9b"
				   "1my",
				   40),
			    "x?1my");
	assert_string_equal(fitted("x\xe2\x80\xaey", 40), "x?y");
	assert_string_equal(fitted("bad\xff", 40), "bad?");
	/* Overlong forms and surrogates are no UTF-8. */
	assert_string_equal(fitted("\xc0\x9b", 40), "??");
	assert_string_equal(fitted("\xed\xa0\x80", 40), "???");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_fit_splits_no_character),
		cmocka_unit_test(test_fit_cuts_the_middle),
		cmocka_unit_test(test_nothing_steers_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
