// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "proc/proc_maps.h"
#include "proc/proc_open.h"

static void all_fields_are_read(void **state)
{
	static const char text[] =
		"55d0c8a00000-55d0c8a21000 r-xp 0002d000 fd:01 1835123                    "
		"/usr/bin/python3.11\n"
		"7f1000000000-7f1000001000 rw-s 00000000 103:00003 18446744073709551615 /dev/shm/a "
		"b\n"
		"7f2000000000-7f2000001000 rw-p 00000000 00:00 0 \n"
		"7ffd00000000-7ffd00021000 ---p 00000000 00:00 0                          [stack]\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  "
		"[vsyscall]";
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;

	proc_maps__open_text(&maps, text, sizeof(text) - 1);
	assert_true(proc_maps__next(&maps, &map));
	assert_int_equal(map.start, 0x55d0c8a00000);
	assert_int_equal(map.end, 0x55d0c8a21000);
	assert_int_equal(map.offset, 0x2d000);
	assert_int_equal(map.perms, PROC_MAP_READ | PROC_MAP_EXEC);
	assert_int_equal(map.dev, 0xfd << 20 | 1);
	assert_int_equal(map.ino, 1835123);
	assert_string_equal(map.path, "/usr/bin/python3.11");
	assert_true(proc_map_is_file(&map));
	assert_true(proc_maps__next(&maps, &map));
	assert_int_equal(map.perms, PROC_MAP_READ | PROC_MAP_WRITE | PROC_MAP_SHARED);
	assert_int_equal(map.dev, 0x103 << 20 | 3);
	assert_true(map.ino == UINT64_MAX);
	assert_string_equal(map.path, "/dev/shm/a b");
	assert_true(proc_maps__next(&maps, &map));
	assert_string_equal(map.path, "");
	assert_false(proc_map_is_file(&map));
	assert_true(proc_maps__next(&maps, &map));
	assert_string_equal(map.path, "[stack]");
	assert_int_equal(map.perms, 0);
	assert_true(proc_maps__next(&maps, &map));
	assert_true(map.start == 0xffffffffff600000);
	assert_string_equal(map.path, "[vsyscall]");
	assert_false(proc_maps__next(&maps, &map));
	assert_int_equal(maps.bad_cnt, 0);
}

static void names_with_newline_and_deleted(void **state)
{
	static const char text[] = "1000-2000 r-xp 00000000 08:01 7 /tmp/a\\012b (deleted)\n"
				   "2000-3000 r-xp 00000000 08:01 8 /tmp/ (deleted) x\n"
				   "3000-4000 r-xp 00000000 08:01 9 /tmp/c\\01\n"
				   "4000-5000 rw-p 00000000 00:00 0 [anon:x (deleted)]\n";
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;

	proc_maps__open_text(&maps, text, sizeof(text) - 1);
	assert_true(proc_maps__next(&maps, &map));
	assert_string_equal(map.path, "/tmp/a\nb");
	assert_true(map.deleted);
	assert_true(proc_maps__next(&maps, &map));
	assert_string_equal(map.path, "/tmp/ (deleted) x");
	assert_false(map.deleted);
	assert_true(proc_maps__next(&maps, &map));
	assert_string_equal(map.path, "/tmp/c\\01");
	assert_true(proc_maps__next(&maps, &map));
	assert_string_equal(map.path, "[anon:x (deleted)]");
	assert_false(map.deleted);
}

static void nonsense_is_skipped_and_counted(void **state)
{
	static const char *const bad[] = {
		"",
		"1000",
		"1000-",
		"1000-2000",
		"1000-2000 r-x",
		"1000-2000 r-xp",
		"1000-2000 r-xp 0",
		"1000-2000 r-xp 0 08",
		"1000-2000 r-xp 0 08:01",
		"1000-2000 r-xp 0 08:01 ",
		"1000-2000 r-xp 0 08:01 x",
		"1000-2000 r-xp 0 08:01 1x",
		"-2000 r-xp 0 08:01 1 /x",
		"2000-2000 r-xp 0 08:01 1 /x",
		"3000-2000 r-xp 0 08:01 1 /x",
		"10000000000000000-20000000000000000 r-xp 0 08:01 1 /x",
		"1000-2000 r-xp 0 1000:01 1 /x",
		"1000-2000 r-xp 0 08:100000 1 /x",
		"1000-2000 r-xp 0 08:01 18446744073709551616 /x",
	};
	struct proc_map map = { .ino = 42 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct proc_maps maps __proc_maps = {};
		char text[128];
		int len = snprintf(text, sizeof(text), "%s\n", bad[i]);

		proc_maps__open_text(&maps, text, (size_t)len);
		assert_false(proc_maps__next(&maps, &map));
		assert_int_equal(maps.bad_cnt, 1);
		assert_int_equal(map.ino, 42);
	}
}

