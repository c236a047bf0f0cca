// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buf {
	char *data;
	size_t len;
	size_t cap; /* bytes at data, the terminating NUL included */
	size_t max;
	int error;
};

static const char buf_empty[1] = "";

struct buf *buf__new(size_t max_bytes)
{
	struct buf *buf = calloc(1, sizeof(*buf));

	if (buf)
		buf->max = max_bytes ? max_bytes : SIZE_MAX / 4;
	return buf;
}

void buf__free(struct buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	free(buf);
}

/* Room for @extra bytes and a NUL, or NULL and the buffer is bad. */
static char *buf_room(struct buf *buf, size_t extra)
{
	size_t want, cap;
	char *data;

	if (buf->error)
		return NULL;
	if (extra > buf->max - buf->len) {
		buf->error = -EOVERFLOW;
		return NULL;
	}
	want = buf->len + extra + 1;
	if (want <= buf->cap)
		return buf->data + buf->len;
	cap = buf->cap ? buf->cap : 64;
	while (cap < want)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data) {
		buf->error = -ENOMEM;
		return NULL;
	}
	buf->data = data;
	buf->cap = cap;
	return data + buf->len;
}

void buf__append(struct buf *buf, const void *data, size_t len_bytes)
{
	char *room = buf_room(buf, len_bytes);

	if (!room)
		return;
	if (len_bytes)
		memcpy(room, data, len_bytes);
	buf->len += len_bytes;
	buf->data[buf->len] = '\0';
}

void buf__append_str(struct buf *buf, const char *str)
{
	buf__append(buf, str, strlen(str));
}

void buf__append_char(struct buf *buf, char c)
{
	buf__append(buf, &c, 1);
}

void buf__vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	char *room;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0) {
		buf->error = buf->error ? buf->error : -EINVAL;
		return;
	}
	room = buf_room(buf, (size_t)len);
	if (!room)
		return;
	vsnprintf(room, (size_t)len + 1, fmt, args);
	buf->len += (size_t)len;
}

void buf__printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf__vprintf(buf, fmt, args);
	va_end(args);
}

void buf__reset(struct buf *buf)
{
	buf->len = 0;
	buf->error = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf__truncate(struct buf *buf, size_t len_bytes)
{
	if (len_bytes >= buf->len)
		return;
	buf->len = len_bytes;
	buf->data[len_bytes] = '\0';
}

int buf__error(const struct buf *buf)
{
	return buf->error;
}

size_t buf__len(const struct buf *buf)
{
	return buf->len;
}

const char *buf__data(const struct buf *buf)
{
	return buf->data ? buf->data : buf_empty;
}

char *buf__take(struct buf *buf, size_t *ret_len_bytes)
{
	char *data;

	if (!buf->data)
		buf__append(buf, "", 0);
	if (buf->error)
		return NULL;
	data = buf->data;
	if (ret_len_bytes)
		*ret_len_bytes = buf->len;
	buf->data = NULL;
	buf->len = buf->cap = 0;
	return data;
}
