// SPDX-License-Identifier: Apache-2.0
/* Windows that stand for a whole. */
#include "session/windows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS 1000000u

/* A window in which one thread ran all the time. */
static void add(struct windows *windows, struct work work, double allocs)
{
	const struct window window = { work, allocs, (double)work.cpu_ns };

	windows__add(windows, &window);
}

static bool is_near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fabs(b);
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
	struct windows_scale scale;
	double error, truth;
	int i;

	for (i = 0; i < cnt; i++) {
		double per_ms = rate * (1 + jitter * (2 * uniform() - 1));
		/* Each allocation adds its cost to its part of the own work. */
		double share = 1 / (1 + per_ms * cost_ns / MS);
		uint64_t trace = (uint64_t)(10 * MS * (1 - share));
		struct work work = { 10 * MS, trace, trace, 0, 0 };

		add(&windows, work, per_ms * 10 * share);
		all.cpu_ns += work.cpu_ns + 1000 * (uint64_t)MS;
		all.trace_ns += work.trace_ns;
		all.trap_ns += work.trap_ns;
	}
	truth = rate * (double)(all.cpu_ns - all.trace_ns) / MS;
	scale = windows__scale(&windows, all);
	error = hypot(scale.chance, scale.measure);
	assert_true(error > 0 && error < 2);
	assert_true(fabs(windows.allocs * scale.factor - truth) < 4 * error * truth);
}

static void test_windows_stand_for_the_whole_within_their_error(void **state)
{
	scales(20, 400, 0.3);
	scales(5, 200, 0.1);
	scales(100, 50, 0.9);
}

/* Where tracing takes nearly all of the time nothing is known of the rest but that calls take some. */
static void test_a_cost_that_hides_the_work_is_a_large_error(void **state)
{
	struct windows windows = {};
	struct windows_scale scale;
	double truth = 1000.0 * MS / 20;

	/* 20 ns of its own for each, 2500 ns of tracing; 2000 ns is what was thought. */
	add(&windows, (struct work){ 10 * MS, 8 * MS, 8 * MS, 0, 0 }, 3968);
	scale = windows__scale(&windows,
			       (struct work){ 1010 * (uint64_t)MS, 8 * MS, 8 * MS, 0, 0 });
	assert_true(fabs(windows.allocs * scale.factor - truth) <
		    2 * scale.measure * windows.allocs * scale.factor);
	assert_true(scale.measure > 0.5);
}

static void test_one_window_says_nothing_of_its_error(void **state)
{
	struct windows windows = {};
	struct windows_scale scale;

	add(&windows, (struct work){ 10 * MS, 5 * MS, 5 * MS, 0, 0 }, 100);
	scale = windows__scale(&windows,
			       (struct work){ 1000 * (uint64_t)MS, 5 * MS, 5 * MS, 0, 0 });
	assert_true(windows.allocs * scale.factor > 19800 && windows.allocs * scale.factor < 20000);
	assert_true(scale.chance >= 1);
}

static void test_what_was_traced_whole_stands_for_itself(void **state)
{
	struct windows windows = {};
	struct work all = { 100 * MS, 5 * MS, 5 * MS, 0, 0 };
	struct windows_scale scale;

	add(&windows, all, 100);
	scale = windows__scale(&windows, all);
	assert_true(is_near(windows.allocs * scale.factor, 100));
	assert_true(scale.chance == 0 && scale.measure == 0);
}

/* As many windows in two parts are as many windows. */
static void test_windows_that_are_joined_are_one(void **state)
{
	struct windows one = {}, two = {}, all = {};
	int i;

	for (i = 0; i < 10; i++) {
		struct work work = { 10 * MS, (uint64_t)(1 + i % 3) * MS, MS, 30 + i % 7, 1000 };

		add(i < 4 ? &one : &two, work, 100 + i);
		add(&all, work, 100 + i);
	}
	windows__join(&one, &two);
	assert_int_equal(one.cnt, all.cnt);
	assert_memory_equal(&one.work, &all.work, sizeof(all.work));
	assert_true(one.seen == all.seen && one.io_cnt == all.io_cnt &&
		    is_near(one.own_ns, all.own_ns));
	assert_true(is_near(one.allocs, all.allocs) &&
		    is_near(one.alloc_squares, all.alloc_squares));
	for (i = 0; i < WINDOWS_BY_CNT; i++)
		assert_true(is_near(one.by[i].sum, all.by[i].sum) &&
			    is_near(one.by[i].squares, all.by[i].squares) &&
			    is_near(one.by[i].products, all.by[i].products));
	assert_true(is_near(one.cheap.allocs, all.cheap.allocs) &&
		    is_near(one.dear.own_ns, all.dear.own_ns));
}

/*
 * A server: each request is two calls and 400 bytes, and @allocs allocations by its kind. What it does besides goes by
 * @calls_off: calls that are nothing of its work, for each ms.
 */
static struct windows_scale serve(double calls_off, double *ret_truth)
{
	const double own_ns = 1500, allocs = 6, trap_ns = 2000, off = 0.8;
	struct windows windows = {};
	struct work all = {};
	double truth = 0;
	int i;