static void too_long_a_path_is_skipped(void **state)
{
	char *text __free_mem = NULL;
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;
	size_t len = 20000;

	text = malloc(len);
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, "1000-2000 r-xp 0 08:01 1 /", 26);
	memcpy(text + len - 30, "\n3000-4000 r-xp 0 08:01 2 /ok\n", 30);
	proc_maps__open_text(&maps, text, len);
	assert_true(proc_maps__next(&maps, &map));
	assert_string_equal(map.path, "/ok");
	assert_int_equal(maps.bad_cnt, 1);
	assert_false(proc_maps__next(&maps, &map));
}

static void own_mappings(void **state)
{
	struct proc_maps maps __proc_maps = {};
	uint64_t here = (uint64_t)(uintptr_t)&own_mappings;
	struct proc_map map;
	bool found = false;

	assert_int_equal(proc_maps__open(&maps, getpid()), 0);
	while (proc_maps__next(&maps, &map))
		found |= here >= map.start && here < map.end && map.perms & PROC_MAP_EXEC;
	assert_true(found);
	assert_int_equal(maps.bad_cnt, 0);
}

static void no_such_process(void **state)
{
	struct proc_maps maps __proc_maps = {};

	assert_int_equal(proc_maps__open(&maps, 0x7ffffff0), -ESRCH);
}

/* A mapping's file is reached by path, or when it is deleted and its name carries a newline,
 * through map_files. */
static void mapped_files_are_opened(void **state)
{
	char name[] = "/tmp/heaptap\nXXXXXX";
	int fd __close_fd = mkstemp(name);
	struct proc_maps maps __proc_maps = {};
	bool found = false;
	struct proc_map map;
	struct stat st, got;
	void *at;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096), 0);
	at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	if (!geteuid())
		unlink(name);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(proc_maps__open(&maps, getpid()), 0);
	while (proc_maps__next(&maps, &map)) {
		int other __close_fd = -1;

		if (map.start != (uint64_t)(uintptr_t)at)
			continue;
		found = true;
		assert_string_equal(map.path, name);
		assert_int_equal(proc_map_open(getpid(), &map, &other), 0);
		assert_int_equal(fstat(other, &got), 0);
		assert_int_equal(got.st_ino, st.st_ino);
	}
	assert_true(found);
	munmap(at, 4096);
	unlink(name);
}

static void a_fifo_in_the_file_s_place_does_not_hang(void **state)
{
	struct proc_map map = { .start = 0x1000, .end = 0x2000, .ino = 1 };
	char name[] = "/tmp/heaptap-fifoXXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	close(fd);
	unlink(name);
	assert_int_equal(mkfifo(name, 0600), 0);
	map.path = name;
	assert_int_equal(proc_map_open(getpid(), &map, &fd), -EINVAL);
	unlink(name);
	assert_int_equal(proc_map_open(getpid(), &map, &fd), -ENOENT);
	assert_int_equal(proc_map_open(0x7ffffff0, &map, &fd), -ESRCH);
	map.path = "/proc/self/stat";
	map.ino = 1;
	assert_int_equal(proc_map_open(getpid(), &map, &fd), -ESTALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields_are_read),
		cmocka_unit_test(names_with_newline_and_deleted),
		cmocka_unit_test(nonsense_is_skipped_and_counted),
		cmocka_unit_test(too_long_a_path_is_skipped),
		cmocka_unit_test(own_mappings),
		cmocka_unit_test(no_such_process),
		cmocka_unit_test(mapped_files_are_opened),
		cmocka_unit_test(a_fifo_in_the_file_s_place_does_not_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
