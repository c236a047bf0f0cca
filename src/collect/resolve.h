/* SPDX-License-Identifier: Apache-2.0 */
/* Give every frame of a snapshot its names, each distinct one once. */
#pragma once

#include "collect/file_table.h"
#include "collect/snapshot.h"

typedef void (*resolve_progress_fn)(size_t done, size_t total, void *ctx);

/* 0 or -errno. @progress may be NULL. Frames without symbols get fallback names: after this every frame has one. */
int resolve_snapshot(struct snapshot *snapshot, const struct file_table *files,
		     resolve_progress_fn progress, void *ctx);
