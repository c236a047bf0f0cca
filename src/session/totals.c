// SPDX-License-Identifier: Apache-2.0
#include "session/totals.h"

static uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static uint64_t at_least_zero(uint64_t value)
{
	return (int64_t)value > 0 ? value : 0;
}

struct session_totals totals_read(const struct tracer *tracer, uint64_t time_ns)
{
	struct session_totals sum = { .time_ns = time_ns };
	const struct alloc_site *sites;
	const struct image *images;
	uint64_t alloc_cnt, alloc_bytes, free_cnt, free_bytes;
	size_t cnt, i;

	sites = tracer__sites(tracer, &cnt);
	images = tracer__images(tracer, &cnt);
	for (i = 1; i < cnt; i++) {
		/* Frees first: what is freed has been allocated before. */
		free_cnt = load((const uint64_t *)&sites[i].free_cnt);
		free_bytes = load((const uint64_t *)&sites[i].free_bytes);
		alloc_cnt = load((const uint64_t *)&sites[i].alloc_cnt);
		alloc_bytes = load((const uint64_t *)&sites[i].alloc_bytes);
		sum.alloc_cnt += alloc_cnt >> WEIGHT_SHIFT;
		sum.alloc_bytes += alloc_bytes;
		sum.free_cnt += free_cnt >> WEIGHT_SHIFT;
		if (!images[i].end_ns) {
			sum.live_cnt += at_least_zero(alloc_cnt - free_cnt) >> WEIGHT_SHIFT;
			sum.live_bytes += at_least_zero(alloc_bytes - free_bytes);
		}
		sum.op_cnt += load((const uint64_t *)&images[i].op_cnt);
		sum.op_alloc_cnt += load((const uint64_t *)&images[i].op_alloc_cnt);
		sum.op_bytes += load((const uint64_t *)&images[i].op_bytes);
	}
	return sum;
}
