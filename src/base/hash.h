/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes for tables: fast, well mixed, not keyed (inputs chosen by an attacker cost time, not safety). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Finalizer of MurmurHash3 (public domain constants): every input bit reaches every output bit. */
static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	x ^= x >> 33;
	return x;
}

static inline uint64_t hash_combine(uint64_t seed, uint64_t x)
{
	return hash_u64(seed * 0x9e3779b97f4a7c15ULL + x);
}

static inline uint64_t hash_bytes(const void *data, size_t len_bytes)
{
	const unsigned char *p = data;
	uint64_t h = len_bytes, word;

	for (; len_bytes >= 8; len_bytes -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = hash_combine(h, word);
	}
	if (len_bytes) {
		word = 0;
		memcpy(&word, p, len_bytes);
		h = hash_combine(h, word);
	}
	return h;
}
