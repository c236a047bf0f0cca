/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loaders have listed, for programs that are run again and again: a compiler's passes would pay for it every time. A list
 * holds as long as the program, the loader and what the loader is configured by are the same files, unchanged. A library that is
 * installed in front of another one, in a folder that is searched, is not noticed; it is found when it is mapped.
 */
#pragma once

#include <stddef.h>

#define LOADER_LISTS_MAX 64u

struct loader_lists {
	struct loader_lists_entry {
		char *key; /* NULL: free */
		size_t key_len;
		char *text;
	} all[LOADER_LISTS_MAX];
	unsigned next; /* whose turn it is to go */
};

/* As loader_list(), which is asked if need be. */
int loader_lists__get(struct loader_lists *lists, const char *loader, const char *exe,
		      const char *const envp[], char **ret);
void loader_lists__done(struct loader_lists *lists);
