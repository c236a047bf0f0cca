/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A typed growing array: `VEC(struct foo) foos = {};` then vec__push(&foos, foo), foos.at[i], foos.cnt,
 * vec__done(&foos). Elements move when it grows: hold indices, not pointers.
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *at;                                                                          \
		size_t cnt;                                                                        \
		size_t room;                                                                       \
	}

/* Make room for @want elements in all. 0 or -ENOMEM. */
#define vec__reserve(vec, want)                                                                    \
	vec_reserve((void **)&(vec)->at, &(vec)->room, (want), sizeof(*(vec)->at))

/* 0 or -ENOMEM, and then nothing has changed. */
#define vec__push(vec, ...)                                                                        \
	({                                                                                         \
		int err_ = vec__reserve((vec), (vec)->cnt + 1);                                    \
		if (!err_)                                                                         \
			(vec)->at[(vec)->cnt++] = (__VA_ARGS__);                                   \
		err_;                                                                              \
	})

#define vec__done(vec)                                                                             \
	do {                                                                                       \
		free((vec)->at);                                                                   \
		(vec)->at = NULL;                                                                  \
		(vec)->cnt = 0;                                                                    \
		(vec)->room = 0;                                                                   \
	} while (0)

static inline int vec_reserve(void **at, size_t *room, size_t want, size_t elem_bytes)
{
	size_t grown = *room ? *room : 8;
	void *moved;

	if (want <= *room)
		return 0;
	while (grown < want) {
		if (grown > SIZE_MAX / 2)
			return -ENOMEM;
		grown *= 2;
	}
	if (grown > SIZE_MAX / elem_bytes)
		return -ENOMEM;
	moved = realloc(*at, grown * elem_bytes);
	if (!moved)
		return -ENOMEM;
	*at = moved;
	*room = grown;
	return 0;
}
