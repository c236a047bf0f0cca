// SPDX-License-Identifier: Apache-2.0
/* A process in a root of its own, full of traps. */
#include "proc/proc_open.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

static char root[] = "/tmp/test_proc_open.XXXXXX";
static pid_t target;
static char secret[sizeof(root) + 16];

static const char *in_root(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static pid_t start_in_root(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (chroot(root) || chdir("/") || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	byte = 1;
	if (read(ready[0], &byte, 1) != 1)
		byte = 1;
	close(ready[0]);
	if (!byte)
		return pid;
	waitpid(pid, NULL, 0);
	return 0;
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(root));
	snprintf(secret, sizeof(secret), "%s.secret", root);
	put(secret, "secret");
	put(in_root("file"), "inside");
	assert_int_equal(mkdir(in_root("tmp"), 0755), 0);
	assert_int_equal(symlink(secret, in_root("absolute")), 0);
	assert_int_equal(symlink("/file", in_root("own")), 0);
	assert_int_equal(mkfifo(in_root("fifo"), 0644), 0);
	/* What to open it for does, nobody knows: never. */
	(void)!mknod(in_root("zero"), S_IFCHR | 0644, makedev(1, 5));
	target = start_in_root();
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "file", "absolute", "own", "fifo", "zero" };
	size_t i;

	if (target) {
		kill(target, SIGKILL);
		waitpid(target, NULL, 0);
	}
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(in_root(names[i]));
	rmdir(in_root("tmp"));
	unlink(secret);
	return rmdir(root);
}

static void check(const char *path, int want, const char *text)
{
	char got[16] = "";
	int fd __close_fd = -1;

	assert_int_equal(proc_root_open(target, path, &fd), want);
	if (want)
		return;
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	assert_string_equal(got, text);
}

static void links_stay_inside_the_root(void **state)
{
	if (!target)
		skip(); /* no right to chroot */
	check("/file", 0, "inside");
	check("/own", 0, "inside");
	check("/absolute", -ENOENT, NULL);
	check("/../../../../file", 0, "inside");
	check("/../..", -EINVAL, NULL);
}

static void only_files_are_opened(void **state)
{
	if (!target)
		skip();
	check("/fifo", -EINVAL, NULL);
	if (!access(in_root("zero"), F_OK))
		check("/zero", -EINVAL, NULL);
	check("/tmp", -EINVAL, NULL);
	check("/none", -ENOENT, NULL);
}

static void mapping_of_another_file_is_stale(void **state)
{
	struct proc_map map = { .start = 0x1000, .end = 0x2000, .ino = 1, .path = "/file" };
	int fd = -1;

	if (!target)
		skip();
	assert_int_equal(proc_map_open(target, &map, &fd), -ESTALE);
	map.path = "/fifo";
	assert_int_equal(proc_map_open(target, &map, &fd), -EINVAL);
	map.deleted = true;
	assert_int_equal(proc_map_open(target, &map, &fd), -ENOENT);
	assert_int_equal(fd, -1);
}

/* The kernel tells a path as the reader would have it: what lies in a chroot, and what was mapped before it. */
static void paths_are_the_readers(void **state)
{
	const char *const paths[] = { in_root("file"), secret };
	struct proc_map map = { .start = 0x1000, .end = 0x2000 };
	struct stat st;
	size_t i;

	if (!target)
		skip();
	for (i = 0; i < 2; i++) {
		int fd __close_fd = -1, none = -1;

		assert_int_equal(stat(paths[i], &st), 0);
		map.path = paths[i];
		map.ino = st.st_ino;
		map.dev = (uint32_t)(major(st.st_dev) << 20 | minor(st.st_dev));
		assert_int_equal(proc_map_open(target, &map, &fd), 0);
		map.ino++;
		assert_int_equal(proc_map_open(target, &map, &none), -ENOENT);
	}
	map.path = in_root("fifo");
	assert_int_equal(proc_map_open(target, &map, &(int){ -1 }), -ENOENT);
}

static void gone_process_has_no_files(void **state)
{
	struct proc_map map = { .start = 0x1000, .end = 0x2000, .ino = 1, .path = "/file" };
	int fd = -1;

	assert_int_equal(proc_map_open(0x7ffffffe, &map, &fd), -ESRCH);
	assert_int_equal(proc_root_open(0x7ffffffe, "/file", &fd), -ENOENT);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_stay_inside_the_root),
		cmocka_unit_test(only_files_are_opened),
		cmocka_unit_test(mapping_of_another_file_is_stale),
		cmocka_unit_test(paths_are_the_readers),
		cmocka_unit_test(gone_process_has_no_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
