// SPDX-License-Identifier: Apache-2.0
/* What user space has to say about what BPF has counted. */
#include <signal.h>

#include <bpf/bpf.h>

#include "base/vec.h"
#include "kernel/guard.h"
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

void tracer__know_entry(struct tracer *tracer, uint32_t dev, uint64_t ino)
{
	struct entry_key key = { .ino = ino, .dev = dev };
	uint8_t known = 1;

	bpf_map_update_elem(bpf_map__fd(tracer->skel->maps.entries), &key, &known, BPF_ANY);
}

void tracer__forget_entry(struct tracer *tracer, uint32_t dev, uint64_t ino)
{
	struct entry_key key = { .ino = ino, .dev = dev };

	bpf_map_delete_elem(bpf_map__fd(tracer->skel->maps.entries), &key);
}

/* Nobody but the process itself changes its entry, and it stands still. */
static void set_process_flags(struct tracer *tracer, pid_t tgid, uint32_t add, uint32_t drop)
{
	int fd = bpf_map__fd(tracer->skel->maps.processes);
	struct process process;

	if (bpf_map_lookup_elem(fd, &tgid, &process))
		return;
	process.flags = (process.flags | add) & ~drop;
	bpf_map_update_elem(fd, &tgid, &process, BPF_EXIST);
}

void tracer__set_waits(struct tracer *tracer, pid_t tgid, bool waits)
{
	set_process_flags(tracer, tgid, waits ? PROCESS_WAITS : 0, waits ? 0 : PROCESS_WAITS);
}

void tracer__let_go(struct tracer *tracer, pid_t tgid)
{
	set_process_flags(tracer, tgid, 0, PROCESS_HELD | PROCESS_TRANSLATOR);
	guard_let_go(tgid);
}

void tracer__add_stat(struct tracer *tracer, enum stat_id stat, uint64_t cnt)
{
	uint64_t *values __free_mem = calloc((size_t)tracer->cpu_cnt, sizeof(*values));
	int fd = bpf_map__fd(tracer->skel->maps.stats);
	uint32_t key = stat;

	if (!values || bpf_map_lookup_elem(fd, &key, values))
		return;
	values[0] += cnt;
	bpf_map_update_elem(fd, &key, values, BPF_ANY);
}
