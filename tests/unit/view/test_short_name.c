// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "view/short_name.h"
#include "view/text.h"

static const char *shortened(const char *name, size_t cols)
{
	static char out[512];
	struct buf *buf __free(buf) = buf__new(0);

	short_name_append(buf, name, cols);
	snprintf(out, sizeof(out), "%s", buf__data(buf));
	return out;
}

static const char vector_push[] = "std::vector<std::pair<int, std::string>, Alloc<int>>::push_back";

static void test_what_fits_stays(void **state)
{
	assert_string_equal(shortened(vector_push, 100), vector_push);
	assert_string_equal(shortened(vector_push, strlen(vector_push)), vector_push);
}

static void test_arguments_go_first(void **state)
{
	assert_string_equal(shortened(vector_push, 50), "std::vector<…>::push_back");
}

static void test_then_the_middle(void **state)
{
	assert_string_equal(shortened(vector_push, 15), "std::ve…sh_back");
	assert_string_equal(shortened("a_very_long_c_function_name", 10), "a_ve…_name");
}

static void test_any_bytes_and_widths(void **state)
{
	static const char *const names[] = { "<<<<<<<<<<<<<<",
					     ">>>>>>>>>>>>>>>",
					     "a<b<c<d<e<f<g",
					     "operator<<<<>><>",
					     "<",
					     ">",
					     "",
					     "\x1b[31m<\xff>" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t cols = 0; cols < 16; cols++) {
			assert_true(text_width(shortened(names[i], cols)) <= cols);
			assert_null(strchr(shortened(names[i], cols), '\x1b'));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits_stays),
		cmocka_unit_test(test_arguments_go_first),
		cmocka_unit_test(test_then_the_middle),
		cmocka_unit_test(test_any_bytes_and_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
