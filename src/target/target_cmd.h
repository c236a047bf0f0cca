/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command will map when it runs, without running it: its program, the interpreters of its
 * "#!" lines, and the libraries its dynamic linker lists. A guess that makes tracing complete from
 * the first instruction; what it misses (dlopen, exec) is seen when it happens.
 */
#pragma once

#include "target/target.h"

/* Told of every file the command will map, whether there is an allocator in it or not; @fd is open
 * during the call. 0, or -errno to give up. */
typedef int (*target_file_fn)(void *ctx, int fd, const char *path);

/*
 * The program @name stands for, as execvpe() finds it along PATH of @envp. 0, -ENOENT: there is
 * none, -EACCES: there is, but it cannot be executed (127 and 126 for a shell).
 */
int target_cmd_find(const char *name, const char *const envp[], char **ret_path);

/*
 * Add the files that running @argv with @envp will map. The dynamic linker is run to list the
 * libraries (LD_PRELOAD and LD_LIBRARY_PATH honoured) if it is one nobody else can write to; the
 * program itself never is. @on_file may be NULL. @ret as for add_pid. TARGET_OK,
 * TARGET_NO_ALLOCATOR, TARGET_32BIT, or -errno: target_cmd_find()'s, -ELOOP (interpreters of
 * interpreters).
 */
int target_set__add_cmd(struct target_set *set, const char *const argv[], const char *const envp[],
			target_file_fn on_file, void *ctx, struct target_refs *ret);
