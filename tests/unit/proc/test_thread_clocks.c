// SPDX-License-Identifier: Apache-2.0
#include "proc/thread_clocks.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static pid_t start_child(bool busy)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	/* A failed assertion leaves nobody to stop it. */
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!pid) {
		if (!busy)
			pause();
	}
	return pid;
}

static void stop_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* It never goes back, gets on with a child that works, and is never ahead of the time. */
static void test_a_busy_child_takes_time(void **state)
{
	pid_t pid = start_child(true);
	struct thread_clocks clocks;
	uint64_t start = now_ns(CLOCK_MONOTONIC), last = 0, now;
	int err = thread_clocks__open(&clocks, pid);

	if (err == -EACCES || err == -EPERM || err == -ENOSYS) {
		stop_child(pid);
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(clocks.cnt, 1);
	while (last < 20000000) {
		now = thread_clocks__read_ns(&clocks);
		assert_true(now >= last);
		last = now;
	}
	assert_true(last <= now_ns(CLOCK_MONOTONIC) - start);
	thread_clocks__done(&clocks);
	stop_child(pid);
}

static void test_nobody_has_no_clock(void **state)
{
	pid_t pid = start_child(false);
	struct thread_clocks clocks;

	stop_child(pid);
	assert_int_equal(thread_clocks__open(&clocks, pid), -ESRCH);
	assert_int_equal(clocks.cnt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_busy_child_takes_time),
		cmocka_unit_test(test_nobody_has_no_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
