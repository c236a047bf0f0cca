// SPDX-License-Identifier: Apache-2.0
/* Files that are read at once, and later; by a child that is this program, too. */
#include "collect/file_table.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/worker_child.h"

#define LIBC "/usr/lib/x86_64-linux-gnu/libc.so.6"

static struct worker *start(void)
{
	/* The sanitizer's own memory is beyond any bound. */
	struct worker_options options = { .patience_ns = 600000000000ull,
					  .start_max = 2,
					  .is_lazy = true };
	struct worker *worker;

	assert_int_equal(worker__new(&options, &worker), 0);
	return worker;
}

static void add(struct file_table *files, const char *path)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_table__add_fd(files, fd, path), 0);
}

static size_t row_cnt(const struct file_table *files)
{
	size_t rows, pages;

	file_table__need(files, &rows, &pages);
	return rows;
}

static void what_is_read_later_is_the_same(void **state)
{
	struct worker *worker __free(worker) = start();
	struct file_table *now __free(file_table) = file_table__new();
	struct file_table *later __free(file_table) = file_table__new();
	size_t i;

	assert_int_equal(file_table__fd(later), -1);
	file_table__read_later(later, worker);
	add(now, "/proc/self/exe");
	add(now, LIBC);
	add(later, "/proc/self/exe");
	add(later, LIBC);
	assert_int_equal(row_cnt(later), 0);
	assert_string_equal(file_table__at(later, 1)->build_id, "");
	file_table__read_all(later);
	assert_int_equal(row_cnt(later), row_cnt(now));
	for (i = 0; i < 2; i++)
		assert_string_equal(file_table__at(later, i)->build_id,
				    file_table__at(now, i)->build_id);
	assert_true(strlen(file_table__at(later, 1)->build_id) > 0);
}

static void one_after_another(void **state)
{
	struct worker *worker __free(worker) = start();
	struct file_table *files __free(file_table) = file_table__new();
	struct pollfd pollfd = { .events = POLLIN };
	size_t before = 0, i;

	file_table__read_later(files, worker);
	pollfd.fd = file_table__fd(files);
	add(files, "/proc/self/exe");
	add(files, LIBC);
	file_table__read_on(files, false);
	for (i = 0; i < 2; i++) {
		/* Nobody reads two at a time, and nothing has come unless it is ready. */
		assert_int_equal(row_cnt(files), before);
		assert_int_equal(poll(&pollfd, 1, -1), 1);
		file_table__read_on(files, true);
		assert_true(row_cnt(files) > before);
		before = row_cnt(files);
	}
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	assert_false(file_table__is_late(files, UINT64_MAX));
}

/* What cannot be read holds up nobody. */
static void a_file_that_is_none(void **state)
{
	struct worker *worker __free(worker) = start();
	struct file_table *files __free(file_table) = file_table__new();

	file_table__read_later(files, worker);
	add(files, "/etc/passwd");
	add(files, LIBC);
	file_table__read_all(files);
	assert_string_equal(file_table__at(files, 0)->build_id, "");
	assert_true(row_cnt(files) > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_later_is_the_same),
		cmocka_unit_test(one_after_another),
		cmocka_unit_test(a_file_that_is_none),
	};

	if (worker_child_is(argc, argv))
		return worker_child_run(argv, worker_child_answer);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
