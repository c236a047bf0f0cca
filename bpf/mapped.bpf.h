/* SPDX-License-Identifier: GPL-2.0-only */
/* What is mapped past the allocator (PROBE_MAPS). */
#pragma once

#include "abi/alloc.h"

/* mmap(2) as the C library's function returns it. */
#define MAPPED_IS_ERROR(result) ((result) >= -4095ull)

/* Does mmap with these arguments ask for memory? What is only reserved, or is a file, is none; but it may take the place of
 * some. */
int mapped_asks_memory(__u32 image, __u64 addr, __u64 len_bytes, __u64 prot, __u64 flags);
/*
 * @len_bytes from @addr are no longer mapped. 1, and what it was: the whole of a block. Of one that only begins there the
 * rest lives on behind them. What is cut off elsewhere is not seen: blocks are known by where they begin.
 */
int mapped_away(__u32 image, __u64 addr, __u64 len_bytes, struct live_value *value);
