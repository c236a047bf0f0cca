// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/proc_list.h"

static bool has(const struct proc_pids *pids, pid_t pid)
{
	size_t i;

	for (i = 0; i < pids->cnt; i++) {
		if (pids->at[i] == pid)
			return true;
	}
	return false;
}

static void every_process_and_no_other_name(void **state)
{
	struct proc_list list __proc_list = {};
	bool me = false;
	pid_t pid;

	assert_int_equal(proc_list__open(&list), 0);
	while (proc_list__next(&list, &pid)) {
		assert_true(pid > 0);
		me |= pid == getpid();
	}
	assert_true(me);
}

static void *wait_for_byte(void *arg)
{
	char byte;

	return read(*(int *)arg, &byte, 1) == 1 ? NULL : arg;
}

static void threads_are_counted(void **state)
{
	struct proc_list list __proc_list = {};
	size_t before = 0, after = 0;
	pthread_t thread;
	int ends[2];
	pid_t tid;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(proc_list__open_threads(&list, getpid()), 0);
	while (proc_list__next(&list, &tid))
		before++;
	proc_list__done(&list);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, &ends[0]), 0);
	assert_int_equal(proc_list__open_threads(&list, getpid()), 0);
	while (proc_list__next(&list, &tid))
		after++;
	assert_int_equal(after, before + 1);
	assert_int_equal(write(ends[1], "x", 1), 1);
	pthread_join(thread, NULL);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(proc_list__open_threads(&(struct proc_list){}, 0x7ffffff0), -ESRCH);
}

static void children_and_grandchildren(void **state)
{
	struct proc_pids direct __proc_pids = {}, deep __proc_pids = {}, none __proc_pids = {};
	pid_t child, grandchild;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		grandchild = fork();
		if (!grandchild)
			pause();
		if (write(ends[1], &grandchild, sizeof(grandchild)) == sizeof(grandchild))
			pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	assert_int_equal(proc_children(getpid(), false, &direct), 0);
	assert_true(has(&direct, child));
	assert_false(has(&direct, grandchild));
	assert_int_equal(proc_children(getpid(), true, &deep), 0);
	assert_true(has(&deep, child));
	assert_true(has(&deep, grandchild));
	assert_false(has(&deep, getpid()));
	assert_int_equal(proc_children(grandchild, true, &none), 0);
	assert_int_equal(none.cnt, 0);
	kill(grandchild, SIGKILL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_process_and_no_other_name),
		cmocka_unit_test(threads_are_counted),
		cmocka_unit_test(children_and_grandchildren),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
