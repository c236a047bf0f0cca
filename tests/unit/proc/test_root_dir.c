// SPDX-License-Identifier: Apache-2.0
#include "proc/root_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

static char root[] = "/tmp/test_root_dir.XXXXXX";

static const char *in_root(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(in_root(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(root));
	mkdir(in_root("etc"), 0755);
	put("etc/passwd", "inside");
	put("file", "plain");
	assert_int_equal(symlink("/etc/passwd", in_root("absolute")), 0);
	assert_int_equal(symlink("../../../../../etc/passwd", in_root("up")), 0);
	assert_int_equal(symlink("loop", in_root("loop")), 0);
	assert_int_equal(mkfifo(in_root("fifo"), 0644), 0);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {
		"etc/passwd", "file", "absolute", "up", "loop", "fifo"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(in_root(names[i]));
	rmdir(in_root("etc"));
	return rmdir(root);
}

static int open_it(const char *path, unsigned flags, char text[static 16])
{
	int dir __close_fd = -1, fd __close_fd = -1;
	ssize_t len;
	int err;

	assert_int_equal(root_dir_open(root, &dir), 0);
	err = root_dir_open_file(dir, path, flags, &fd);
	if (err) {
		assert_int_equal(fd, -1);
		return err;
	}
	len = read(fd, text, 15);
	assert_true(len >= 0);
	text[len] = '\0';
	return 0;
}

static void test_inside(void **state)
{
	char text[16];

	assert_int_equal(open_it("/file", 0, text), 0);
	assert_string_equal(text, "plain");
	assert_int_equal(open_it("file", ROOT_DIR_NOFOLLOW, text), 0);
	assert_int_equal(open_it("/absolute", 0, text), 0);
	assert_string_equal(text, "inside");
	assert_int_equal(open_it("/up", 0, text), 0);
	assert_string_equal(text, "inside");
	assert_int_equal(open_it("/../../../../etc/passwd", 0, text), 0);
	assert_string_equal(text, "inside");
}

static void test_refused(void **state)
{
	char text[16];

	assert_int_equal(open_it("/none", 0, text), -ENOENT);
	assert_int_equal(open_it("/loop", 0, text), -ELOOP);
	/* With O_PATH the link itself is found, and it is no file. */
	assert_int_equal(open_it("/absolute", ROOT_DIR_NOFOLLOW, text), -EINVAL);
	assert_int_equal(open_it("/fifo", 0, text), -EINVAL);
	assert_int_equal(open_it("/etc", 0, text), -EINVAL);
}

static void test_no_root(void **state)
{
	int fd = -1;

	assert_int_equal(root_dir_open("/proc/0/root", &fd), -ENOENT);
	assert_int_equal(root_dir_open("/etc/passwd", &fd), -ENOTDIR);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_root),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
