/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tracing costs each process, and `--max-overhead`: a share of its CPU time that it may.
 *
 * The cost is hits x what a trap costs on this machine (measured on ourselves) + the time our programs take (measured
 * in BPF, one hit of many). A process that is past its budget is stepped down, and no other with it:
 *
 *	coarse	fewer samples
 *	alone	allocations alone: blocks are no longer tracked until their free
 *	windows	its probes are off but for short, randomly placed windows
 *
 * With windows, what was counted is scaled by the share of the process' own work that was traced: CPU time less what
 * tracing took of it, for a traced program gets less done in the same time. The error of this is part of every
 * estimate: how much windows differ, and how far off the measured cost may be.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "collect/snapshot.h"
#include "kernel/tracer.h"

#define GOVERNOR_TICK_NS   25000000u
#define GOVERNOR_WINDOW_NS 10000000u

struct governor;

/* @budget: a share, 0: measure only. @windows: probes are attached process by process. NULL if out of memory. */
struct governor *governor__new(double budget, bool windows);
void governor__free(struct governor *governor);
DEFINE_CLEANUP(governor);

/* Take note of who is there, and how much CPU time they have used so far. */
void governor__look(struct governor *governor, struct tracer *tracer, uint64_t now_ns);
/* Look at all processes, and act. Windows that are due are held at once, and waited for. */
void governor__tick(struct governor *governor, struct tracer *tracer, uint64_t now_ns);

/* CPU time, and what of it tracing took. */
struct work {
	uint64_t cpu_ns;
	uint64_t trace_ns;
};

/* Of all processes, since they were first seen. */
struct work governor__cost(struct governor *governor, struct tracer *tracer);

/* Scale what was counted in windows, take out what was no longer tracked, and say so. 0 or -ENOMEM. */
int governor__settle(const struct governor *governor, const struct tracer *tracer,
		     struct snapshot *snapshot);

/* --- the arithmetic, for itself --- */

enum governor_level { LEVEL_FULL, LEVEL_COARSE, LEVEL_ALONE, LEVEL_WINDOWS };

/* What happened to a process between two looks. */
struct governor_look {
	struct work work;
	uint64_t enter_cnt, free_cnt;
	uint64_t trap_ns;
};

/*
 * What tracing took, to what the process did for itself: 0.05 is 5 %. Own work is taken to be at least a hundredth of
 * the CPU time, for the price of a hit is not known well enough to tell less from none.
 */
double work_cost(struct work work);
/* Did tracing take more than the share @budget of the process' own work? */
bool work_is_past(struct work work, double budget);

/* The lowest level at or above @level that keeps to @budget, going by @look. */
enum governor_level governor_level_for(enum governor_level level, const struct governor_look *look,
				       double budget, bool windows);

/* Windows, as a ratio estimate: allocations per own work. */
struct windows {
	uint64_t cnt;
	struct work work;
	double allocs;
	double work_squares, alloc_squares, products;
};
void windows__add(struct windows *windows, struct work work, double allocs);
/* Factor and relative standard error for what was counted in @windows to stand for @all. */
void windows_scale(const struct windows *windows, struct work all, double *ret, double *ret_error);
