// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "view/table.h"
#include "view/text.h"

static const struct table_column columns[] = {
	{ NULL, "share" },
	{ "allocated", "bytes", .marked = true },
	{ "allocated", "objects", .drop = 1 },
	{ NULL, "cum", .drop = 2 },
	{ NULL, "function", .left = true },
};

static struct table *filled(void)
{
	static const char *const cells[] = {
		"60%", "6 B",     "1", "10 B", "short",
		"40%", "4.5 KiB", "2", "4 B",  "a_function_with_a_rather_long_name_of_fifty_letters"
	};
	struct table *table = table__new(columns, 5);

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		table__cell(table, cells[i], i == 0 ? TABLE_RED : TABLE_PLAIN);
	return table;
}

static const char *printed(size_t width, bool colored)
{
	static char out[4096];
	struct table *table __free(table) = filled();
	struct buf *buf __free(buf) = buf__new(0);

	assert_int_equal(table__print(table, width, colored, buf), 0);
	snprintf(out, sizeof(out), "%s", buf__data(buf));
	return out;
}

static void test_as_wide_as_it_gets(void **state)
{
	assert_string_equal(printed(0, false),
			    "       ── allocated ───\n"
			    "share  bytes ▾  objects   cum  function\n"
			    "  60%      6 B        1  10 B  short\n"
			    "  40%  4.5 KiB        2   4 B  "
			    "a_function_with_a_rather_long_name_of_fifty_letters\n");
}

static void test_the_last_column_is_cut_before_others_go(void **state)
{
	assert_string_equal(printed(65, false),
			    "       ── allocated ───\n"
			    "share  bytes ▾  objects   cum  function\n"
			    "  60%      6 B        1  10 B  short\n"
			    "  40%  4.5 KiB        2   4 B  a_function_with_…_of_fifty_letters\n");
}

static void test_columns_go_by_rank(void **state)
{
	const char *text = printed(58, false);

	assert_null(strstr(text, "cum"));
	assert_non_null(strstr(text, "objects"));
	text = printed(50, false);
	assert_null(strstr(text, "objects"));
	assert_non_null(strstr(text, "bytes ▾"));
}

static void test_no_line_is_too_wide(void **state)
{
	for (size_t width = 50; width < 120; width++) {
		const char *line = printed(width, false), *end;

		for (; *line; line = end + 1) {
			end = strchr(line, '\n');
			assert_non_null(end);
			assert_true(text_width_n(line, (size_t)(end - line)) <= width);
		}
	}
}

static void test_colours_only_if_asked(void **state)
{
	assert_null(strchr(printed(0, false), '\x1b'));
	assert_non_null(strstr(printed(0, true), "\x1b[31m60%\x1b[0m"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_wide_as_it_gets),
		cmocka_unit_test(test_the_last_column_is_cut_before_others_go),
		cmocka_unit_test(test_columns_go_by_rank),
		cmocka_unit_test(test_no_line_is_too_wide),
		cmocka_unit_test(test_colours_only_if_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
