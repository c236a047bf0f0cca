/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound ownership: a local that owns something says so where it is declared, and a function can
 * be seen to leak nothing without reading its callees.
 *
 *	struct buf *b __free(buf) = buf__new(MAX);	// buf__free(b) at scope end
 *	int fd __close_fd = -1;
 *	*ret = TAKE_PTR(b);				// ownership leaves the scope
 *
 * Destructors accept NULL and half-built objects; fds start at -1.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFINE_CLEANUP(name)                                                                       \
	static inline void name##__cleanup(struct name **owned)                                    \
	{                                                                                          \
		if (*owned)                                                                        \
			name##__free(*owned);                                                      \
	}                                                                                          \
	struct name##__cleanup_needs_semicolon

#define __free(name) __attribute__((cleanup(name##__cleanup)))
#define __free_mem   __attribute__((cleanup(cleanup_mem)))
#define __close_fd   __attribute__((cleanup(cleanup_fd)))
#define __close_file __attribute__((cleanup(cleanup_file)))

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) t_ = p;                                                              \
		(p) = NULL;                                                                        \
		t_;                                                                                \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int t_ = fd;                                                                       \
		(fd) = -1;                                                                         \
		t_;                                                                                \
	})

static inline void cleanup_mem(void *owned)
{
	free(*(void **)owned);
}

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}
