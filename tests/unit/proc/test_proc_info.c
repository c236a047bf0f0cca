// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "proc/proc_info.h"

#define STATUS    "Name:\tx\nUid:\t0\t1000\t0\t0\nNSpid:\t77\t5\t1\nSeccomp:\t2\nSeccomp_filters:\t9\n"
#define STAT_TAIL " S 12 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 123456789 1000 1 1\n"
#define NO_PID    0x7ffffff0

static void hostile_command_name(void **state)
{
	struct proc_info info;

	assert_int_equal(proc_info__parse("77 (a) R 1 (b)\n c)" STAT_TAIL, STATUS, &info), 0);
	assert_int_equal(info.pid, 77);
	assert_string_equal(info.comm, "a) R 1 (b)\n c");
	assert_int_equal(info.ppid, 12);
	assert_int_equal(info.start_ticks, 123456789);
	assert_int_equal(info.uid, 1000);
	assert_int_equal(info.seccomp, PROC_SECCOMP_FILTER);
	assert_int_equal(info.ns_pid_cnt, 3);
	assert_int_equal(info.ns_pid[0], 77);
	assert_int_equal(info.ns_pid[2], 1);
	assert_false(info.is_zombie);
	assert_false(info.is_kernel_thread);
}

static void kernel_thread_and_zombie_by_their_flags(void **state)
{
	struct proc_info info;

	assert_int_equal(
		proc_info__parse(
			"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0\n",
			STATUS, &info),
		0);
	assert_true(info.is_kernel_thread);
	assert_int_equal(
		proc_info__parse("2 (x) Z 0 0 0 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0\n",
				 STATUS, &info),
		0);
	assert_true(info.is_zombie);
}

static void nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"1 (",
		"1 (x",
		"1 (x)",
		"1 (x) ",
		"1 (x)  ",
		")(",
		"1 (x) S 1 2",
		"1 (x) S a b c",
		"1 (x) S 1 1 1 0 -1 99999999999999999999999 1 0 0 0 1 1 0 0 20 0 1 0 1 1",
	};
	char long_comm[5000];
	struct proc_info info = { .pid = 42 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(proc_info__parse(bad[i], STATUS, &info), -EPROTO);
		assert_int_equal(info.pid, 42);
	}
	assert_int_equal(proc_info__parse("1 (x)" STAT_TAIL, "Uid:\t1\n", &info), -EPROTO);
	assert_int_equal(proc_info__parse("1 (x)" STAT_TAIL, "Name:\tUid:\t1\t1\t1\t1\n", &info),
			 -EPROTO);
	memset(long_comm, 'a', sizeof(long_comm));
	memcpy(long_comm, "1 (", 3);
	memcpy(long_comm + sizeof(long_comm) - sizeof(")" STAT_TAIL), ")" STAT_TAIL,
	       sizeof(")" STAT_TAIL));
	assert_int_equal(proc_info__parse(long_comm, STATUS, &info), 0);
	assert_int_equal(strlen(info.comm), sizeof(info.comm) - 1);
}

static void myself(void **state)
{
	char *cmdline __free_mem = NULL, *exe __free_mem = NULL;
	struct proc_info info;
	unsigned int bits;

	assert_int_equal(prctl(PR_SET_NAME, "a ) b (c"), 0);
	assert_int_equal(proc_info__read(getpid(), &info), 0);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.ppid, getppid());
	assert_int_equal(info.uid, geteuid());
	assert_string_equal(info.comm, "a ) b (c");
	assert_int_equal(info.state, 'R');
	assert_true(info.start_ticks > 0);
	assert_int_equal(info.ns_pid[info.ns_pid_cnt - 1], getpid());
	assert_int_equal(proc_exe_bits(getpid(), &bits), 0);
	assert_int_equal(bits, sizeof(void *) * 8);
	assert_int_equal(proc_exe_path(getpid(), &exe), 0);
	assert_non_null(strstr(exe, "test_proc_info"));
	assert_int_equal(proc_cmdline(getpid(), 4096, &cmdline), 0);
	assert_non_null(strstr(cmdline, "test_proc_info"));
}

static void a_command_line_is_cut_and_made_printable(void **state)
{
	char *cmdline __free_mem = NULL, *cut __free_mem = NULL;
	pid_t pid = fork();
	int i;

	if (!pid) {
		execl("/bin/sleep", "sl\neep", "60", "1", NULL);
		_exit(127);
	}
	for (i = 0; i < 200; i++) {
		free(TAKE_PTR(cmdline));
		assert_int_equal(proc_cmdline(pid, 100, &cmdline), 0);
		if (!strncmp(cmdline, "sl", 2))
			break;
		usleep(10000);
	}
	assert_string_equal(cmdline, "sl?eep 60 1");
	assert_int_equal(proc_cmdline(pid, 4, &cut), 0);
	assert_string_equal(cut, "sl?e");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_zombie_and_a_vanished_process(void **state)
{
	char *cmdline __free_mem = NULL;
	struct proc_info info;
	pid_t pid = fork();
	siginfo_t si;

	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_info__read(pid, &info), 0);
	assert_true(info.is_zombie);
	assert_int_equal(proc_cmdline(pid, 100, &cmdline), 0);
	assert_int_equal(cmdline[0], '[');
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_info__read(pid, &info), -ESRCH);
	assert_int_equal(proc_info__read(NO_PID, &info), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_command_name),
		cmocka_unit_test(kernel_thread_and_zombie_by_their_flags),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(myself),
		cmocka_unit_test(a_command_line_is_cut_and_made_printable),
		cmocka_unit_test(a_zombie_and_a_vanished_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
