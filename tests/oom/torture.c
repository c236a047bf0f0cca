// SPDX-License-Identifier: Apache-2.0
/*
 * Run a reader with each of its allocations failing in turn: it may fail, not crash and not leak. The readers are the
 * fuzz targets, which clean up whatever comes back; the linker puts our allocator before libc's (--wrap). Inputs are
 * named on the command line. Many allocations are sampled evenly, MAX_ROUNDS in all; both one failure alone and no
 * memory from there on.
 */
#include <errno.h>
#include <sanitizer/lsan_interface.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define MAX_ROUNDS 500u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t alloc_cnt, fail_at = UINT64_MAX;
static bool fail_on;

static bool fails(void)
{
	uint64_t number = alloc_cnt++;

	if (number != fail_at && !(fail_on && number > fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t cnt, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *str);
char *__real_strndup(const char *str, size_t len);
int __real_vasprintf(char **ret, const char *fmt, va_list args);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t cnt, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *str);
char *__wrap_strndup(const char *str, size_t len);
int __wrap_vasprintf(char **ret, const char *fmt, va_list args);
int __wrap_asprintf(char **ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t cnt, size_t size)
{
	return fails() ? NULL : __real_calloc(cnt, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *str)
{
	return fails() ? NULL : __real_strdup(str);
}

char *__wrap_strndup(const char *str, size_t len)
{
	return fails() ? NULL : __real_strndup(str, len);
}

/* The result is undefined then: make sure that nobody looks. */
__attribute__((format(printf, 2, 0))) int __wrap_vasprintf(char **ret, const char *fmt,
							   va_list args)
{
	if (!fails())
		return __real_vasprintf(ret, fmt, args);
	*ret = (char *)(uintptr_t)16;
	return -1;
}

int __wrap_asprintf(char **ret, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = __wrap_vasprintf(ret, fmt, args);
	va_end(args);
	return len;
}

static uint64_t run(const char *data, size_t len, uint64_t at, bool on)
{
	alloc_cnt = 0;
	fail_at = at;
	fail_on = on;
	LLVMFuzzerTestOneInput((const uint8_t *)data, len);
	fail_at = UINT64_MAX;
	return alloc_cnt;
}

/* Which failure leaks? All at once first: looking for leaks takes longer than most rounds. */
static bool leaks(const char *data, size_t len, uint64_t cnt, uint64_t step)
{
	uint64_t at;
	int on;

	for (at = 0; at < cnt; at += step) {
		run(data, len, at, false);
		run(data, len, at, true);
	}
	if (!__lsan_do_recoverable_leak_check())
		return false;
	for (at = 0; at < cnt; at += step) {
		for (on = 0; on < 2; on++) {
			run(data, len, at, on);
			if (__lsan_do_recoverable_leak_check()) {
				fprintf(stderr, "allocation %llu of %llu failing%s leaks\n",
					(unsigned long long)at, (unsigned long long)cnt,
					on ? ", and all after it," : "");
				return true;
			}
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	uint64_t cnt, step, rounds = 0;
	int i;

	for (i = 1; i < argc; i++) {
		char *data __free_mem = NULL;
		size_t len;

		if (fdio_read_file(argv[i], (size_t)64 << 20, &data, &len))
			return 2;
		/* Once without failing: what is made once and kept is no leak. */
		cnt = run(data, len, UINT64_MAX, false);
		step = (cnt * (unsigned)(argc - 1) + MAX_ROUNDS - 1) / MAX_ROUNDS;
		step = step ? step : 1;
		if (leaks(data, len, cnt, step)) {
			fprintf(stderr, "%s\n", argv[i]);
			return 1;
		}
		rounds += cnt / step * 2;
	}
	printf("# %llu failed allocations over %d inputs\n", (unsigned long long)rounds, argc - 1);
	return 0;
}
