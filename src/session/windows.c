// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "session/governor.h"

/* How far the cost of a trap may be from what was measured: other caches, other code around it, busy
 * neighbours. */
#define COST_ERROR    0.25
/* No allocation, with its free, takes less. */
#define CALL_LEAST_NS 10
/* Of the CPU time; with less there is nothing to go by, and the error says so. */
#define OWN_SHARE_MIN 0.01
/* What steps aim at, so that they need not be taken again at once. */
#define MARGIN        0.7

static double own_ns(struct work work)
{
	double own = (double)work.cpu_ns - (double)work.trace_ns,
	       least = OWN_SHARE_MIN * (double)work.cpu_ns;

	return own > least ? own : least > 1 ? least : 1;
}

double work_cost(struct work work)
{
	return (double)work.trace_ns / own_ns(work);
}

bool work_is_past(struct work work, double budget)
{
	return (double)work.trace_ns > budget * own_ns(work);
}

enum governor_level governor_level_for(enum governor_level level, const struct governor_look *look,
				       double budget, bool windows)
{
	double own = own_ns(look->work), enter_ns, both_ns;

	if (!work_is_past(look->work, budget))
		return level;
	/* What remains when nothing is kept: the traps. */
	enter_ns = (double)look->enter_cnt * (double)look->trap_ns;
	both_ns = enter_ns + (double)look->free_cnt * (double)look->trap_ns;
	if (level <= LEVEL_COARSE && both_ns <= MARGIN * budget * own)
		return LEVEL_COARSE;
	if (!windows || enter_ns <= MARGIN * budget * own)
		return LEVEL_ALONE > level ? LEVEL_ALONE : level;
	return LEVEL_WINDOWS;
}

void windows__add(struct windows *windows, struct work work, double allocs)
{
	double own = own_ns(work);

	windows->cnt++;
	windows->work.cpu_ns += work.cpu_ns;
	windows->work.trace_ns += work.trace_ns;
	windows->allocs += allocs;
	windows->work_squares += own * own;
	windows->alloc_squares += allocs * allocs;
	windows->products += own * allocs;
}

void windows_scale(const struct windows *windows, struct work all, double *ret, double *ret_error)
{
	double traced = fmax(own_ns(windows->work), windows->allocs * CALL_LEAST_NS);
	double total = own_ns(all), least, cost, spread = 1, rate, residuals;
	double cnt = (double)windows->cnt;

	*ret = total > traced ? total / traced : 1;
	/* If traps cost more than was measured, less own work was done in the windows: this much at least. */
	least = fmax(traced - COST_ERROR * (double)windows->work.trace_ns,
		     windows->allocs * CALL_LEAST_NS);
	cost = least > 0 && least < traced ? traced / least - 1 : 0;
	if (windows->cnt > 1 && windows->allocs > 0) {
		rate = windows->allocs / traced;
		residuals = windows->alloc_squares - 2 * rate * windows->products +
			    rate * rate * windows->work_squares;
		spread = sqrt(fmax(residuals, 0) * cnt / (cnt - 1)) / windows->allocs;
	}
	*ret_error = sqrt(cost * cost + spread * spread);
	if (*ret <= 1)
		*ret_error = 0;
}
