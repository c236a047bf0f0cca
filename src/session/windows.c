// SPDX-License-Identifier: Apache-2.0
#include "session/windows.h"

#include <math.h>

/*
 * How far the price of a trap may be from what was measured: other caches, other code around it. On a machine with many
 * more threads than CPUs traps were seen to cost twice as much.
 */
#define PRICE_ERROR   0.5
/* No allocation, with its free, takes less. */
#define CALL_LEAST_NS 10

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

struct windows_scale windows__scale(const struct windows *windows, struct work all)
{
	double least_ns = windows->allocs * CALL_LEAST_NS;
	double traced = windows__own_ns(windows), total = work_own_ns(all);
	struct windows_scale scale = { .factor = total > traced ? total / traced : 1 };
	double off = PRICE_ERROR * (double)windows->work.trap_ns, dear, cheap;

	if (scale.factor <= 1)
		return scale;
	/* If traps cost more than was measured, less own work was done in the windows, but this much at least ... */
	dear = fmax(traced - off, fmax(least_ns, 1));
	/* ... and if they cost less, more was. */
	cheap = fmax(work_own_ns(windows->work) + off, traced);
	scale.price = fmax(traced / dear - 1, 1 - traced / cheap);
	scale.chance = chance_error(windows, traced);
	return scale;
}
