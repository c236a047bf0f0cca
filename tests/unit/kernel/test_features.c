// SPDX-License-Identifier: Apache-2.0
#include "kernel/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void people_can_read_of_each_what_it_is_and_what_to_do(void **state)
{
	int a, b;

	for (a = 0; a < FEATURE_CNT; a++) {
		assert_true(strlen(feature_title((enum feature)a)) > 0);
		assert_true(strlen(feature_remedy((enum feature)a)) > 0);
		for (b = 0; b < a; b++)
			assert_string_not_equal(feature_title((enum feature)a),
						feature_title((enum feature)b));
	}
}

/* Trying harms nobody, with or without the rights; answers stay, and say why if they are no. */
static void answers_are_the_same_again_and_have_a_reason(void **state)
{
	bool has[FEATURE_CNT];
	int i;

	for (i = 0; i < FEATURE_CNT; i++)
		has[i] = feature_has((enum feature)i);
	for (i = 0; i < FEATURE_CNT; i++) {
		assert_int_equal(feature_has((enum feature)i), has[i]);
		assert_true(has[i] ? feature_error((enum feature)i) == 0
				   : feature_error((enum feature)i) < 0);
	}
	/* What builds on something does not work without it. */
	if (!has[FEATURE_BPF])
		assert_false(has[FEATURE_UPROBE_PERF] || has[FEATURE_UPROBE_MULTI]);
	if (!has[FEATURE_UPROBE_MULTI])
		assert_false(has[FEATURE_UPROBE_SESSION]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_can_read_of_each_what_it_is_and_what_to_do),
		cmocka_unit_test(answers_are_the_same_again_and_have_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
