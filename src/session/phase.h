/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stretch of time in which a process was traced in windows. When it ends, what its sites have counted since it began is
 * scaled in place: what was counted before and after stays as it is, and a process whose load changes is scaled by
 * what held at the time.
 */
#pragma once

#include "base/vec.h"
#include "kernel/tracer.h"
#include "session/windows.h"

/* What BPF has counted, or is to be put on top. */
struct phase_count {
	uint64_t cnt, bytes, variance;
};

struct phase_site {
	uint32_t id;
	struct phase_count begin; /* when the phase began */
	struct phase_count last;  /* when a window was last taken */
	struct {
		double cnt, bytes, variance;
	} weighted;              /* of the windows so far, each by its weight */
	struct phase_count more; /* what the end of the phase has put on top */
};

struct phase {
	VEC(struct phase_site) sites; /* by id */
	size_t site_end;              /* sites from here on are not known yet */
	struct windows windows;
	struct windows model;   /* of more processes like this one; none: it stands for itself */
	uint32_t alike_cnt;     /* with it: which of them this is */
	struct work all;        /* own work and tracing, windows and what lies between them */
	double estimate;        /* allocations; 0 until the end */
	double chance, measure; /* absolute errors of it */
	enum windows_by by;
};

void phase__done(struct phase *phase);
/* Take note of what @image's sites hold. 0 or -ENOMEM. */
int phase__begin(struct phase *phase, const struct tracer *tracer, uint32_t image);
/*
 * A window has been closed: what was counted since the last one was, is its. NULL: it could not be measured, and stands for
 * nothing but itself.
 */
void phase__take(struct phase *phase, const struct tracer *tracer, uint32_t image,
		 const struct window *window);
/* Scale. Its windows must be closed. 0 or -ENOMEM. */
int phase__end(struct phase *phase, struct tracer *tracer, uint32_t image);
/* Let @image's sites stand for @more allocations besides, in the proportions that they have. */
void phase__repeat(struct tracer *tracer, uint32_t image, double more);
/* Make @phase, which has not ended, go on from the beginning of @before, which has: it is taken back. */
void phase__reopen(struct phase *phase, struct phase *before, struct tracer *tracer);
