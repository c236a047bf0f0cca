// SPDX-License-Identifier: Apache-2.0
#include "session/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND_NS 1000000000u

static void test_a_rate_that_is_right_keeps_its_mean(void **state)
{
	assert_int_equal(pace_mean(4096, PACE_SAMPLES_PER_SECOND, SECOND_NS), 4096);
	assert_int_equal(pace_mean(4096, PACE_SAMPLES_PER_SECOND / 4, SECOND_NS / 4), 4096);
	assert_int_equal(pace_mean(4096, PACE_SAMPLES_PER_SECOND * 11 / 10, SECOND_NS), 4096);
}

static void test_the_mean_follows_the_rate(void **state)
{
	assert_int_equal(pace_mean(4096, 2 * PACE_SAMPLES_PER_SECOND, SECOND_NS), 8192);
	assert_int_equal(pace_mean(4096, PACE_SAMPLES_PER_SECOND / 2, SECOND_NS), 2048);
}

static void test_steps_and_means_are_bounded(void **state)
{
	assert_int_equal(pace_mean(4096, 1000 * PACE_SAMPLES_PER_SECOND, SECOND_NS), 8 * 4096);
	assert_int_equal(pace_mean(4096, 0, SECOND_NS), 512);
	assert_int_equal(pace_mean(1, 0, SECOND_NS), 1);
	assert_int_equal(pace_mean(0, 0, SECOND_NS), 1);
	assert_int_equal(pace_mean(7, 100, 0), 7);
	assert_true(pace_mean(UINT64_MAX, UINT32_MAX, SECOND_NS) < (uint64_t)1 << 40);
}

/* A process that allocates @bytes per second in small blocks ends up near the wanted rate, from
 * above and below. */
static void settles(uint64_t bytes, uint64_t mean)
{
	uint64_t cnt = 0;
	int i;

	for (i = 0; i < 20; i++) {
		cnt = bytes / mean / 4;
		mean = pace_mean(mean, cnt, SECOND_NS / 4);
	}
	assert_in_range(cnt, PACE_SAMPLES_PER_SECOND / 4 * 7 / 10,
			PACE_SAMPLES_PER_SECOND / 4 * 13 / 10);
}

static void test_it_settles(void **state)
{
	settles((uint64_t)1 << 30, 1);
	settles((uint64_t)1 << 30, (uint64_t)1 << 30);
	settles((uint64_t)100 << 20, 512 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rate_that_is_right_keeps_its_mean),
		cmocka_unit_test(test_the_mean_follows_the_rate),
		cmocka_unit_test(test_steps_and_means_are_bounded),
		cmocka_unit_test(test_it_settles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
