// SPDX-License-Identifier: GPL-2.0-only
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "config.bpf.h"
#include "live.bpf.h"
#include "mapped.bpf.h"
#include "sample.h"
#include "site.bpf.h"
#include "stats.bpf.h"

/* mmap(2); the same on x86-64 and arm64 */
#define PROT_NONE     0
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20
#define PAGE_BYTES    4096ull

int mapped_away(__u32 image, __u64 addr, __u64 len_bytes, struct live_value *value)
{
	__u64 part;

	if (!value || !len_bytes || live_take(image, addr, value))
		return 0;
	len_bytes = (len_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	part = sample_bytes(len_bytes, value->weight, 0);
	/* A sampled block's bytes may have been rounded up. */
	if (part + 1 >= value->bytes) {
		site_freed(value->site, value->weight, value->bytes);
		stats_add(STAT_EVENT_FREE, 1);
		return 1;
	}
	site_freed(value->site, 0, part);
	value->bytes -= part;
	live_add(image, addr + len_bytes, value);
	return 0;
}

int mapped_asks_memory(__u32 image, __u64 addr, __u64 len_bytes, __u64 prot, __u64 flags)
{
	/* Older verifiers take it for an input. */
	struct live_value value = {};

	if (flags & MAP_FIXED)
		mapped_away(image, addr, len_bytes, &value);
	return (flags & MAP_ANONYMOUS) && prot != PROT_NONE;
}
