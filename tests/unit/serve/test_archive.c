// SPDX-License-Identifier: Apache-2.0
#include "serve/archive.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/temp_dir.h"

#define SECOND_NS 1000000000ll
#define T0        (1700000000ll * SECOND_NS)

static void write_at(int64_t time_ns)
{
	struct profile *profile __free(profile) = profile__new_heap();

	assert_int_equal(archive_write(temp_dir, profile, time_ns), 0);
}

static size_t count_since(int64_t since_ns)
{
	struct archive_list list __archive_list = {};

	assert_int_equal(archive_find(temp_dir, since_ns, &list), 0);
	return list.cnt;
}

static void test_names(void **state)
{
	struct archive_list list __archive_list = {};

	write_at(T0 + 60 * SECOND_NS);
	write_at(T0);
	/* A clock that was set back says the same time twice. */
	write_at(T0);
	assert_int_equal(archive_find(temp_dir, 0, &list), 0);
	assert_int_equal(list.cnt, 3);
	assert_non_null(strstr(list.at[2], "heaptap-20231114T221420Z.pb.gz"));
	assert_int_equal(count_since(T0 + SECOND_NS), 1);
	assert_int_equal(count_since(T0 + 61 * SECOND_NS), 0);
}

static void test_age(void **state)
{
	struct archive_limits limits = { .age_max_ns = 100 * SECOND_NS };
	struct archive_state state_now;
	int i;

	for (i = 0; i < 10; i++)
		write_at(T0 + i * 50 * SECOND_NS);
	assert_int_equal(archive_prune(temp_dir, &limits, T0 + 450 * SECOND_NS, &state_now), 0);
	assert_int_equal(state_now.file_cnt, 3);
	assert_int_equal(count_since(0), 3);
	/* Files from the future are not old. */
	assert_int_equal(archive_prune(temp_dir, &limits, T0, &state_now), 0);
	assert_int_equal(state_now.file_cnt, 3);
}

static void test_size(void **state)
{
	struct archive_limits limits = {};
	struct archive_state all, some;
	char path[128];
	FILE *other;
	int i;

	for (i = 0; i < 10; i++)
		write_at(T0 + i * SECOND_NS);
	snprintf(path, sizeof(path), "%s/notes.txt", temp_dir);
	other = fopen(path, "w");
	fputs("not ours", other);
	fclose(other);
	assert_int_equal(archive_prune(temp_dir, &limits, T0 + 10 * SECOND_NS, &all), 0);
	assert_int_equal(all.file_cnt, 10);
	limits.size_max_bytes = all.bytes / 2;
	assert_int_equal(archive_prune(temp_dir, &limits, T0 + 10 * SECOND_NS, &some), 0);
	assert_int_equal(some.file_cnt, 5);
	/* The newest stay, and what is not ours is left alone. */
	assert_int_equal(count_since(T0 + 5 * SECOND_NS), 5);
	assert_int_equal(access(path, F_OK), 0);
}

/* The clock jumps ahead by a day and back: windows go on, and those from the future are the first to go. */
static void test_clock_steps(void **state)
{
	const int64_t day = 86400 * SECOND_NS;
	struct archive_limits limits = { .age_max_ns = 7 * 86400 * (uint64_t)SECOND_NS };
	struct archive_state now;
	int i;

	for (i = 0; i < 4; i++)
		write_at(T0 + i * SECOND_NS);
	for (i = 4; i < 8; i++)
		write_at(T0 + day + i * SECOND_NS);
	assert_int_equal(archive_prune(temp_dir, &limits, T0 + day + 8 * SECOND_NS, &now), 0);
	assert_int_equal(now.file_cnt, 8);
	limits.size_max_bytes = now.bytes;
	for (i = 8; i < 12; i++) {
		write_at(T0 + i * SECOND_NS);
		assert_int_equal(archive_prune(temp_dir, &limits, T0 + i * SECOND_NS, &now), 0);
		assert_int_equal(now.file_cnt, 8);
	}
	/* All eight that were written at the right time are there, none that was not. */
	assert_int_equal(count_since(T0), 8);
	assert_int_equal(count_since(T0 + 12 * SECOND_NS), 0);
}

static void test_no_dir(void **state)
{
	struct archive_list list __archive_list = {};

	assert_true(archive_find("/nonexistent/archive", 0, &list) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_age, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_size, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_clock_steps, temp_dir_make, temp_dir_remove),
		cmocka_unit_test(test_no_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