	for (i = 0; i < 24; i++) {
		double requests = (1 + uniform()) * MS / (allocs * (own_ns + trap_ns));
		double cpu_ns = requests * allocs * (own_ns + trap_ns), wall_ms = cpu_ns / MS;
		uint64_t traps_ns = (uint64_t)(requests * allocs * trap_ns * off);
		struct work work = { (uint64_t)cpu_ns, traps_ns, traps_ns,
				     (uint64_t)(2 * requests + calls_off * wall_ms),
				     (uint64_t)(400 * requests) };
		struct work between = { 250 * (uint64_t)MS };
		double more = 250.0 * MS / (allocs * own_ns);

		add(&windows, work, requests * allocs);
		between.io_cnt = (uint64_t)(2 * more + calls_off * 250);
		between.io_bytes = (uint64_t)(400 * more);
		truth += (requests + more) * allocs;
		work_add(&all, work);
		work_add(&all, between);
	}
	*ret_truth = truth / windows.allocs;
	return windows__scale(&windows, all);
}

/* The price of a trap is told as 0.8 of what it is, which own work as a measure has to allow for. */
static void test_reads_and_writes_are_the_better_measure(void **state)
{
	double truth;
	struct windows_scale scale = serve(0, &truth);

	assert_int_not_equal(scale.by, WINDOWS_BY_OWN);
	assert_true(hypot(scale.chance, scale.measure) < 0.2);
	assert_true(fabs(scale.factor / truth - 1) < 0.1);
}

static void test_calls_that_go_with_time_are_no_measure(void **state)
{
	double truth;
	struct windows_scale scale = serve(2000, &truth);

	assert_int_not_equal(scale.by, WINDOWS_BY_IO);
	assert_true(fabs(scale.factor / truth - 1) < 2 * hypot(scale.chance, scale.measure));
}

/* One window of a process that lives for a moment, beside forty of others like it. */
static void test_one_window_is_scaled_like_the_others(void **state)
{
	struct windows model = {}, one = {};
	struct work window = { 300000, 200000, 100000, 0, 0 };
	struct windows_scale alone, like;
	int i;

	/* 1000 ns of own work for each, but this one saw only half as many. */
	for (i = 0; i < 40; i++)
		add(&model, window, 80 + i);
	add(&one, window, 50);
	alone = windows__scale(&one, (struct work){ 90 * (uint64_t)MS, 0, 0, 0, 0 });
	like = windows__scale_like(&one, &model, (struct work){ 90 * (uint64_t)MS, 0, 0, 0, 0 });
	assert_true(one.allocs * alone.factor < 50000);
	assert_true(one.allocs * like.factor > 85000 && one.allocs * like.factor < 95000);
	assert_true(like.chance > 0 && like.chance < 1 && alone.chance == 1);
}

/*
 * A program that works for 40 ms and then allocates 40000 times within 20 ms, again and again; each allocation takes 1.5 us
 * more in a window, and windows of 2 ms begin anywhere in that. One in a burst covers a fourth of what others do.
 */
static struct window burst_window(double *ret_own_ns)
{
	const double calm_ns = 40e6, burst_ns = 20e6, call_ns = burst_ns / 40e3, trap_ns = 1500;
	double at_ns = uniform() * (calm_ns + burst_ns), left_ns = 2e6, traps_ns;
	struct window window = { .wall_ns = left_ns };

	*ret_own_ns = 0;
	while (left_ns > 0) {
		bool calm = at_ns < calm_ns;
		double step_ns = fmin(calm ? calm_ns - at_ns : call_ns, left_ns);

		left_ns -= step_ns + (calm ? 0 : trap_ns);
		window.allocs += !calm;
		*ret_own_ns += step_ns;
		at_ns = fmod(at_ns + step_ns, calm_ns + burst_ns);
	}
	traps_ns = window.allocs * trap_ns;
	window.work = (struct work){ (uint64_t)(*ret_own_ns + traps_ns), (uint64_t)traps_ns,
				     (uint64_t)traps_ns, 0, 0 };
	return window;
}

static void test_bursts_count_as_what_they_are(void **state)
{
	const double total_ns = 10e9, truth = total_ns / 60e6 * 40e3;
	struct windows windows = {};
	struct windows_scale scale;
	double own_ns, all_ns = 0;
	int i;

	for (i = 0; i < 400; i++) {
		struct window window = burst_window(&own_ns);

		windows__add(&windows, &window);
		all_ns += own_ns;
	}
	scale = windows__scale(&windows, (struct work){ .cpu_ns = (uint64_t)total_ns });
	assert_true(fabs(windows.allocs * scale.factor / truth - 1) < 0.1);
	/* As they are, they tell something else. */
	assert_true(windows.seen / all_ns * total_ns / truth < 0.7);
	assert_true(scale.chance < 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_stand_for_the_whole_within_their_error),
		cmocka_unit_test(test_a_cost_that_hides_the_work_is_a_large_error),
		cmocka_unit_test(test_one_window_says_nothing_of_its_error),
		cmocka_unit_test(test_windows_that_are_joined_are_one),
		cmocka_unit_test(test_what_was_traced_whole_stands_for_itself),
		cmocka_unit_test(test_reads_and_writes_are_the_better_measure),
		cmocka_unit_test(test_calls_that_go_with_time_are_no_measure),
		cmocka_unit_test(test_one_window_is_scaled_like_the_others),
		cmocka_unit_test(test_bursts_count_as_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
