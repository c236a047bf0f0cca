// SPDX-License-Identifier: Apache-2.0
#include "base/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"

struct writer {
	writer_put_fn put;
	void *ctx;
	int fd;
	int error;
	uint64_t written;
	size_t used;
	char room[32768];
};

struct writer *writer__new(writer_put_fn put, void *ctx)
{
	struct writer *writer = malloc(sizeof(*writer));

	if (!writer)
		return NULL;
	writer->put = put;
	writer->ctx = ctx;
	writer->fd = -1;
	writer->error = 0;
	writer->written = 0;
	writer->used = 0;
	return writer;
}

static int put_buf(void *ctx, const void *data, size_t len_bytes)
{
	buf__append(ctx, data, len_bytes);
	return buf__error(ctx);
}

struct writer *writer__new_buf(struct buf *buf)
{
	return writer__new(put_buf, buf);
}

static int put_fd(void *ctx, const void *data, size_t len_bytes)
{
	return fdio_write(*(int *)ctx, data, len_bytes);
}

struct writer *writer__new_fd(int fd)
{
	struct writer *writer = writer__new(put_fd, NULL);

	if (writer) {
		writer->fd = fd;
		writer->ctx = &writer->fd;
	}
	return writer;
}

void writer__free(struct writer *writer)
{
	free(writer);
}

static void put(struct writer *writer, const void *data, size_t len_bytes)
{
	if (!writer->error && len_bytes)
		writer->error = writer->put(writer->ctx, data, len_bytes);
}

static void flush(struct writer *writer)
{
	put(writer, writer->room, writer->used);
	writer->used = 0;
}

void writer__write(struct writer *writer, const void *data, size_t len_bytes)
{
	if (writer->error || !len_bytes)
		return;
	writer->written += len_bytes;
	if (len_bytes > sizeof(writer->room) - writer->used)
		flush(writer);
	if (len_bytes > sizeof(writer->room)) {
		put(writer, data, len_bytes);
		return;
	}
	memcpy(writer->room + writer->used, data, len_bytes);
	writer->used += len_bytes;
}

void writer__str(struct writer *writer, const char *str)
{
	writer__write(writer, str, strlen(str));
}

void writer__char(struct writer *writer, char c)
{
	writer__write(writer, &c, 1);
}

void writer__printf(struct writer *writer, const char *fmt, ...)
{
	char small[512];
	char *big __free_mem = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (len < 0) {
		writer__fail(writer, -EINVAL);
		return;
	}
	if ((size_t)len < sizeof(small)) {
		writer__write(writer, small, (size_t)len);
		return;
	}
	va_start(args, fmt);
	len = vasprintf(&big, fmt, args);
	va_end(args);
	if (len < 0) {
		big = NULL; /* undefined after a failure */
		writer__fail(writer, -ENOMEM);
		return;
	}
	writer__write(writer, big, (size_t)len);
}

void writer__i64(struct writer *writer, int64_t value)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		*--p = '-';
	writer__write(writer, p, (size_t)(digits + sizeof(digits) - p));
}

void writer__fail(struct writer *writer, int err)
{
	if (!writer->error)
		writer->error = err;
}

int writer__error(const struct writer *writer)
{
	return writer->error;
}

int writer__finish(struct writer *writer)
{
	flush(writer);
	return writer->error;
}

uint64_t writer__written_bytes(const struct writer *writer)
{
	return writer->written;
}
