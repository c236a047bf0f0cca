// SPDX-License-Identifier: Apache-2.0
#include "view/slope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/vec.h"

/* A course of @cnt looks, a second apart. */
static struct slope course(size_t cnt, double (*bytes)(size_t i))
{
	struct place place = {};
	struct slope slope;
	size_t i;

	for (i = 0; i < cnt; i++)
		assert_int_equal(
			vec__push(&place.points, (struct place_point){ (double)i, 1, bytes(i) }),
			0);
	slope_of(&place, &slope);
	vec__done(&place.points);
	return slope;
}

static double line(size_t i)
{
	return 1000 + 50 * (double)i;
}

static double flat(size_t i)
{
	return 4096;
}

/* Fills and drains eight times; what is left grows not at all. */
static double saw(size_t i)
{
	return 100 + 1000 * (double)(i % 8);
}

/* The same teeth on a rising floor. */
static double rising_saw(size_t i)
{
	return saw(i) + 30 * (double)i;
}

static double plateau(size_t i)
{
	return i < 24 ? 100 * (double)i : 2400;
}

static double late(size_t i)
{
	return i < 40 ? 0 : 10 * (double)(i - 39);
}

static void test_a_line_is_certain(void **state)
{
	struct slope slope = course(64, line);

	assert_float_equal(slope.bytes_per_s, 50, 1e-6);
	assert_float_equal(slope.low, 50, 1e-6);
	assert_float_equal(slope.high, 50, 1e-6);
	assert_float_equal(slope.late_per_s, 50, 1e-6);
	assert_float_equal(slope.seconds, 63, 1e-9);
}

static void test_what_stays_has_no_slope(void **state)
{
	struct slope slope = course(64, flat);

	assert_float_equal(slope.bytes_per_s, 0, 1e-9);
	assert_float_equal(slope.low, 0, 1e-9);
}

static void test_teeth_do_not_count(void **state)
{
	struct slope slope = course(64, saw);

	assert_float_equal(slope.bytes_per_s, 0, 1e-9);
	slope = course(64, rising_saw);
	assert_float_equal(slope.bytes_per_s, 30, 1);
	assert_true(slope.low > 25);
}

static void test_a_plateau_shows_in_the_second_half(void **state)
{
	struct slope slope = course(64, plateau);

	assert_true(slope.bytes_per_s > 10);
	assert_float_equal(slope.late_per_s, 0, 1e-9);
}

static void test_too_little_says_nothing(void **state)
{
	struct slope slope = course(SLOPE_POINTS_MIN - 1, line);

	assert_true(slope.bytes_per_s == 0 && slope.seconds == 0);
	slope = course(0, line);
	assert_true(slope.bytes_per_s == 0);
	/* Before the first byte there is nothing to look at. */
	slope = course(40 + SLOPE_POINTS_MIN, late);
	assert_float_equal(slope.bytes_per_s, 10, 1);
	slope = course(39 + SLOPE_POINTS_MIN, late);
	assert_true(slope.bytes_per_s == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_is_certain),
		cmocka_unit_test(test_what_stays_has_no_slope),
		cmocka_unit_test(test_teeth_do_not_count),
		cmocka_unit_test(test_a_plateau_shows_in_the_second_half),
		cmocka_unit_test(test_too_little_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
