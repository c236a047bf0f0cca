// SPDX-License-Identifier: Apache-2.0
/* The tables, filled from this very process. */
#include "collect/process_table.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct process_map *own_code(const struct process_table *processes, uint32_t image)
{
	uint64_t here = (uint64_t)(uintptr_t)own_code;
	const struct process_map *maps;
	size_t cnt, i;

	maps = process_table__maps(processes, image, &cnt);
	for (i = 0; i < cnt; i++) {
		if (here >= maps[i].start && here < maps[i].end)
			return &maps[i];
	}
	return NULL;
}

static void own_mappings_and_files_are_found(void **state)
{
	struct file_table *files __free(file_table) = file_table__new();
	struct process_table *processes __free(process_table) = process_table__new(files);
	const struct process_map *map;
	const struct file_entry *file;
	char exe[4096] = "";
	size_t rows = 0, pages = 0;

	assert_non_null(files);
	assert_non_null(processes);
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(process_table__scan(processes, 5, getpid()), 0);
	map = own_code(processes, 5);
	assert_non_null(map);
	assert_true(map->file != PROCESS_MAP_NO_FILE);
	file = file_table__at(files, map->file);
	assert_string_equal(file->path, exe);
	assert_true(file->fd >= 0);
	assert_int_equal(file->pid, getpid());
	assert_ptr_equal(file_table__find(files, &file->key), file);
	assert_string_equal(process_table__info(processes, 5)->exe, exe);
	file_table__need(files, &rows, &pages);
	assert_true(rows > 100 && pages > 0); /* libc alone has more */
}

/* But for the page that the kernel adds when somebody traces the whole machine. */
static size_t own_map_cnt(const struct process_table *processes, uint32_t image)
{
	const struct process_map *maps;
	size_t cnt, i, own_cnt = 0;

	maps = process_table__maps(processes, image, &cnt);
	for (i = 0; i < cnt; i++)
		own_cnt += strcmp(maps[i].name, "[uprobes]") != 0;
	return own_cnt;
}

static void scanning_again_adds_nothing(void **state)
{
	struct file_table *files __free(file_table) = file_table__new();
	struct process_table *processes __free(process_table) = process_table__new(files);
	size_t maps, file_cnt;

	assert_non_null(processes);
	assert_int_equal(process_table__scan(processes, 1, getpid()), 0);
	maps = own_map_cnt(processes, 1);
	file_cnt = file_table__cnt(files);
	assert_int_equal(process_table__scan(processes, 1, getpid()), 0);
	assert_int_equal(own_map_cnt(processes, 1), maps);
	/* Another image of the same programs has the same files. */
	assert_int_equal(process_table__scan(processes, 2, getpid()), 0);
	assert_int_equal(file_table__cnt(files), file_cnt);
	process_table__forget(processes, 1);
	process_table__maps(processes, 1, &maps);
	assert_int_equal(maps, 0);
	assert_non_null(own_code(processes, 2));
}

static void the_unknown_have_nothing(void **state)
{
	struct file_table *files __free(file_table) = file_table__new();
	struct process_table *processes __free(process_table) = process_table__new(files);
	struct unwind_file_key key = { .dev = 1, .ino = 2 };
	size_t cnt = 1;

	assert_non_null(processes);
	assert_int_equal(process_table__scan(processes, 3, 0x7ffffffe), -ESRCH);
	process_table__maps(processes, 99, &cnt);
	assert_int_equal(cnt, 0);
	assert_string_equal(process_table__info(processes, 99)->exe, "");
	process_table__forget(processes, 99);
	assert_null(file_table__find(files, &key));
}

static void files_without_code_are_entries_too(void **state)
{
	struct file_table *files __free(file_table) = file_table__new();
	struct proc_map map = {
		.start = 0x1000, .end = 0x2000, .ino = 1, .dev = 1, .path = "/none"
	};
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	size_t index = 9;

	assert_non_null(files);
	assert_true(fd >= 0);
	assert_int_equal(file_table__add_fd(files, fd, "/proc/self/status"), 0);
	close(fd);
	assert_int_equal(file_table__add(files, getpid(), &map, &index), 0);
	assert_int_equal(file_table__at(files, index)->fd, -1);
	assert_string_equal(file_table__at(files, index)->path, "/none");
	assert_string_equal(file_table__at(files, index)->build_id, "");
}

static void test_service_names_are_text(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "cart", "cart" },
		{ "team/a \"b\" <c>", "team/a \"b\" <c>" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "caf\xe9", "caf_" },
		{ "a\nb\x1b[1m", "a_b_[1m" },
		{ "\xc2\x9b"
		  "31m",
		  "__31m" },
		{ "\xed\xa0\x80", "___" },
	};
	char out[PROCESS_SERVICE_SIZE], longest[PROCESS_SERVICE_SIZE + 3];
	struct process_info info = { .exe = (char *)"" };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		info.service = (char *)rows[i].name;
		assert_string_equal(process_service(&info, "", out), rows[i].want);
	}
	/* Cut in the middle of a character. */
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + PROCESS_SERVICE_SIZE - 2, "\xc3\xa9", 3);
	info.service = longest;
	assert_string_equal(process_service(&info, "", out) + PROCESS_SERVICE_SIZE - 3, "a_");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_mappings_and_files_are_found),
		cmocka_unit_test(scanning_again_adds_nothing),
		cmocka_unit_test(the_unknown_have_nothing),
		cmocka_unit_test(files_without_code_are_entries_too),
		cmocka_unit_test(test_service_names_are_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
