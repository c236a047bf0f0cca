// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "proc/proc_shadow.h"

static void status_says(void **state)
{
	(void)state;
	assert_int_equal(
		proc_shadow__from_status("Name:\tx\nx86_Thread_features:\tshstk wrss \nUid:\t0\n"),
		1);
	assert_int_equal(proc_shadow__from_status("Name:\tx\nx86_Thread_features:\t\n"), 0);
	assert_int_equal(proc_shadow__from_status("Name:\tx\nx86_Thread_features:\twrss"), 0);
	/* What it is locked to is no feature that it has. */
	assert_int_equal(proc_shadow__from_status("Name:\tx\nx86_Thread_features:\t\n"
						  "x86_Thread_features_locked:\tshstk wrss \n"),
			 0);
}

static void status_does_not_say(void **state)
{
	(void)state;
	assert_int_equal(proc_shadow__from_status(""), -ENODATA);
	assert_int_equal(proc_shadow__from_status("Name:\tx\nUid:\t0\n"), -ENODATA);
	/* A name is the process' own, and has no line of its own. */
	assert_int_equal(proc_shadow__from_status("Name:\tx86_Thread_features: shstk\nUid:\t0\n"),
			 -ENODATA);
}

static void flags_of_a_mapping(void **state)
{
	(void)state;
	assert_true(proc_shadow__is_smap("VmFlags: rd wr mr mw me dw ac sd ss\n"));
	assert_true(proc_shadow__is_smap("VmFlags: ss"));
	assert_false(proc_shadow__is_smap("VmFlags: rd wr mr mw me ac sd\n"));
	assert_false(proc_shadow__is_smap("VmFlags: rd sss s s\n"));
	assert_false(proc_shadow__is_smap("VmFlags:\n"));
	assert_false(proc_shadow__is_smap(""));
	assert_false(proc_shadow__is_smap("7f00-8000 rw-p 00000000 00:00 0   /VmFlags: ss\n"));
}

static void nobody_has_none(void **state)
{
	(void)state;
	assert_false(proc_has_shadow(0x7ffffff0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_says),
		cmocka_unit_test(status_does_not_say),
		cmocka_unit_test(flags_of_a_mapping),
		cmocka_unit_test(nobody_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
