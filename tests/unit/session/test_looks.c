// SPDX-License-Identifier: Apache-2.0
#include "session/looks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ull

struct made_up {
	size_t cnt;
	uint32_t image;
	pid_t pid;
};

static void note(uint32_t image, pid_t pid, void *ctx)
{
	struct made_up *made_up = ctx;

	made_up->cnt++;
	made_up->image = image;
	made_up->pid = pid;
}

/* Asked every @step_ns for a second: how many looks there were, those made up for included. */
static size_t looks_in_a_second(struct looks *looks, uint64_t from_ns, uint64_t step_ns)
{
	struct made_up made_up = {};
	size_t cnt = 0;

	for (uint64_t now = from_ns; now < from_ns + SECOND_NS; now += step_ns) {
		looks__make_up(looks, now, note, &made_up);
		cnt += looks__may(looks, 7, 700, now);
	}
	return cnt + made_up.cnt;
}

static void use_up(struct looks *looks)
{
	for (size_t i = 0; i <= LOOKS_AT_ONCE; i++)
		looks__may(looks, 7, 700, SECOND_NS);
}

static void test_a_burst_is_looked_at_each_time(void **state)
{
	struct looks looks = {};

	for (size_t i = 0; i < LOOKS_AT_ONCE; i++)
		assert_true(looks__may(&looks, 7, 700, SECOND_NS));
	assert_false(looks__may(&looks, 7, 700, SECOND_NS));
	/* Others are others. */
	assert_true(looks__may(&looks, 8, 800, SECOND_NS));
	/* After a rest, again. */
	for (size_t i = 0; i < LOOKS_AT_ONCE; i++)
		assert_true(looks__may(&looks, 7, 700, 3 * SECOND_NS));
	looks__done(&looks);
}

static void test_who_asks_all_the_time_is_looked_at_now_and_then(void **state)
{
	size_t often = SECOND_NS / LOOK_EVERY_NS;
	struct looks looks = {};
	size_t first = looks_in_a_second(&looks, SECOND_NS, 10000);
	size_t second = looks_in_a_second(&looks, 2 * SECOND_NS, 10000);

	assert_in_range(first, often, 2 * often + 2 * LOOKS_AT_ONCE);
	assert_in_range(second, often / 2, 2 * often + LOOKS_AT_ONCE);
	looks__done(&looks);
}

static void test_who_asks_now_and_then_always_may(void **state)
{
	struct looks looks = {};

	assert_int_equal(looks_in_a_second(&looks, SECOND_NS, LOOK_EVERY_NS),
			 SECOND_NS / LOOK_EVERY_NS);
	looks__done(&looks);
}

static void test_what_was_put_off_is_done_once(void **state)
{
	struct made_up made_up = {};
	struct looks looks = {};
	uint64_t due;

	assert_int_equal(looks__due_ns(&looks), UINT64_MAX);
	looks__make_up(&looks, UINT64_MAX, note, &made_up);
	assert_int_equal(made_up.cnt, 0);
	use_up(&looks);
	assert_false(looks__may(&looks, 7, 700, SECOND_NS + 1));
	due = looks__due_ns(&looks);
	assert_true(due > SECOND_NS && due < UINT64_MAX);
	looks__make_up(&looks, due - 1, note, &made_up);
	assert_int_equal(made_up.cnt, 0);
	looks__make_up(&looks, due, note, &made_up);
	assert_int_equal(made_up.cnt, 1);
	assert_int_equal(made_up.image, 7);
	assert_int_equal(made_up.pid, 700);
	assert_int_equal(looks__due_ns(&looks), UINT64_MAX);
	looks__done(&looks);
}

static void test_who_has_ended_is_not_looked_at(void **state)
{
	struct made_up made_up = {};
	struct looks looks = {};

	use_up(&looks);
	looks__forget(&looks, 7);
	looks__forget(&looks, 8);
	assert_int_equal(looks__due_ns(&looks), UINT64_MAX);
	looks__make_up(&looks, UINT64_MAX, note, &made_up);
	assert_int_equal(made_up.cnt, 0);
	/* Its number may be given again. */
	assert_true(looks__may(&looks, 7, 701, SECOND_NS));
	looks__done(&looks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_burst_is_looked_at_each_time),
		cmocka_unit_test(test_who_asks_all_the_time_is_looked_at_now_and_then),
		cmocka_unit_test(test_who_asks_now_and_then_always_may),
		cmocka_unit_test(test_what_was_put_off_is_done_once),
		cmocka_unit_test(test_who_has_ended_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
