/* SPDX-License-Identifier: Apache-2.0 */
/* A byte stream from a file or from memory, gunzipped on the way if it starts like gzip. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum inflate_outcome { /* positive returns */
		       INFLATE_CORRUPT = 1,
		       INFLATE_TRUNCATED,
		       INFLATE_TOO_BIG, /* past the limit, or so well packed that it must be a bomb
					 */
};

struct inflate;

/* NULL if out of memory. Neither closes @fd nor copies @data. */
struct inflate *inflate__new_fd(int fd, uint64_t limit_bytes);
struct inflate *inflate__new_mem(const void *data, size_t len_bytes, uint64_t limit_bytes);
void inflate__free(struct inflate *in);
DEFINE_CLEANUP(inflate);

/* 0 and up to @room_bytes more bytes (none at the end), an outcome, or -errno. */
int inflate__read(struct inflate *in, void *data, size_t room_bytes, size_t *ret_len_bytes);
/* Known after the first read. */
bool inflate__is_gzip(const struct inflate *in);
