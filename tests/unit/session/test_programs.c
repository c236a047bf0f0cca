// SPDX-License-Identifier: Apache-2.0
/* What is known of programs by their name, and what those that were seen stand for. */
#include <stdarg.h>
#include <math.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "session/programs.h"

#define S 1000000000ull

static void only_what_is_dear_begins_in_windows(void **state)
{
	struct programs programs = {};

	assert_false(programs__begins_in_windows(&programs, "cc1", S));
	programs__learn(&programs, "cc1", false, S);
	assert_null(programs__find(&programs, "cc1"));
	programs__learn(&programs, "cc1", true, S);
	assert_true(programs__begins_in_windows(&programs, "cc1", S));
	assert_false(programs__begins_in_windows(&programs, "cc1plus", S));
	programs__learn(&programs, "cc1", false, S);
	assert_false(programs__begins_in_windows(&programs, "cc1", S));
	programs__done(&programs);
}

/* What is believed is tried again, and forgotten where nobody asks for it. */
static void nothing_is_believed_for_ever(void **state)
{
	struct programs programs = {};
	int i, whole = 0;

	programs__learn(&programs, "cc1", true, S);
	for (i = 0; i < 320; i++)
		whole += !programs__begins_in_windows(&programs, "cc1", S);
	assert_int_equal(whole, 10);
	assert_true(programs__begins_in_windows(&programs, "cc1", 500 * S));
	assert_false(programs__begins_in_windows(&programs, "cc1", 1200 * S));
	programs__done(&programs);
}

static void a_name_may_fill_its_room(void **state)
{
	const char name[PROGRAM_NAME_SIZE] = "0123456789abcde"; /* and one without an end: */
	char full[PROGRAM_NAME_SIZE];
	struct programs programs = {};

	for (size_t i = 0; i < sizeof(full); i++)
		full[i] = 'x';
	programs__learn(&programs, full, true, S);
	programs__learn(&programs, name, true, S);
	assert_true(programs__find(&programs, full) != programs__find(&programs, name));
	assert_non_null(programs__find(&programs, full));
	programs__done(&programs);
}

static void the_oldest_is_forgotten(void **state)
{
	struct programs programs = {};
	char name[PROGRAM_NAME_SIZE];
	unsigned i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		programs__learn(&programs, name, true, i * S);
		programs__learn(&programs, "p0", true, i * S);
	}
	assert_true(programs.all.cnt < 1000);
	assert_non_null(programs__find(&programs, "p0"));
	assert_null(programs__find(&programs, "p1"));
	assert_non_null(programs__find(&programs, "p999"));
	programs__done(&programs);
}

static void unseen_work_is_taken_once(void **state)
{
	struct programs programs = {};
	struct work work;

	programs__add_unseen(&programs, "cc1", (struct work){ .cpu_ns = 5 });
	assert_int_equal(programs__take_unseen(&programs, "cc1").cpu_ns, 0);
	programs__learn(&programs, "cc1", true, S);
	programs__add_unseen(&programs, "cc1", (struct work){ .cpu_ns = 5, .trace_ns = 1 });
	programs__add_unseen(&programs, "cc1", (struct work){ .cpu_ns = 7 });
	work = programs__take_unseen(&programs, "cc1");
	assert_int_equal(work.cpu_ns, 12);
	assert_int_equal(work.trace_ns, 1);
	assert_int_equal(programs__take_unseen(&programs, "cc1").cpu_ns, 0);
	programs__done(&programs);
}

static void windows_of_many_are_one_model(void **state)
{
	struct windows one = {}, all;
	struct programs programs = {};
	uint32_t i, nth = 0;

	const struct window window = { { .cpu_ns = 1000000, .trace_ns = 400000, .trap_ns = 300000 },
				       .allocs = 10,
				       .wall_ns = 1000000 };

	windows__add(&one, &window);
	assert_int_equal(programs__add_windows(&programs, "cc1", &one, &all), 1);
	assert_int_equal(all.cnt, 1);
	programs__learn(&programs, "cc1", true, S);
	for (i = 0; i < 10; i++)
		nth = programs__add_windows(&programs, "cc1", &one, &all);
	assert_int_equal(nth, 10);
	assert_int_equal(all.cnt, 10);
	assert_true(fabs(all.own_ns - 10 * one.own_ns) < 1);
	assert_true(all.seen == 100);
	for (; i < 10000; i++)
		nth = programs__add_windows(&programs, "cc1", &one, &all);
	assert_true(nth < 100 && all.cnt < 1000);
	/* The rate is what it was. */
	assert_true(fabs(all.seen / all.own_ns / (one.seen / one.own_ns) - 1) < 0.05);
	programs__done(&programs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_dear_begins_in_windows),
		cmocka_unit_test(nothing_is_believed_for_ever),
		cmocka_unit_test(a_name_may_fill_its_room),
		cmocka_unit_test(the_oldest_is_forgotten),
		cmocka_unit_test(unseen_work_is_taken_once),
		cmocka_unit_test(windows_of_many_are_one_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
