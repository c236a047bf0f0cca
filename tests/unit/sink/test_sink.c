// SPDX-License-Identifier: Apache-2.0
#include "sink/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fdio.h"
#include "harness/temp_dir.h"

static const char *in_dir(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", temp_dir, name);
	return path;
}

static int files_in_dir(void)
{
	DIR *stream = opendir(temp_dir);
	int cnt = -2; /* . and .. */

	while (readdir(stream))
		cnt++;
	closedir(stream);
	return cnt;
}

static void assert_contents(const char *path, const char *want)
{
	char *got __free_mem = NULL;
	size_t len;

	assert_int_equal(fdio_read_file(path, 1 << 20, &got, &len), 0);
	assert_string_equal(got, want);
}

static int put(const char *path, uint32_t flags, const char *text)
{
	struct sink *sink __free(sink) = NULL;
	int err = sink_open(path, flags, &sink);

	if (err)
		return err;
	writer__str(sink__writer(sink), text);
	return sink__commit(sink);
}

static void test_new_file(void **state)
{
	mode_t old = umask(027);
	struct stat st;

	assert_int_equal(put(in_dir("out"), SINK_SYNC, "hello"), 0);
	umask(old);
	assert_contents(in_dir("out"), "hello");
	assert_int_equal(stat(in_dir("out"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(files_in_dir(), 1);
}

static void test_overwrite(void **state)
{
	struct stat st;

	assert_int_equal(put(in_dir("out"), 0, "one"), 0);
	assert_int_equal(put(in_dir("out"), 0, "two"), -EEXIST);
	assert_contents(in_dir("out"), "one");
	chmod(in_dir("out"), 0600);
	assert_int_equal(put(in_dir("out"), SINK_OVERWRITE, "three"), 0);
	assert_contents(in_dir("out"), "three");
	assert_int_equal(stat(in_dir("out"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(files_in_dir(), 1);
}

/* Another program takes the name while we write. */
static void test_taken_meanwhile(void **state)
{
	struct sink *sink __free(sink) = NULL;

	assert_int_equal(sink_open(in_dir("out"), 0, &sink), 0);
	writer__str(sink__writer(sink), "ours");
	assert_int_equal(put(in_dir("out"), 0, "theirs"), 0);
	assert_int_equal(sink__commit(sink), -EEXIST);
	sink__free(sink);
	sink = NULL;
	assert_contents(in_dir("out"), "theirs");
	assert_int_equal(files_in_dir(), 1);
}

static void test_abandoned(void **state)
{
	struct sink *sink = NULL;

	assert_int_equal(sink_open(in_dir("out"), 0, &sink), 0);
	writer__str(sink__writer(sink), "half");
	sink__free(sink);
	assert_int_equal(files_in_dir(), 0);
}

/* Whoever is killed while it writes leaves nothing, where the file system knows files without a name. */
static void test_nothing_to_leave(void **state)
{
	struct sink *sink __free(sink) = NULL;
	int unnamed = open(temp_dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);

	if (unnamed < 0)
		skip();
	close(unnamed);
	assert_int_equal(sink_open(in_dir("out"), 0, &sink), 0);
	writer__str(sink__writer(sink), "half");
	assert_int_equal(files_in_dir(), 0);
}

/* Files without a name are not to be had from here on: on such a file system everything works all the same. */
static void refuse_unnamed(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
}

static void *without_unnamed(void *state)
{
	refuse_unnamed();
	assert_int_equal(open(temp_dir, O_WRONLY | O_TMPFILE, 0600), -1);
	test_new_file(state);
	unlink(in_dir("out"));
	test_overwrite(state);
	unlink(in_dir("out"));
	test_taken_meanwhile(state);
	unlink(in_dir("out"));
	test_abandoned(state);
	return NULL;
}

/* The filter is a thread's own and ends with it. */
static void test_without_unnamed(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, without_unnamed, state), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* A limit on file sizes is as good as a full disk. */
static void test_full_disk(void **state)
{
	struct rlimit old, limit;
	static char big[1 << 20];

	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(put(in_dir("out"), 0, "before"), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 100000;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(put(in_dir("out"), SINK_OVERWRITE, big), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_contents(in_dir("out"), "before");
	assert_int_equal(files_in_dir(), 1);
}

static void test_link_stays(void **state)
{
	struct stat st;
	char target[512];

	snprintf(target, sizeof(target), "%s", in_dir("real"));
	assert_int_equal(put(target, 0, "one"), 0);
	assert_int_equal(symlink("real", in_dir("link")), 0);
	assert_int_equal(put(in_dir("link"), 0, "two"), -EEXIST);
	assert_int_equal(put(in_dir("link"), SINK_OVERWRITE, "two"), 0);
	assert_int_equal(lstat(in_dir("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_contents(target, "two");
}

static void test_specials(void **state)
{
	char got[8] = "";
	struct stat st;
	int fd;

	assert_int_equal(put("/dev/null", SINK_OVERWRITE, "gone"), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(put("/dev/full", 0, "x"), -ENOSPC);
	assert_int_equal(put(temp_dir, SINK_OVERWRITE, "x"), -EISDIR);
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	fd = open(in_dir("fifo"), O_RDONLY | O_NONBLOCK);
	assert_int_equal(put(in_dir("fifo"), 0, "pipe"), 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), 4);
	assert_string_equal(got, "pipe");
	close(fd);
	assert_int_equal(lstat(in_dir("fifo"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

static void test_no_folder(void **state)
{
	assert_int_equal(put(in_dir("no/such"), 0, "x"), -ENOENT);
	assert_int_equal(put("/dev/null/x", 0, "x"), -ENOTDIR);
}

static void test_stdout(void **state)
{
	int saved = dup(STDOUT_FILENO), fd = open(in_dir("out"), O_RDWR | O_CREAT, 0600);
	struct stat st;
	int first, second;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	first = put("-", 0, "to stdout");
	second = put("/dev/stdout", SINK_OVERWRITE, ", twice");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_int_equal(first, 0);
	assert_int_equal(second, 0);
	assert_contents(in_dir("out"), "to stdout, twice");
	assert_int_equal(lstat("/dev/stdout", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_file, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_overwrite, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_taken_meanwhile, temp_dir_make,
						temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_abandoned, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_nothing_to_leave, temp_dir_make,
						temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_without_unnamed, temp_dir_make,
						temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_full_disk, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_link_stays, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_specials, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_no_folder, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_stdout, temp_dir_make, temp_dir_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
