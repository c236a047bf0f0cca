// SPDX-License-Identifier: Apache-2.0
#include "native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

/* Runs on the real processor, where nothing is of what the C library expects: no errno, no stack protector. */
static __attribute__((optimize("no-stack-protector"))) long
call_natively(unsigned long valgrind_thread, const struct call *call)
{
	register long r10 __asm__("r10") = call->args[3];
	register long r8 __asm__("r8") = call->args[4];
	register long r9 __asm__("r9") = call->args[5];
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(call->number), "D"(call->args[0]), "S"(call->args[1]),
			   "d"(call->args[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

long native_call(const struct call *call)
{
	long ret = (long)VALGRIND_NON_SIMD_CALL1(call_natively, call);

	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

/* valgrind answers readlink() as if it were not there. */
static const char *own_path(void)
{
	static char path[4096];

	if (!path[0] && readlink(SELF_EXE, path, sizeof(path) - 1) < 0)
		abort();
	return path;
}

const char *native_path(const char *path)
{
	return strcmp(path, SELF_EXE) ? path : own_path();
}
