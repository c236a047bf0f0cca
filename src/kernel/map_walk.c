// SPDX-License-Identifier: Apache-2.0
#include "kernel/map_walk.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* A batch holds whole buckets: this is far more than any bucket has. */
#define BATCH_CNT 4096

int map_walk(int map_fd, size_t key_bytes, size_t value_bytes, map_walk_fn fn, void *ctx)
{
	char *keys __free_mem = calloc(BATCH_CNT, key_bytes);
	char *values __free_mem = calloc(BATCH_CNT, value_bytes);
	uint32_t batch = 0, cnt, i;
	void *from = NULL;
	int err = 0, result;

	if (!keys || !values)
		return -ENOMEM;
	while (!err) {
		cnt = BATCH_CNT;
		err = bpf_map_lookup_batch(map_fd, from, &batch, keys, values, &cnt, NULL);
		/* -ENOENT: these are the last ones. */
		if (err && err != -ENOENT)
			return err;
		for (i = 0; i < cnt; i++) {
			result = fn(keys + i * key_bytes, values + i * value_bytes, ctx);
			if (result)
				return result;
		}
		from = &batch;
	}
	return 0;
}
