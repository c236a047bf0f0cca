// SPDX-License-Identifier: Apache-2.0
#include "session/windows.h"

#include <math.h>

/* So far apart, the bounds say more than the measured price. */
#define WIDE          3
/* No allocation, with its free, takes less, of the fastest allocators on the fastest machines. */
#define CALL_LEAST_NS 5

void windows__add(struct windows *windows, struct work work, double allocs)
{
	double own = work_own_ns(work);

	windows->cnt++;
	work_add(&windows->work, work);
	windows->allocs += allocs;
	windows->work_squares += own * own;
	windows->alloc_squares += allocs * allocs;
	windows->products += own * allocs;
}

void windows__join(struct windows *to, const struct windows *more)
{
	to->cnt += more->cnt;
	work_add(&to->work, more->work);
	to->allocs += more->allocs;
	to->work_squares += more->work_squares;
	to->alloc_squares += more->alloc_squares;
	to->products += more->products;
}

/* Of the windows' rates, to the number of allocations. One alone says nothing of it. */
static double chance_error(const struct windows *windows, double own_ns)
{
	double own = work_own_ns(windows->work), cnt, rate, residuals;

	if (windows->allocs <= 0)
		return 1;
	/* Of those in which the process did something: all that it did may lie in one of many. */
	cnt = own * own / windows->work_squares;
	if (cnt < 1.5)
		return 1;
	rate = windows->allocs / own_ns;
	residuals = windows->alloc_squares - 2 * rate * windows->products +
		    rate * rate * windows->work_squares;
	return sqrt((fmax(residuals, 0) + windows->allocs) * cnt / (cnt - 1)) / windows->allocs;
}

double windows__own_ns(const struct windows *windows)
{
	return fmax(work_own_ns(windows->work), windows->allocs * CALL_LEAST_NS);
}

/*
 * Own work in the windows is known within bounds: if traps cost more than was measured, less was done, but so much that
 * the calls were possible; if they cost less, more. The bounds of own work are those of the scale. Where tracing takes
 * nearly all of a window's time they are far apart, and what the measured price says may be a hundred times too small:
 * then the middle of the bounds is the better estimate, which is never more than as much again away.
 */
struct windows_scale windows__scale(const struct windows *windows, struct work all)
{
	double own_ns = windows__own_ns(windows), total_ns = work_own_ns(all);
	double off_ns = BUDGET_PRICE_ERROR * (double)windows->work.trap_ns, most, least;
	struct windows_scale scale = { .factor = total_ns > own_ns ? total_ns / own_ns : 1 };

	if (scale.factor <= 1)
		return scale;
	most = total_ns / fmax(own_ns - off_ns, fmax(windows->allocs * CALL_LEAST_NS, 1));
	least = fmax(total_ns / (own_ns + off_ns), 1);
	if (most > scale.factor * WIDE)
		scale.factor = (most + least) / 2;
	scale.price = fmax(most / scale.factor - 1, 1 - least / scale.factor);
	scale.chance = chance_error(windows, own_ns);
	return scale;
}
