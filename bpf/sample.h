/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Sampling by bytes. An allocation of n bytes is kept with p = 1 - exp(-n / mean), as if each byte were drawn with
 * chance 1/mean, and stands for 1/p allocations of its size. The weight is computed from the very p that decided,
 * so counts and bytes are unbiased whatever the error of the exponential here is (it is below 3e-5).
 * Portable C: the host tests compile this very file.
 */
#pragma once

#include "abi/alloc.h"

#define SAMPLE_MEAN_MAX (1ull << 36)

/* 2^-(i/64) in 32-bit fractions, i = 0..64. */
static const __u32 sample_exp2[65] = {
	0xffffffffu, 0xfd3e0c0du, 0xfa83b2dbu, 0xf7d0df73u, 0xf5257d15u, 0xf281773cu, 0xefe4b99cu,
	0xed4f301fu, 0xeac0c6e8u, 0xe8396a50u, 0xe5b906e7u, 0xe33f8973u, 0xe0ccdeecu, 0xde60f482u,
	0xdbfbb798u, 0xd99d15c2u, 0xd744fccbu, 0xd4f35aacu, 0xd2a81d92u, 0xd06333dbu, 0xce248c15u,
	0xcbec14ffu, 0xc9b9bd86u, 0xc78d74c9u, 0xc5672a11u, 0xc346ccdau, 0xc12c4ccau, 0xbf1799b6u,
	0xbd08a39fu, 0xbaff5ab2u, 0xb8fbaf47u, 0xb6fd91e3u, 0xb504f334u, 0xb311c413u, 0xb123f582u,
	0xaf3b78adu, 0xad583eeau, 0xab7a39b6u, 0xa9a15ab5u, 0xa7cd93b5u, 0xa5fed6aau, 0xa43515aeu,
	0xa2704303u, 0xa0b05110u, 0x9ef53261u, 0x9d3ed9a7u, 0x9b8d39bau, 0x99e04593u, 0x9837f052u,
	0x96942d37u, 0x94f4efa9u, 0x935a2b2fu, 0x91c3d374u, 0x9031dc43u, 0x8ea4398bu, 0x8d1adf5bu,
	0x8b95c1e4u, 0x8a14d575u, 0x88980e81u, 0x871f6197u, 0x85aac368u, 0x843a28c4u, 0x82cd8699u,
	0x8164d1f4u, 0x80000000u,
};

/* The chance of keeping @bytes, as a 32-bit fraction; 2^32 is "always". */
static inline __attribute__((always_inline)) __u64 sample_chance(__u64 bytes, __u64 mean_bytes)
{
	__u64 x, frac, step, keep_out;
	__u32 whole, index, at, next;

	if (mean_bytes <= 1 || bytes / 32 >= mean_bytes)
		return 1ull << 32;
	/* x = bytes / mean x log2(e), with 32 bits of fraction: below 32 x 1.45 = 47. */
	if (bytes >> 31)
		x = (bytes << 16) / mean_bytes << 16;
	else
		x = (bytes << 32) / mean_bytes;
	x = (x >> 16) * 94548 + (((x & 0xffff) * 94548) >> 16);
	whole = x >> 32;
	if (whole > 31)
		return 1ull << 32;
	frac = x & 0xffffffff;
	index = frac >> 26;
	step = (frac >> 10) & 0xffff;
	at = sample_exp2[index & 63];
	next = sample_exp2[(index & 63) + 1];
	/* Interpolate between table points; then scale down by the whole power of two. */
	keep_out = at - (((__u64)(at - next) * step) >> 16);
	keep_out >>= whole;
	return (1ull << 32) - keep_out;
}

/*
 * What one sample of weight w adds to the variance of a count: w(w - 1), Horvitz and Thompson's unbiased estimate for
 * independent draws. VARIANCE_ONE = 1, rounded; weights beyond 2^26 count as that much, so that sums fit a word.
 */
static inline __attribute__((always_inline)) __u64 sample_variance(__u64 weight)
{
	__u64 w = weight, beyond = weight - WEIGHT_ONE;

	if (w <= WEIGHT_ONE)
		return 0;
	/* Keep the product's bits: with small weights the fraction is most of it. */
	if (w < 1ull << 32)
		return (w * beyond + (1ull << (31 - VARIANCE_SHIFT))) >> (32 - VARIANCE_SHIFT);
	if (w > 1ull << (WEIGHT_SHIFT + 26))
		w = beyond = 1ull << (WEIGHT_SHIFT + 26);
	return (w >> (WEIGHT_SHIFT - VARIANCE_SHIFT / 2)) *
	       (beyond >> (WEIGHT_SHIFT - VARIANCE_SHIFT / 2));
}

/*
 * The bytes that a sample of @bytes stands for. Rounded at random, or the lost fractions of small blocks would add up to
 * several percent.
 */
static inline __attribute__((always_inline)) __u64 sample_bytes(__u64 bytes, __u64 weight,
								__u32 random)
{
	__u64 whole = (weight >> WEIGHT_SHIFT) * bytes, part = (weight & (WEIGHT_ONE - 1)) * bytes;

	return whole + ((part + (random & (WEIGHT_ONE - 1))) >> WEIGHT_SHIFT);
}

/* The next coarser mean, when a process gives samples faster than user space can look. */
static inline __attribute__((always_inline)) __u64 sample_brake(__u64 mean_bytes)
{
	if (mean_bytes < 1)
		return 4;
	return mean_bytes < SAMPLE_MEAN_MAX / 4 ? mean_bytes * 4 : SAMPLE_MEAN_MAX;
}

/* Decide with a uniform random word. The weight (fixed point, WEIGHT_ONE = 1), or 0: not kept. */
static inline __attribute__((always_inline)) __u64 sample_weight(__u64 bytes, __u64 mean_bytes,
								 __u32 random)
{
	__u64 chance = sample_chance(bytes, mean_bytes);

	if (random >= chance)
		return 0;
	return ((1ull << (32 + WEIGHT_SHIFT)) + chance / 2) / chance;
}
