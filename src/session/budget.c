// SPDX-License-Identifier: Apache-2.0
#include "session/budget.h"

#include <math.h>
#include <stdlib.h>

#define OWN_SHARE_MIN 0.01
/* What steps aim at, so that they need not be taken again at once. */
#define MARGIN        0.7
/* What a step back must keep to. */
#define CALM          0.5
/* Who works less than this share of the time is measured by it: a few hits of an idle process harm nobody. */
#define IDLE_SHARE    0.05
/* To the price of a trap: passing by another's probe, noting it for a return, and a return that nobody asked for. */
#define PASS_PRICE    0.038
#define NOTE_PRICE    0.064
#define RETURN_PRICE  0.32

double work_own_ns(struct work work)
{
	double own = (double)work.cpu_ns - (double)work.trace_ns,
	       least = OWN_SHARE_MIN * (double)work.cpu_ns;

	return fmax(fmax(own, least), 1);
}

double work_cost(struct work work)
{
	return (double)work.trace_ns / work_own_ns(work);
}

bool work_is_past(struct work work, double budget)
{
	return (double)work.trace_ns > budget * work_own_ns(work);
}

struct work work_between(struct work from, struct work to)
{
	return (struct work){ to.cpu_ns - from.cpu_ns, to.trace_ns - from.trace_ns,
			      to.trap_ns - from.trap_ns, to.io_cnt - from.io_cnt,
			      to.io_bytes - from.io_bytes };
}

void work_add(struct work *to, struct work more)
{
	to->cpu_ns += more.cpu_ns;
	to->trace_ns += more.trace_ns;
	to->trap_ns += more.trap_ns;
	to->io_cnt += more.io_cnt;
	to->io_bytes += more.io_bytes;
}

struct work work_times(struct work work, double factor)
{
	return (struct work){ .cpu_ns = (uint64_t)((double)work.cpu_ns * factor),
			      .trace_ns = (uint64_t)((double)work.trace_ns * factor),
			      .trap_ns = (uint64_t)((double)work.trap_ns * factor),
			      .io_cnt = (uint64_t)((double)work.io_cnt * factor),
			      .io_bytes = (uint64_t)((double)work.io_bytes * factor) };
}

struct budget_price budget_price(uint64_t trap_ns, size_t all_cnt, size_t live_cnt, bool live)
{
	double trap = (double)trap_ns, pass = PASS_PRICE * trap;
	double noted = (double)live_cnt * NOTE_PRICE * trap;

	/* A return that is probed anyway has its own price. */
	if (live_cnt && !live)
		noted += RETURN_PRICE * trap;
	return (struct budget_price){ .enter_ns = trap + (double)all_cnt * pass + noted,
				      .free_ns = trap + (double)live_cnt * pass,
				      .return_ns = trap };
}

enum budget_level budget_level_for(enum budget_level level, const struct budget_look *look,
				   double budget, bool windows)
{
	double own = work_own_ns(look->work), enter_ns, both_ns;

	if (!work_is_past(look->work, budget))
		return level;
	/* What remains when nothing is kept: the traps. */
	enter_ns = (double)look->enter_cnt * look->price.enter_ns;
	both_ns = enter_ns + (double)look->free_cnt * look->price.free_ns;
	if (level <= LEVEL_COARSE && both_ns <= MARGIN * budget * own)
		return LEVEL_COARSE;
	if (!windows || enter_ns <= MARGIN * budget * own)
		return LEVEL_ALONE > level ? LEVEL_ALONE : level;
	return LEVEL_WINDOWS;
}

bool budget_allows_less(enum budget_level level, const struct budget_look *look, double budget)
{
	double own = fmax(work_own_ns(look->work), IDLE_SHARE * (double)look->elapsed_ns);
	double trap_ns = (double)look->work.trap_ns;
	double run_ns = (double)look->work.trace_ns - trap_ns;

	switch (level) {
	case LEVEL_COARSE:
		run_ns *= look->finer;
		break;
	case LEVEL_ALONE:
		/* Every allocation has its return and, sooner or later, its free. */
		trap_ns *= 2.5;
		run_ns *= 2;
		break;
	default:
		break;
	}
	return level != LEVEL_FULL && trap_ns + run_ns <= CALM * budget * own;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

double budget_share(double *wanted, size_t cnt, double total)
{
	double left = total;
	size_t i;

	if (cnt)
		qsort(wanted, cnt, sizeof(*wanted), by_size);
	for (i = 0; i < cnt; i++) {
		double share = left / (double)(cnt - i);

		if (wanted[i] > share)
			return share;
		left -= wanted[i];
	}
	return INFINITY;
}
