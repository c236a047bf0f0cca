// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/proc_cpu.h"

static void grows_with_work(void **state)
{
	uint64_t before = 0, after = 0;

	assert_int_equal(proc_cpu_ns(getpid(), &before), 0);
	do {
		assert_int_equal(proc_cpu_ns(getpid(), &after), 0);
	} while (after < before + 20000000);
	assert_true(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= after);
}

static void who_is_gone_has_none(void **state)
{
	uint64_t ns = 7;
	pid_t child = fork();

	if (!child)
		_exit(0);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(proc_cpu_ns(child, &ns), -ESRCH);
	assert_int_equal(ns, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_with_work),
		cmocka_unit_test(who_is_gone_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
