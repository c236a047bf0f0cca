/* SPDX-License-Identifier: Apache-2.0 */
/* Give every frame of a snapshot its names, each distinct one once. */
#pragma once

#include "base/cleanup.h"
#include "collect/file_table.h"
#include "collect/snapshot.h"
#include "worker/worker.h"

/* Knows what it has found: the next snapshot of the same recording costs only what is new in it. */
struct resolver;

/* @files must outlive it, as must @worker, who reads them (NULL: we do). NULL: no memory. */
struct resolver *resolver__new(const struct file_table *files, struct worker *worker);
void resolver__free(struct resolver *resolver);
DEFINE_CLEANUP(resolver);

/* The file with number @id in frames is closed; the image's number may be given to another. */
void resolver__forget_file(struct resolver *resolver, uint32_t id);
void resolver__forget_image(struct resolver *resolver, uint32_t image);

/* @frame of @image as it is to be kept when the image is gone: without an address, but as it was shown (lasting.h). */
uint64_t resolver__lasting(const struct resolver *resolver, uint32_t image, uint64_t frame);

typedef void (*resolve_progress_fn)(size_t done, size_t total, void *ctx);

/* 0 or -errno. @progress may be NULL. Frames without symbols get fallback names: after this every frame has one. */
int resolver__run(struct resolver *resolver, struct snapshot *snapshot,
		  resolve_progress_fn progress, void *ctx);
