/* SPDX-License-Identifier: Apache-2.0 */
/* Source files on this machine by the names that the compiler of another one recorded. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct source_paths {
	const char *search; /* directories, separated by ':'; NULL: the current one */
	const char *trim;   /* prefixes, separated by ':'; NULL: none */
};

/*
 * The file as it is named; else below each directory under its name, then with ever more leading
 * directories taken off. malloc'd text, NUL-terminated, that the caller frees. 0, -ENOENT or
 * another -errno.
 */
int source_file_read(const struct source_paths *paths, const char *filename, char **ret,
		     size_t *ret_len_bytes, int64_t *ret_mtime_ns);
