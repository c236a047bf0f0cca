/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where encoders put their bytes: a buffered stream over one function. Errors stick: writes after
 * the first failure do nothing, and writer__finish() tells.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"

struct writer;

/* Takes all @len_bytes or returns -errno. */
typedef int (*writer_put_fn)(void *ctx, const void *data, size_t len_bytes);

/* NULL if out of memory. The context stays the caller's and outlives the writer. */
struct writer *writer__new(writer_put_fn put, void *ctx);
/* Appends to @buf; its maximum is the writer's error. */
struct writer *writer__new_buf(struct buf *buf);
/* Does not close @fd. */
struct writer *writer__new_fd(int fd);
/* Frees; bytes not yet flushed by writer__finish() are dropped. */
void writer__free(struct writer *writer);
DEFINE_CLEANUP(writer);

void writer__write(struct writer *writer, const void *data, size_t len_bytes);
void writer__str(struct writer *writer, const char *str);
void writer__char(struct writer *writer, char c);
void writer__printf(struct writer *writer, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Decimal, without printf's cost. */
void writer__i64(struct writer *writer, int64_t value);

/* An encoder's own failure (-ENOMEM, -EINVAL …), unless there is an earlier one. */
void writer__fail(struct writer *writer, int err);
/* 0 or the first error. Writes may still be buffered. */
int writer__error(const struct writer *writer);
/* Flush. 0 or the first error. */
int writer__finish(struct writer *writer);
/* Bytes accepted so far. */
uint64_t writer__written_bytes(const struct writer *writer);
