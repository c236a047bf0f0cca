/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tracing costs a process, kept with its image: every hit is counted, and of one in COST_EVERY
 * the time it takes is measured and counted for all. The first find everything cold, so each of them is measured for
 * itself. The trap that leads here is not in it; user space has measured that (session/).
 */
#pragma once

#include <bpf/bpf_helpers.h>

#include "process.bpf.h"

/* More than this and another thread or an interrupt ran in between. */
#define COST_MAX_NS 30000u

struct cost {
	struct image *image;
	__u64 start_ns; /* 0: not measured */
	__u64 stands_for;
};

/* @cnt: which of the image's counters. */
static inline __attribute__((always_inline)) void cost_begin(struct cost *cost, struct image *image,
							     __u64 *cnt)
{
	__u64 number = __sync_fetch_and_add(cnt, 1);

	cost->image = image;
	cost->start_ns = 0;
	cost->stands_for = number < COST_EVERY ? 1 : COST_EVERY;
	if (number < COST_EVERY || number % COST_EVERY == COST_EVERY - 1)
		cost->start_ns = bpf_ktime_get_ns();
}

static inline __attribute__((always_inline)) void cost_end(struct cost *cost)
{
	__u64 ns;

	if (!cost->start_ns)
		return;
	ns = bpf_ktime_get_ns() - cost->start_ns;
	if (ns < COST_MAX_NS)
		__sync_fetch_and_add(&cost->image->run_ns, ns * cost->stands_for);
}
