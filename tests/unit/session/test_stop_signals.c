// SPDX-License-Identifier: Apache-2.0
#include "session/stop_signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What becomes of a process that does @what: its status as waitpid() gives it. */
static int fate(void (*what)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool is_pending(int signo)
{
	sigset_t set;

	return !sigpending(&set) && sigismember(&set, signo);
}

static void early_ones(void)
{
	struct stop_signals stop;

	signal(SIGINT, SIG_IGN);
	stop_signals__block(&stop);
	raise(SIGINT);
	raise(SIGTERM);
	raise(SIGHUP);
	if (!is_pending(SIGINT) || !is_pending(SIGTERM) || !is_pending(SIGHUP))
		_exit(1);
}

static void early_ones_wait(void **state)
{
	assert_int_equal(fate(early_ones), 0);
}

static void a_second_one(void)
{
	struct stop_signals stop;

	signal(SIGINT, SIG_IGN);
	stop_signals__block(&stop);
	stop_signals__let_through(&stop);
	raise(SIGINT);
}

static void a_second_one_ends_us(void **state)
{
	int status = fate(a_second_one);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void hangups_of_nohup(void)
{
	struct stop_signals stop;

	signal(SIGHUP, SIG_IGN);
	stop_signals__block(&stop);
	raise(SIGHUP);
	if (is_pending(SIGHUP) || sigismember(&stop.set, SIGHUP))
		_exit(1);
	stop_signals__let_through(&stop);
	raise(SIGHUP);
}

/* A daemon's own: it stays blocked. */
static void hangups_of_others(void)
{
	struct stop_signals stop;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	stop_signals__block(&stop);
	stop_signals__let_through(&stop);
	raise(SIGHUP);
	if (!is_pending(SIGHUP) || sigismember(&stop.set, SIGHUP))
		_exit(1);
}

static void hangups_are_left_to_whom_they_are_for(void **state)
{
	assert_int_equal(fate(hangups_of_nohup), 0);
	assert_int_equal(fate(hangups_of_others), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(early_ones_wait),
		cmocka_unit_test(a_second_one_ends_us),
		cmocka_unit_test(hangups_are_left_to_whom_they_are_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
