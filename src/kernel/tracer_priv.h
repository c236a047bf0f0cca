/* SPDX-License-Identifier: Apache-2.0 */
/* What tracer.c shares with the other files that make up the tracer. Private to kernel/. */
#pragma once

#include <bpf/libbpf.h>

#include "abi/config.h"
#include "base/vec.h"
#include "kernel/mapped.h"
#include "kernel/tracer.h"

#include "heaptap.skel.h"

struct tracer {
	struct heaptap_bpf *skel;
	enum tracer_backend backend;
	bool live;
	bool lifetimes;
	bool empty;
	struct mapped sites, frames, images, rows, pages, ranges, why_sites;
	uint32_t image_max, site_max, frame_max;
	uint32_t row_used, page_used, range_used;
	uint32_t probe_used;
	int cpu_cnt;
	VEC(int) links; /* of allocator probes: links, and perf events beside them */
	VEC(int) lib_links;
	struct bpf_link *fork, *exec, *exit;
	struct ring_buffer *ring;
	tracer_notice_fn notice_fn;
	void *notice_ctx;
};
