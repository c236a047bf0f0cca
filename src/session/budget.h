/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of a budget: what tracing costs, which step keeps to a share of it, who gets how much of a total. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a process did, and what of its CPU time tracing took. */
struct work {
	uint64_t cpu_ns;
	uint64_t trace_ns;
	uint64_t trap_ns; /* what of that were the traps: known by their number and a price */
	/* Reads and writes, and their bytes: not known of every process, and 0 then. */
	uint64_t io_cnt, io_bytes;
};

/*
 * What the process did for itself. Taken to be at least a hundredth of the CPU time, for the price of a trap is not
 * known well enough to tell less from none.
 */
double work_own_ns(struct work work);
/* What tracing took, to own work: 0.05 is 5 %. */
double work_cost(struct work work);
/* Did tracing take more than the share @budget of own work? */
bool work_is_past(struct work work, double budget);
struct work work_between(struct work from, struct work to);
void work_add(struct work *to, struct work more);
struct work work_times(struct work work, double factor);

enum budget_level { LEVEL_FULL, LEVEL_COARSE, LEVEL_ALONE, LEVEL_WINDOWS, LEVEL_CNT };

/*
 * How far the price of a trap may be from what was measured: other caches, other code around it. On a machine with many
 * more threads than CPUs traps were seen to cost twice as much.
 */
#define BUDGET_PRICE_ERROR 0.5

/* What hits cost, by kind. */
struct budget_price {
	double enter_ns, free_ns, return_ns;
};

/*
 * Where others have probes of their own on the same file, every hit passes by these. A trap costs @trap_ns; @all_cnt others
 * have their entries probed, @live_cnt of them returns and frees as well: the kernel then prepares for a return of ours, too,
 * and notes each of them for it, even if nobody asked for ours (kernel/events/uprobes.c, handler_chain(); a filter by process
 * does not decline). @live: our returns are probed.
 */
struct budget_price budget_price(uint64_t trap_ns, size_t all_cnt, size_t live_cnt, bool live);

/* One step of the sampling mean. */
#define BUDGET_COARSER 4

/* What happened to a process between two looks. */
struct budget_look {
	struct work work;
	uint64_t elapsed_ns;
	uint64_t hit_cnt; /* returns as well */
	uint64_t enter_cnt, free_cnt;
	struct budget_price price;
	double finer; /* LEVEL_COARSE: as many samples the step before would take */
};

/* The lowest level at or above @level that keeps to @budget, going by @look; @windows: they can be had. */
enum budget_level budget_level_for(enum budget_level level, const struct budget_look *look,
				   double budget, bool windows);
/*
 * Would the step before @level keep to half of @budget? Of LEVEL_WINDOWS, @look is what there would have been without
 * them. Half, so that the step is not taken again at once.
 */
bool budget_allows_less(enum budget_level level, const struct budget_look *look, double budget);

/*
 * The fair share of @total: whoever wants less gets what it wants, the others as much as one another. INFINITY if there
 * is enough for all. @wanted is put into order.
 */
double budget_share(double *wanted, size_t cnt, double total);
