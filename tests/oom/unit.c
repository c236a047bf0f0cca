// SPDX-License-Identifier: Apache-2.0
/*
 * Linked into a unit test whose library has its allocations renamed to ours: the test runs again and again, each time in a child
 * in which another allocation of the library fails, alone or with all after it. Its claims may fail then, it may not crash.
 * (What is lost by a test that gives up is no leak of ours; the readers are asked for leaks in torture.c.)
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define MAX_ROUNDS    16u
#define BUDGET_NS     2000000000u /* of a test: a slow one is sampled less */
#define ROUND_LIMIT_S 60
#define CRASHED       99 /* exit status of the sanitizers, see test-unit */

void *torture_malloc(size_t size);
void *torture_calloc(size_t cnt, size_t size);
void *torture_realloc(void *old, size_t size);
char *torture_strdup(const char *str);
char *torture_strndup(const char *str, size_t len);
int torture_vasprintf(char **ret, const char *fmt, va_list args);

static uint64_t *alloc_cnt; /* of the child, for its parent */
static uint64_t fail_at = UINT64_MAX;
static bool fail_on;

/*
 * Is this a constructor's own allocation that the test itself has called? Many tests take it for granted that they get the object
 * they want to try. Told by what is between us and the frame of the test: one function of the library, named so.
 */
static bool is_for_the_test(void)
{
	void *frames[16];
	int cnt = backtrace(frames, 16), i;
	Dl_info info;
	bool made = false;

	for (i = 2; i < cnt && (char *)frames[i] > (char *)torture_malloc; i++)
		made = dladdr(frames[i], &info) && info.dli_sname &&
		       strstr(info.dli_sname, "__new");
	return made;
}

static bool fails(void)
{
	uint64_t number = alloc_cnt ? __atomic_fetch_add(alloc_cnt, 1, __ATOMIC_RELAXED) : 0;

	if (number != fail_at && !(fail_on && number > fail_at))
		return false;
	if (is_for_the_test())
		return false;
	errno = ENOMEM;
	return true;
}

void *torture_malloc(size_t size)
{
	return fails() ? NULL : malloc(size);
}

void *torture_calloc(size_t cnt, size_t size)
{
	return fails() ? NULL : calloc(cnt, size);
}

void *torture_realloc(void *old, size_t size)
{
	return fails() ? NULL : realloc(old, size);
}

char *torture_strdup(const char *str)
{
	return fails() ? NULL : strdup(str);
}

char *torture_strndup(const char *str, size_t len)
{
	return fails() ? NULL : strndup(str, len);
}

/* The result is undefined then: make sure that nobody looks. */
__attribute__((format(printf, 2, 0))) int torture_vasprintf(char **ret, const char *fmt,
							    va_list args)
{
	if (!fails())
		return vasprintf(ret, fmt, args);
	*ret = (char *)(uintptr_t)16;
	return -1;
}

/* True in the child, which goes on to main(); in the parent the child's end is in @ret_status. */
static bool round_begins(uint64_t at, bool on, int said, int *ret_status)
{
	pid_t pid;

	*alloc_cnt = 0;
	if (ftruncate(said, 0) || lseek(said, 0, SEEK_SET))
		_exit(2);
	pid = fork();
	if (pid) {
		if (pid < 0 || waitpid(pid, ret_status, 0) != pid)
			_exit(2);
		/* A test that was cut short leaves its children. */
		kill(-pid, SIGKILL);
		return false;
	}
	fail_at = at;
	fail_on = on;
	setpgid(0, 0);
	dup2(said, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	alarm(ROUND_LIMIT_S);
	return true;
}

/*
 * Is the crash the library's own? A test that goes on with an object it did not get, straight into the library, is not: then the
 * frame above the crash is the test's. @report is the sanitizer's.
 */
static bool is_ours(const char *report)
{
	bool null =
		strstr(report, "null pointer") || strstr(report, "unknown address 0x0000000000");
	const char *line = strstr(report, "\n    #0 "), *next, *end;
	unsigned frames = 0;

	for (; line && !strncmp(line, "\n    #", 6); line = next) {
		next = strchr(line + 1, '\n');
		end = next ? next : line + strlen(line);
		if (memmem(line, (size_t)(end - line), " tests/", 7))
			break;
		if (memmem(line, (size_t)(end - line), " src/", 5))
			frames++;
	}
	return frames > 1 || (frames == 1 && !null);
}

/* Of what the child said, zero-terminated. */
static const char *read_report(int said)
{
	static char report[1 << 16];
	ssize_t len = pread(said, report, sizeof(report) - 1, 0);

	report[len < 0 ? 0 : len] = '\0';
	return report;
}

/* Before main(): the parent never gets there. */
__attribute__((constructor)) static void torture(void)
{
	int said = memfd_create("said", 0), status;
	uint64_t cnt, at, step, start = clock_ns(CLOCK_MONOTONIC), rounds;

	alloc_cnt = mmap(NULL, sizeof(*alloc_cnt), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said < 0 || alloc_cnt == MAP_FAILED)
		_exit(2);
	if (round_begins(UINT64_MAX, false, said, &status))
		return;
	cnt = *alloc_cnt;
	rounds = BUDGET_NS / (clock_ns(CLOCK_MONOTONIC) - start + 1) / 2;
	rounds = rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds + 1;
	step = cnt / rounds + 1;
	for (at = 0, rounds = 0; at < cnt; at += (rounds & 1) * step, rounds++) {
		if (round_begins(at, rounds & 1, said, &status))
			return;
		if (!WIFSIGNALED(status) &&
		    (WEXITSTATUS(status) != CRASHED || !is_ours(read_report(said))))
			continue;
		fprintf(stderr, "%s\n", read_report(said));
		fprintf(stderr, "allocation %llu of %llu failing%s: %s %d\n",
			(unsigned long long)at, (unsigned long long)cnt,
			rounds & 1 ? ", and all after it" : "",
			WIFSIGNALED(status) ? "signal" : "exit status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		_exit(1);
	}
	printf("# %llu failed allocations of %llu\n", (unsigned long long)rounds,
	       (unsigned long long)cnt);
	fflush(stdout);
	_exit(0);
}
