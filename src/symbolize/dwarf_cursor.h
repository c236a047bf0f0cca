/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Little-endian reads within a span. Past its end, or on a number that does not fit, the cursor
 * turns bad, stays at the end and reads zeroes: a parser checks once, where it matters.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "elf/elf_file.h"

struct dw_cursor {
	const uint8_t *at, *end;
	bool bad;
};

/* [@off, @end_off) of @span; bad if that is not inside. */
static inline struct dw_cursor dw_cursor_make(struct elf_span span, uint64_t off, uint64_t end_off)
{
	if (off > end_off || end_off > span.len_bytes)
		return (struct dw_cursor){ span.at, span.at, true };
	return (struct dw_cursor){ span.at + off, span.at + end_off, false };
}

static inline size_t dw_left(const struct dw_cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline void dw_fail(struct dw_cursor *c)
{
	c->at = c->end;
	c->bad = true;
}

static inline void dw_skip(struct dw_cursor *c, uint64_t len_bytes)
{
	if (len_bytes > dw_left(c))
		dw_fail(c);
	else
		c->at += len_bytes;
}

/* An unsigned number of @size_bytes, at most 8. */
static inline uint64_t dw_uint(struct dw_cursor *c, unsigned size_bytes)
{
	uint64_t value = 0;

	if (size_bytes > dw_left(c)) {
		dw_fail(c);
		return 0;
	}
	if (!size_bytes)
		return 0;
	memcpy(&value, c->at, size_bytes);
	c->at += size_bytes;
	return value;
}

static inline uint8_t dw_u8(struct dw_cursor *c)
{
	return (uint8_t)dw_uint(c, 1);
}

static inline uint16_t dw_u16(struct dw_cursor *c)
{
	return (uint16_t)dw_uint(c, 2);
}

static inline uint32_t dw_u32(struct dw_cursor *c)
{
	return (uint32_t)dw_uint(c, 4);
}

/* LEB128 (DWARF 5, section 7.6). Bits beyond 64 are dropped. */
static inline uint64_t dw_leb(struct dw_cursor *c, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		if (c->at == c->end) {
			c->bad = true;
			return 0;
		}
		byte = *c->at++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && (byte & 0x40))
		value |= UINT64_MAX << shift;
	return value;
}

static inline uint64_t dw_uleb(struct dw_cursor *c)
{
	return dw_leb(c, false);
}

static inline int64_t dw_sleb(struct dw_cursor *c)
{
	return (int64_t)dw_leb(c, true);
}

/* A string with its NUL inside the span; "" and bad otherwise. */
static inline const char *dw_str(struct dw_cursor *c)
{
	const uint8_t *start = c->at, *nul = memchr(start, 0, dw_left(c));

	if (!nul) {
		dw_fail(c);
		return "";
	}
	c->at = nul + 1;
	return (const char *)start;
}

/* The length of what follows, and whether that is 64-bit DWARF (section 7.4). */
static inline uint64_t dw_initial_length(struct dw_cursor *c, uint8_t *ret_off_bytes)
{
	uint32_t len = dw_u32(c);

	*ret_off_bytes = 4;
	if (len < 0xfffffff0)
		return len;
	if (len != 0xffffffff) {
		dw_fail(c);
		return 0;
	}
	*ret_off_bytes = 8;
	return dw_uint(c, 8);
}
