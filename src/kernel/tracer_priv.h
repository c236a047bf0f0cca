/* SPDX-License-Identifier: Apache-2.0 */
/* What tracer.c shares with the other files that make up the tracer. Private to kernel/. */
#pragma once

#include <bpf/libbpf.h>

#include "abi/config.h"
#include "base/vec.h"
#include "kernel/mapped.h"
#include "kernel/tracer.h"

#include "heaptap.skel.h"

/* Sites of one kind go by one link. */
enum site_kind {
	KIND_FREE,
	KIND_RET,   /* return instructions of throwing functions */
	KIND_ENTER, /* entries whose return is not probed, or by KIND_RET */
	KIND_CALL,  /* entry and return */
	KIND_CNT
};

struct site_list {
	VEC(uint64_t) offsets;
	VEC(uint64_t) cookies;
};

/* The probes of one file, in one process or everywhere. They can be taken off and put on again. */
struct attach_group {
	int fd; /* of the file; ours */
	pid_t pid;
	struct site_list lists[KIND_CNT];
	VEC(int) links; /* and perf events beside them; none while they are off */
};

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
	VEC(struct attach_group) groups; /* of allocator probes */
	VEC(int) lib_links;
	struct bpf_link *fork, *exec, *exit;
	struct ring_buffer *ring;
	tracer_notice_fn notice_fn;
	void *notice_ctx;
};

/* Take all allocator probes off and forget them (attach.c). */
void tracer__drop_groups(struct tracer *tracer);
