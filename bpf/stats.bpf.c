// SPDX-License-Identifier: GPL-2.0-only
#include "stats.bpf.h"

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STAT_CNT);
	__type(key, __u32);
	__type(value, __u64);
} stats SEC(".maps");

/* Atomic although per CPU: uprobe programs can be preempted by another one on the same CPU. */
int stats_add(__u32 stat, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(&stats, &stat);

	if (value)
		__sync_fetch_and_add(value, n);
	return 0;
}
