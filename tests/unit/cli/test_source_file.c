// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "cli/source_file.h"

static char dir[64];

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd __close_fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fdio_write(fd, text, strlen(text)), 0);
}

static int setup(void **state)
{
	char path[PATH_MAX];

	snprintf(dir, sizeof(dir), "/tmp/heaptap-source-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/fifo.c", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	put("top.c", "top");
	put("sub/deep.c", "deep");
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "top.c", "sub/deep.c", "fifo.c", "sub", "" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_int_equal(remove(path), 0);
	}
	return 0;
}

/* @expected NULL: not found. */
static void assert_found(const char *search, const char *trim, const char *filename,
			 const char *expected)
{
	struct source_paths paths = { search, trim };
	char *text __free_mem = NULL;
	size_t len = 0;
	int64_t mtime_ns = 0;
	int err = source_file_read(&paths, filename, &text, &len, &mtime_ns);

	if (!expected) {
		assert_int_equal(err, -ENOENT);
		assert_null(text);
		return;
	}
	assert_int_equal(err, 0);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	assert_true(mtime_ns > 0);
}

static void test_as_named(void **state)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/top.c", dir);
	assert_found(NULL, NULL, path, "top");
	assert_found("/nonesuch", NULL, path, "top");
}

static void test_searched_by_ever_shorter_ends(void **state)
{
	char search[PATH_MAX];

	snprintf(search, sizeof(search), "/nonesuch::%s:", dir);
	assert_found(search, NULL, "/build/project/sub/deep.c", "deep");
	assert_found(search, NULL, "sub/deep.c", "deep");
	assert_found(search, NULL, "//build//top.c", "top");
	assert_found(search, NULL, "/build/deep.c", NULL);
	assert_found(search, NULL, "/build/", NULL);
	assert_found(search, NULL, "", NULL);
}

static void test_trimmed(void **state)
{
	char trim[PATH_MAX], path[PATH_MAX];

	snprintf(trim, sizeof(trim), "/other:/build/1.0");
	snprintf(path, sizeof(path), "/build/1.0%s/top.c", dir);
	assert_found("/nonesuch", trim, path, "top");
	assert_found("/nonesuch", NULL, path, NULL);
}

static void test_what_is_no_file_hangs_nobody(void **state)
{
	assert_found(dir, NULL, "fifo.c", NULL);
	assert_found(dir, NULL, "sub", NULL);
}

static void test_overlong_names(void **state)
{
	char path[2 * PATH_MAX];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_found(dir, NULL, path, NULL);
	path[0] = '/';
	assert_found(dir, NULL, path, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_named),
		cmocka_unit_test(test_searched_by_ever_shorter_ends),
		cmocka_unit_test(test_trimmed),
		cmocka_unit_test(test_what_is_no_file_hangs_nobody),
		cmocka_unit_test(test_overlong_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
