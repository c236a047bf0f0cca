/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte string with a stated maximum. A failed append makes the buffer "bad" and later appends
 * do nothing, so that a writer may check once, at the end, with buf__error().
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct buf;

/* NULL if out of memory. @max_bytes 0 means no limit but SIZE_MAX. */
struct buf *buf__new(size_t max_bytes);
void buf__free(struct buf *buf);
DEFINE_CLEANUP(buf);

void buf__append(struct buf *buf, const void *data, size_t len_bytes);
void buf__append_str(struct buf *buf, const char *str);
void buf__append_char(struct buf *buf, char c);
void buf__printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf__vprintf(struct buf *buf, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Keep the memory, drop the contents and the error. */
void buf__reset(struct buf *buf);
/* Drop all beyond the first @len_bytes; nothing happens if there are fewer. */
void buf__truncate(struct buf *buf, size_t len_bytes);

/* 0, -ENOMEM, or -EOVERFLOW if the maximum was hit. */
int buf__error(const struct buf *buf);
size_t buf__len(const struct buf *buf);
/* Valid until the next append. Always NUL-terminated behind buf__len() bytes. */
const char *buf__data(const struct buf *buf);
/* Hand the contents over to the caller, who frees them; the buffer is empty afterwards. NULL if bad. */
char *buf__take(struct buf *buf, size_t *ret_len_bytes);
