// SPDX-License-Identifier: Apache-2.0
/* The governor's arithmetic. */
#include "session/governor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS 1000000u

static enum governor_level level(enum governor_level now, uint64_t cpu_ms, uint64_t trace_ms,
				 uint64_t enter_cnt, uint64_t free_cnt, bool windows)
{
	struct governor_look look = { .work = { cpu_ms * MS, trace_ms * MS },
				      .enter_cnt = enter_cnt,
				      .free_cnt = free_cnt,
				      .trap_ns = 1000 };

	return governor_level_for(now, &look, 0.02, windows);
}

static void test_within_the_budget_nothing_is_done(void **state)
{
	assert_int_equal(level(LEVEL_FULL, 101, 1, 500, 500, true), LEVEL_FULL);
	assert_int_equal(level(LEVEL_ALONE, 101, 1, 500, 500, true), LEVEL_ALONE);
	assert_int_equal(level(LEVEL_FULL, 0, 0, 0, 0, true), LEVEL_FULL);
}

static void test_the_lowest_step_that_is_enough_is_taken(void **state)
{
	/* 10 ms of 110: the traps of 1000 hits are 1 ms, those of 1000 entries alone half of it. */
	assert_int_equal(level(LEVEL_FULL, 110, 10, 500, 500, true), LEVEL_COARSE);
	assert_int_equal(level(LEVEL_FULL, 110, 10, 1000, 1000, true), LEVEL_ALONE);
	assert_int_equal(level(LEVEL_FULL, 110, 10, 3000, 1000, true), LEVEL_WINDOWS);
	/* Where probes are shared there are no windows. */
	assert_int_equal(level(LEVEL_FULL, 110, 10, 3000, 1000, false), LEVEL_ALONE);
}

static void test_steps_are_not_taken_back(void **state)
{
	assert_int_equal(level(LEVEL_ALONE, 110, 10, 500, 500, true), LEVEL_ALONE);
	assert_int_equal(level(LEVEL_COARSE, 110, 10, 500, 500, true), LEVEL_COARSE);
}

static void test_tracing_that_took_all_is_past_any_budget(void **state)
{
	assert_true(work_is_past((struct work){ 100 * MS, 100 * MS }, 0.5));
	assert_true(work_is_past((struct work){ 100 * MS, 120 * MS }, 0.5));
	assert_false(work_is_past((struct work){ 100 * MS, 1 * MS }, 0.5));
	assert_false(work_is_past((struct work){}, 0.01));
}

/* It was once said to be 23168036800 %: of a process whose CPU time was all taken for tracing. */
static void test_a_cost_is_a_number_that_can_be(void **state)
{
	assert_true(fabs(work_cost((struct work){ 105 * MS, 5 * MS }) - 0.05) < 1e-9);
	assert_true(work_cost((struct work){ 231680368, 231680368 }) <= 100);
	assert_true(work_cost((struct work){ 100 * MS, 101 * MS }) <= 102);
	assert_true(work_cost((struct work){}) == 0);
}

static uint64_t state64 = 88172645463325252u;

static double uniform(void)
{
	state64 ^= state64 >> 12;
	state64 ^= state64 << 25;
	state64 ^= state64 >> 27;
	return (double)((state64 * 2685821657736338717u) >> 11) / 0x1p53;
}

/* A program that allocates @rate per ms of its own work, more or less; traced in @cnt windows of 10 ms. */
static void scales(int cnt, double cost_ns, double jitter)
{
	struct windows windows = {};
	struct work all = {};
	const double rate = 2000;
	double factor, error, truth, allocs;
	int i;

	for (i = 0; i < cnt; i++) {
		double per_ms = rate * (1 + jitter * (2 * uniform() - 1));
		/* Each allocation adds its cost to its part of the own work. */
		double share = 1 / (1 + per_ms * cost_ns / MS);
		struct work work = { 10 * MS, (uint64_t)(10 * MS * (1 - share)) };

		windows__add(&windows, work, per_ms * 10 * share);
		all.cpu_ns += work.cpu_ns + 1000 * (uint64_t)MS;
		all.trace_ns += work.trace_ns;
	}
	truth = rate * (double)(all.cpu_ns - all.trace_ns) / MS;
	allocs = windows.allocs;
	windows_scale(&windows, all, &factor, &error);
	assert_true(error > 0 && error < 2);
	assert_true(fabs(allocs * factor - truth) < 4 * error * truth);
}

static void test_windows_stand_for_the_whole_within_their_error(void **state)
{
	scales(20, 1000, 0.3);
	scales(5, 200, 0.1);
	scales(100, 50, 0.9);
}

/* Where tracing takes nearly all of the time nothing is known of the rest but that calls take some. */
static void test_a_cost_that_hides_the_work_is_a_large_error(void **state)
{
	struct windows windows = {};
	double factor, error, truth = 1000.0 * MS / 20;

	/* 20 ns of its own for each, 2500 ns of tracing; 2000 ns is what was thought. */
	windows__add(&windows, (struct work){ 10 * MS, 8 * MS }, 3968);
	windows_scale(&windows, (struct work){ 1010 * (uint64_t)MS, 8 * MS }, &factor, &error);
	assert_true(fabs(3968 * factor - truth) < 3 * error * 3968 * factor);
}

static void test_one_window_says_nothing_of_its_error(void **state)
{
	struct windows windows = {};
	double factor, error;

	windows__add(&windows, (struct work){ 10 * MS, 5 * MS }, 100);
	windows_scale(&windows, (struct work){ 1000 * (uint64_t)MS, 5 * MS }, &factor, &error);
	assert_true(factor > 198 && factor < 200);
	assert_true(error >= 1);
}

static void test_what_was_traced_whole_stands_for_itself(void **state)
{
	struct windows windows = {};
	struct work all = { 100 * MS, 5 * MS };
	double factor, error;

	windows__add(&windows, all, 100);
	windows_scale(&windows, all, &factor, &error);
	assert_true(factor == 1 && error == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within_the_budget_nothing_is_done),
		cmocka_unit_test(test_the_lowest_step_that_is_enough_is_taken),
		cmocka_unit_test(test_steps_are_not_taken_back),
		cmocka_unit_test(test_tracing_that_took_all_is_past_any_budget),
		cmocka_unit_test(test_a_cost_is_a_number_that_can_be),
		cmocka_unit_test(test_windows_stand_for_the_whole_within_their_error),
		cmocka_unit_test(test_a_cost_that_hides_the_work_is_a_large_error),
		cmocka_unit_test(test_one_window_says_nothing_of_its_error),
		cmocka_unit_test(test_what_was_traced_whole_stands_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
