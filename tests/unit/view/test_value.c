// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "view/value.h"

static void assert_value(int64_t value, const char *unit, const char *expected)
{
	char out[VALUE_TEXT_MAX];

	assert_string_equal(value_format(value, unit, false, out), expected);
}

static void test_units(void **state)
{
	assert_value(512, "bytes", "512 B");
	assert_value(1536, "bytes", "1.50 KiB");
	assert_value(3, "kilobytes", "3.00 KiB");
	assert_value(-(5 << 20), "bytes", "-5.00 MiB");
	assert_value(1234567, "count", "1.23M");
	assert_value(42, "", "42");
	assert_value(42, "lookups", "42 lookups");
	assert_value(950, "nanoseconds", "950 ns");
	assert_value(1500, "nanoseconds", "1.50 µs");
	assert_value(25, "milliseconds", "25.0 ms");
	assert_value(7200LL * 1000000000, "nanoseconds", "2.00 h");
	assert_value(INT64_MIN, "nanoseconds", "-2562048 h");
}

static void test_long_units_are_cut(void **state)
{
	assert_value(1, "a unit whose name is far too long for any column of any table",
		     "1 a unit whose name is");
	assert_value(INT64_MAX, "megabytes", "4.00 EiB");
	assert_value(1, "x\x1b[31m\n", "1 x?[31m?");
}

static void test_exact(void **state)
{
	char out[VALUE_TEXT_MAX];

	assert_string_equal(value_format(INT64_MIN, "bytes", true, out), "-9223372036854775808");
	assert_string_equal(value_format(1536, "bytes", true, out), "1536");
	assert_string_equal(value_format_delta(1536, "bytes", true, out), "+1536");
}

static void test_deltas_have_signs(void **state)
{
	char out[VALUE_TEXT_MAX];

	assert_string_equal(value_format_delta(1536, "bytes", false, out), "+1.50 KiB");
	assert_string_equal(value_format_delta(-1536, "bytes", false, out), "-1.50 KiB");
	assert_string_equal(value_format_delta(0, "bytes", false, out), "0 B");
}

static void test_shares(void **state)
{
	char out[VALUE_TEXT_MAX];

	assert_string_equal(value_format_share(1, 3, out), "33.3%");
	assert_string_equal(value_format_share(-1, 2, out), "-50.0%");
	assert_string_equal(value_format_share(1, 0, out), "");
	assert_true(value_share(1, 0) == 0);
}

static void test_sums_stay_at_the_ends(void **state)
{
	assert_int_equal(value_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(value_add(INT64_MIN, -1), INT64_MIN);
	assert_int_equal(value_sub(INT64_MIN, 1), INT64_MIN);
	assert_int_equal(value_sub(1, INT64_MIN), INT64_MAX);
	assert_int_equal(value_sub(5, 7), -2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),  cmocka_unit_test(test_long_units_are_cut),
		cmocka_unit_test(test_exact),  cmocka_unit_test(test_deltas_have_signs),
		cmocka_unit_test(test_shares), cmocka_unit_test(test_sums_stay_at_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
