/* SPDX-License-Identifier: Apache-2.0 */
/* The libraries a dynamic linker would load for a program, by its own word. */
#pragma once

/*
 * Run `@loader --list @exe` (glibc and musl know it) with @envp, of LD_ variables only LD_PRELOAD
 * and LD_LIBRARY_PATH. It maps the libraries and runs none of their code. Nothing is run if others
 * than root and we can write to the loader. 0 and its output, to be freed; -EPERM, -ETIMEDOUT (5
 * s), -EFBIG (1 MiB) or -errno.
 */
int loader_list(const char *loader, const char *exe, const char *const envp[], char **ret);

/* The next library's path in @pos, cut out of the text in place; NULL at the end. "not found" and
 * the vdso are left out. */
char *loader_list_next(char **pos);
