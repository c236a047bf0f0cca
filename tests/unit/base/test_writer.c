// SPDX-License-Identifier: Apache-2.0
#include "base/writer.h"

#include <errno.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_buf(void **state)
{
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);
	char big[100000];

	memset(big, 'x', sizeof(big));
	writer__str(writer, "a");
	writer__char(writer, ':');
	writer__i64(writer, 0);
	writer__i64(writer, INT64_MIN);
	writer__i64(writer, INT64_MAX);
	writer__printf(writer, "%s", "b");
	assert_int_equal(buf__len(buf), 0);
	assert_int_equal(writer__finish(writer), 0);
	assert_string_equal(buf__data(buf), "a:0-92233720368547758089223372036854775807b");
	writer__write(writer, big, sizeof(big));
	writer__printf(writer, "%.*s", (int)sizeof(big), big);
	writer__char(writer, '!');
	assert_int_equal(writer__finish(writer), 0);
	assert_int_equal(writer__written_bytes(writer), buf__len(buf));
	assert_int_equal(buf__len(buf), 43 + 2 * sizeof(big) + 1);
	assert_int_equal(buf__data(buf)[buf__len(buf) - 1], '!');
}

static void test_error_sticks(void **state)
{
	struct buf *buf __free(buf) = buf__new(3);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	writer__str(writer, "four");
	assert_int_equal(writer__error(writer), 0); /* still buffered */
	assert_int_equal(writer__finish(writer), -EOVERFLOW);
	writer__str(writer, "x");
	writer__fail(writer, -EINVAL);
	assert_int_equal(writer__finish(writer), -EOVERFLOW);
}

static void test_fd(void **state)
{
	char got[8] = "";
	int pipe_fds[2];
	struct writer *writer __free(writer) = NULL;

	assert_int_equal(pipe(pipe_fds), 0);
	writer = writer__new_fd(pipe_fds[1]);
	writer__str(writer, "hello");
	assert_int_equal(writer__finish(writer), 0);
	assert_int_equal(read(pipe_fds[0], got, sizeof(got) - 1), 5);
	assert_string_equal(got, "hello");
	close(pipe_fds[1]);
	writer__str(writer, "late");
	assert_int_equal(writer__finish(writer), -EBADF);
	close(pipe_fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_buf),
					    cmocka_unit_test(test_error_sticks),
					    cmocka_unit_test(test_fd) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
