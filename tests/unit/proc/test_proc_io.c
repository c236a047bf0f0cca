// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "proc/proc_io.h"

/* Reading it is a read itself, of some hundred bytes. */
static void reads_and_writes_are_counted(void **state)
{
	struct proc_io before, after;
	char bytes[1000] = {};
	int fds[2], i;

	if (proc_io__read(getpid(), &before) == -ENOENT)
		skip();
	assert_int_equal(pipe(fds), 0);
	for (i = 0; i < 50; i++) {
		assert_int_equal(write(fds[1], bytes, sizeof(bytes)), sizeof(bytes));
		assert_int_equal(read(fds[0], bytes, sizeof(bytes)), sizeof(bytes));
	}
	assert_int_equal(proc_io__read(getpid(), &after), 0);
	assert_in_range(after.calls_cnt - before.calls_cnt, 100, 105);
	assert_in_range(after.bytes - before.bytes, 100000, 101000);
	close(fds[0]);
	close(fds[1]);
}

static void nobody_has_read_nothing(void **state)
{
	struct proc_io io = { .bytes = 7 };

	assert_true(proc_io__read(0x7ffffff0, &io) < 0);
	assert_int_equal(io.bytes, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_are_counted),
		cmocka_unit_test(nobody_has_read_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
