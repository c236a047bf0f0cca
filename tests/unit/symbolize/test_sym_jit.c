// SPDX-License-Identifier: Apache-2.0
/* /tmp/perf-PID.map is a name in a folder that anybody may write to. */
#include "symbolize/sym_jit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "proc/root_dir.h"

static char root[] = "/tmp/test_sym_jit.XXXXXX";
static char map_path[sizeof(root) + 32];

static const char *in_root(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void put(const char *path, const char *mode, const char *text)
{
	FILE *file;

	if (*mode == 'w')
		unlink(path); /* a test that failed may have left a FIFO */
	file = fopen(path, mode);
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(root));
	assert_int_equal(mkdir(in_root("tmp"), 0755), 0);
	snprintf(map_path, sizeof(map_path), "%s/tmp/perf-7.map", root);
	return 0;
}

static int teardown(void **state)
{
	unlink(map_path);
	unlink(in_root("other"));
	rmdir(in_root("tmp"));
	return rmdir(root);
}

/* What the one mapped address is called, "" if it has no name. */
static const char *name_of(uid_t uid)
{
	struct sym_jit *jit __free(sym_jit) = NULL;
	int dir __close_fd = -1;
	static char name[32];
	const char *found;
	size_t len = 0;

	assert_int_equal(root_dir_open(root, &dir), 0);
	jit = sym_jit__new(dir, 7, uid);
	assert_non_null(jit);
	found = sym_jit__find(jit, 0x1010, &len);
	snprintf(name, sizeof(name), "%.*s", (int)len, found ? found : "");
	return name;
}

static void own_file_names_code(void **state)
{
	put(map_path, "w", "1000 100 hot\n");
	assert_string_equal(name_of(getuid()), "hot");
	unlink(map_path);
	assert_string_equal(name_of(getuid()), "");
}

static void map_is_read_again_when_it_has_grown(void **state)
{
	struct sym_jit *jit __free(sym_jit) = NULL;
	int dir __close_fd = -1;
	size_t len;

	put(map_path, "w", "1000 100 hot\n");
	assert_int_equal(root_dir_open(root, &dir), 0);
	jit = sym_jit__new(dir, 7, getuid());
	assert_non_null(jit);
	assert_null(sym_jit__find(jit, 0x2010, &len));
	put(map_path, "a", "2000 100 late\n");
	assert_non_null(sym_jit__find(jit, 0x2010, &len));
	unlink(map_path);
}

static void anything_else_is_left_alone(void **state)
{
	assert_int_equal(mkfifo(map_path, 0666), 0);
	assert_string_equal(name_of(getuid()), "");
	unlink(map_path);
	put(in_root("other"), "w", "1000 100 elsewhere\n");
	assert_int_equal(symlink("../other", map_path), 0);
	assert_string_equal(name_of(getuid()), "");
	unlink(map_path);
	assert_int_equal(symlink("/dev/zero", map_path), 0);
	assert_string_equal(name_of(getuid()), "");
	unlink(map_path);
	assert_int_equal(mkdir(map_path, 0755), 0);
	assert_string_equal(name_of(getuid()), "");
	rmdir(map_path);
}

static void somebody_elses_file_is_not_believed(void **state)
{
	if (getuid())
		skip(); /* only root can give files away */
	put(map_path, "w", "1000 100 planted\n");
	assert_int_equal(chown(map_path, 1234, 1234), 0);
	assert_string_equal(name_of(4321), "");
	assert_string_equal(name_of(1234), "planted");
	unlink(map_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_file_names_code),
		cmocka_unit_test(map_is_read_again_when_it_has_grown),
		cmocka_unit_test(anything_else_is_left_alone),
		cmocka_unit_test(somebody_elses_file_is_not_believed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
