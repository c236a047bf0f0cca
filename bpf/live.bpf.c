// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks by (image, address). A block is put in after its allocator returned and taken out before its free
 * runs, so two threads never race for one address: the allocator itself orders them.
 */
#include "live.bpf.h"

#include <bpf/bpf_helpers.h>

#include "site.bpf.h"
#include "stats.bpf.h"

#define ENOENT 2
#define EEXIST 17

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct live_key);
	__type(value, struct live_value);
} live SEC(".maps");

int live_take(__u32 image, __u64 addr, struct live_value *ret)
{
	struct live_key key = { .addr = addr, .image = image };
	struct live_value *value = bpf_map_lookup_elem(&live, &key);

	if (!value || !ret)
		return -ENOENT;
	*ret = *value;
	return bpf_map_delete_elem(&live, &key);
}

int live_add(__u32 image, __u64 addr, struct live_value *value)
{
	struct live_key key = { .addr = addr, .image = image };
	struct live_value copy, old;
	long err;

	if (!value)
		return 0;
	/* Linux 6.1 stores from the stack or another map's value only. */
	copy = *value;
	err = bpf_map_update_elem(&live, &key, &copy, BPF_NOEXIST);
	if (err == -EEXIST) {
		/* The address was freed behind our back, or it could not have been handed out again. */
		if (!live_take(image, addr, &old)) {
			site_freed(old.site, old.weight, old.bytes);
			stats_add(STAT_FREE_MISSED, 1);
		}
		err = bpf_map_update_elem(&live, &key, &copy, BPF_ANY);
	}
	if (err) {
		/* Its free will not be known: it must not stay in use for ever. */
		site_freed(copy.site, copy.weight, copy.bytes);
		stats_add(STAT_LIVE_FULL, 1);
	}
	return 0;
}
