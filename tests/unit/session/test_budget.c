// SPDX-License-Identifier: Apache-2.0
/* The arithmetic of budgets. */
#include "session/budget.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS 1000000u

static enum budget_level level(enum budget_level now, uint64_t cpu_ms, uint64_t trace_ms,
			       uint64_t enter_cnt, uint64_t free_cnt, bool windows)
{
	struct budget_look look = { .work = { cpu_ms * MS, trace_ms * MS, 0 },
				    .enter_cnt = enter_cnt,
				    .free_cnt = free_cnt,
				    .price = { 1000, 1000, 1000 } };

	return budget_level_for(now, &look, 0.02, windows);
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

/* Against `pair` beside sleeping processes, each with probes of its own, on a machine whose trap cost 800 ns. */
static void test_neighbours_make_hits_dearer(void **state)
{
	const struct {
		size_t all_cnt, live_cnt;
		bool live;
		double more_ns; /* what an entry, or if live a pair, cost more than alone */
	} seen[] = {
		{ 0, 0, true, 0 },         { 8, 0, false, 183 }, { 64, 0, false, 1917 },
		{ 256, 0, false, 7498 },   { 8, 8, false, 864 }, { 64, 64, false, 5027 },
		{ 128, 128, false, 9254 }, { 8, 8, true, 1113 }, { 64, 64, true, 7756 },
		{ 128, 128, true, 14436 },
	};
	size_t i;

	for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		struct budget_price price =
			budget_price(800, seen[i].all_cnt, seen[i].live_cnt, seen[i].live);
		double more = price.enter_ns - 800;

		if (seen[i].live)
			more += price.free_ns - 800;
		assert_true(fabs(more - seen[i].more_ns) <= 0.4 * seen[i].more_ns);
		assert_true(price.return_ns == 800);
	}
}

/* Of a second in which the process worked for 100 ms; run: what our programs took. */
static bool allows_less(enum budget_level level, uint64_t trap_us, uint64_t run_us)
{
	struct budget_look look = { .work = { 100 * MS + (trap_us + run_us) * 1000,
					      (trap_us + run_us) * 1000, trap_us * 1000 },
				    .elapsed_ns = 1000 * MS,
				    .finer = BUDGET_COARSER };

	return budget_allows_less(level, &look, 0.02);
}

static void test_a_step_is_taken_back_when_half_of_the_budget_is_enough(void **state)
{
	/* The budget is 2 ms. Finer samples cost four times as much, blocks that are tracked double and half again. */
	assert_true(allows_less(LEVEL_COARSE, 500, 100));
	assert_false(allows_less(LEVEL_COARSE, 500, 150));
	assert_true(allows_less(LEVEL_ALONE, 300, 100));
	assert_false(allows_less(LEVEL_ALONE, 300, 150));
	assert_true(allows_less(LEVEL_WINDOWS, 800, 150));
	assert_false(allows_less(LEVEL_WINDOWS, 1200, 0));
	assert_false(allows_less(LEVEL_FULL, 0, 0));
}

/* A handful of hits may be all that it does, and is no reason to hold it down. */
static void test_an_idle_process_is_measured_by_the_time(void **state)
{
	struct budget_look look = { .work = { 200000, 150000, 100000 }, .elapsed_ns = 1000 * MS };

	assert_true(budget_allows_less(LEVEL_WINDOWS, &look, 0.02));
}

/* Whoever is just within the budget must be held by no step that would be taken back at once, and the other way round. */
static void test_no_step_is_taken_and_taken_back(void **state)
{
	uint64_t hits;

	for (hits = 100; hits < 20000; hits += 100) {
		struct budget_look look = { .work = { 100 * MS + hits * 2000, hits * 2000,
						      hits * 1000 },
					    .elapsed_ns = 1000 * MS,
					    .enter_cnt = hits / 2,
					    .free_cnt = hits / 2,
					    .price = { 1000, 1000, 1000 } };
		enum budget_level to = budget_level_for(LEVEL_FULL, &look, 0.02, true);

		if (to == LEVEL_WINDOWS) {
			look.work =
				(struct work){ 100 * MS + hits * 1000, hits * 1000, hits * 500 };
			assert_false(budget_allows_less(to, &look, 0.02));
		}
	}
}

static void test_shares_of_a_total_are_fair(void **state)
{
	double enough[] = { 3, 1, 2 }, hot[] = { 100, 1, 2 }, two[] = { 100, 80, 1, 1 };

	assert_true(isinf(budget_share(enough, 3, 10)));
	assert_true(isinf(budget_share(NULL, 0, 10)));
	/* One hot process takes what the calm ones leave, and nothing of theirs. */
	assert_true(fabs(budget_share(hot, 3, 10) - 7) < 1e-9);
	assert_true(fabs(budget_share(two, 4, 10) - 4) < 1e-9);
}

static void test_tracing_that_took_all_is_past_any_budget(void **state)
{
	assert_true(work_is_past((struct work){ 100 * MS, 100 * MS, 0 }, 0.5));
	assert_true(work_is_past((struct work){ 100 * MS, 120 * MS, 0 }, 0.5));
	assert_false(work_is_past((struct work){ 100 * MS, 1 * MS, 0 }, 0.5));
	assert_false(work_is_past((struct work){}, 0.01));
}

/* It was once said to be 23168036800 %: of a process whose CPU time was all taken for tracing. */
static void test_a_cost_is_a_number_that_can_be(void **state)
{
	assert_true(fabs(work_cost((struct work){ 105 * MS, 5 * MS, 0 }) - 0.05) < 1e-9);
	assert_true(work_cost((struct work){ 231680368, 231680368, 0 }) <= 100);
	assert_true(work_cost((struct work){ 100 * MS, 101 * MS, 0 }) <= 102);
	assert_true(work_cost((struct work){}) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within_the_budget_nothing_is_done),
		cmocka_unit_test(test_the_lowest_step_that_is_enough_is_taken),
		cmocka_unit_test(test_neighbours_make_hits_dearer),
		cmocka_unit_test(test_a_step_is_taken_back_when_half_of_the_budget_is_enough),
		cmocka_unit_test(test_an_idle_process_is_measured_by_the_time),
		cmocka_unit_test(test_no_step_is_taken_and_taken_back),
		cmocka_unit_test(test_shares_of_a_total_are_fair),
		cmocka_unit_test(test_tracing_that_took_all_is_past_any_budget),
		cmocka_unit_test(test_a_cost_is_a_number_that_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
