/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A position in untrusted bytes. Reading past the end gives zeros and makes the cursor bad for
 * good, so that a parser may check once, behind a group of reads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cfi_cursor {
	const uint8_t *at, *end;
	bool bad;
};

static inline size_t cfi_cursor__left(const struct cfi_cursor *cur)
{
	return (size_t)(cur->end - cur->at);
}

/* The next @len_bytes, or NULL. */
static inline const uint8_t *cfi_cursor__take(struct cfi_cursor *cur, uint64_t len_bytes)
{
	const uint8_t *at = cur->at;

	if (cur->bad || len_bytes > cfi_cursor__left(cur)) {
		cur->bad = true;
		cur->at = cur->end;
		return NULL;
	}
	cur->at += len_bytes;
	return at;
}

/* Little endian, @len_bytes 1, 2, 4 or 8. */
static inline uint64_t cfi_cursor__uint(struct cfi_cursor *cur, unsigned len_bytes)
{
	const uint8_t *at = cfi_cursor__take(cur, len_bytes);
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, len_bytes);
	return value;
}

static inline int64_t cfi_cursor__sint(struct cfi_cursor *cur, unsigned len_bytes)
{
	unsigned unused_bits = 64 - 8 * len_bytes;

	return (int64_t)(cfi_cursor__uint(cur, len_bytes) << unused_bits) >> unused_bits;
}

/* Bits beyond 64 are dropped: no sane value has them, and a wrong one is only a wrong one. */
static inline uint64_t cfi_cursor__uleb(struct cfi_cursor *cur)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)cfi_cursor__uint(cur, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

static inline int64_t cfi_cursor__sleb(struct cfi_cursor *cur)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)cfi_cursor__uint(cur, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		value |= ~0ull << shift;
	return (int64_t)value;
}

/* A string with its NUL inside the bytes, or "" and bad. */
static inline const char *cfi_cursor__str(struct cfi_cursor *cur)
{
	const uint8_t *nul = cur->bad ? NULL : memchr(cur->at, '\0', cfi_cursor__left(cur));

	if (!nul) {
		cfi_cursor__take(cur, cfi_cursor__left(cur) + 1);
		return "";
	}
	return (const char *)cfi_cursor__take(cur, (uint64_t)(nul - cur->at) + 1);
}
