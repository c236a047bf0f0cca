/* SPDX-License-Identifier: Apache-2.0 */
/* From the kernel's maps to one plain struct. */
#pragma once

#include "collect/process_table.h"
#include "collect/series.h"
#include "collect/snapshot.h"
#include "collect/tally.h"
#include "kernel/tracer.h"
#include "target/target.h"

struct capture {
	const struct tracer *tracer;
	const struct file_table *files;
	const struct process_table *processes;
	const struct target_set *targets;
	const struct tally *tally; /* of images that were taken back; NULL: none */
	const char *service;       /* of the tally this service alone; NULL: all */
	/* Is the image one that the user asked for? NULL: all are. */
	bool (*wanted)(void *ctx, const struct image *image, const struct process_info *info);
	void *ctx;
	uint64_t time_ns; /* of the recording's start, since 1970 */
	uint64_t duration_ns;
	uint64_t period_bytes; /* 0: see for yourself */
	uint32_t flags;        /* SNAPSHOT_* */
	uint32_t image_max;
	const struct series *series; /* with SNAPSHOT_STORIES */
};

/* 0 or -errno. Consistent if the tracer is deactivated; else a moment's view in which each number is true. */
int capture_snapshot(const struct capture *capture, struct snapshot **ret);
