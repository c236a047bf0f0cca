/* SPDX-License-Identifier: Apache-2.0 */
/* What is done by valgrind's own process on the real processor, unseen by valgrind (a client request). */
#pragma once

#include <dlfcn.h>

/* What heaptap would have called if this library were not there. */
#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

#define SELF_EXE "/proc/self/exe"

struct call {
	long number;
	long args[6];
};

/* As syscall(2). */
long native_call(const struct call *call);

/* @path, or heaptap's if it is SELF_EXE, which is valgrind to the kernel. */
const char *native_path(const char *path);
