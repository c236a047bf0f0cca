// SPDX-License-Identifier: Apache-2.0
/* What user space has to say about what BPF has counted. */
#include <bpf/bpf.h>

#include "base/vec.h"
#include "kernel/map_walk.h"
#include "kernel/tracer_priv.h"

struct blocks {
	uint32_t image;
	VEC(struct live_key) keys;
};

static int note_block(const void *key, const void *value, void *ctx)
{
	const struct live_key *block = key;
	struct blocks *blocks = ctx;

	return block->image == blocks->image ? vec__push(&blocks->keys, *block) : 0;
}

int tracer__free_blocks(struct tracer *tracer, uint32_t image)
{
	struct blocks blocks = { .image = image };
	int fd = bpf_map__fd(tracer->skel->maps.live);
	int err = map_walk(fd, sizeof(struct live_key), sizeof(struct live_value), note_block,
			   &blocks);
	size_t cnt, i;

	for (i = 0; !err && i < blocks.keys.cnt; i++)
		bpf_map_delete_elem(fd, &blocks.keys.at[i]);
	vec__done(&blocks.keys);
	tracer__sites(tracer, &cnt);
	for (i = 0; !err && i < cnt; i++) {
		struct alloc_site *site = mapped__at(&tracer->sites, i);

		if (!tracer_site_is_of(site, i, image))
			continue;
		site->free_cnt = site->alloc_cnt;
		site->free_bytes = site->alloc_bytes;
		site->free_variance = site->variance;
	}
	return err;
}

void tracer__add_to_site(struct tracer *tracer, uint32_t site, uint64_t cnt, uint64_t bytes,
			 uint64_t variance)
{
	struct alloc_site *at = mapped__at(&tracer->sites, site);

	__atomic_fetch_add(&at->alloc_cnt, cnt, __ATOMIC_RELAXED);
	__atomic_fetch_add(&at->alloc_bytes, bytes, __ATOMIC_RELAXED);
	__atomic_fetch_add(&at->variance, variance, __ATOMIC_RELAXED);
}
