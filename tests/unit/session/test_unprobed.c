// SPDX-License-Identifier: Apache-2.0
#include "session/unprobed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void says(const struct unprobed *unprobed, const char *expected)
{
	struct buf *text __free(buf) = buf__new(0);

	unprobed__text(unprobed, text);
	assert_string_equal(buf__data(text), expected);
}

static void each_program_is_named_once(void **state)
{
	struct unprobed unprobed = {};

	says(&unprobed, "");
	assert_int_equal(unprobed__note(&unprobed, "go"), 0);
	says(&unprobed, "programs: 1 has no allocator that can be probed: go");
	assert_int_equal(unprobed__note(&unprobed, "busybox"), 0);
	assert_int_equal(unprobed__note(&unprobed, "go"), 0);
	says(&unprobed, "programs: 2 have no allocator that can be probed: go, busybox");
	unprobed__done(&unprobed);
	says(&unprobed, "");
}

static void a_thousand_names_fit_in_a_line(void **state)
{
	struct unprobed unprobed = {};
	char name[16];
	int i;

	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_int_equal(unprobed__note(&unprobed, name), 0);
	}
	says(&unprobed, "programs: 1024 have no allocator that can be probed: "
			"p0, p1, p2, p3, p4, p5, p6, p7 and 1016 more");
	unprobed__done(&unprobed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_program_is_named_once),
		cmocka_unit_test(a_thousand_names_fit_in_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
