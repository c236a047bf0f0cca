// SPDX-License-Identifier: Apache-2.0
#include "session/windows.h"

#include <math.h>

/* So far apart, the bounds say more than the measured price. */
#define WIDE          3
/* No allocation, with its free, takes less, of the fastest allocators on the fastest machines. */
#define CALL_LEAST_NS 5
/*
 * What reads and writes may be off by as a measure, beyond chance: a slower program finds more to read at a time, and the
 * edges of windows cut between a read and what is allocated for it.
 */
#define IO_ERROR      0.1
/* Fewer of them in all windows together tell nothing. */
#define IO_LEAST_CNT  32

static double measure(struct work work, enum windows_by by)
{
	switch (by) {
	case WINDOWS_BY_IO:
		return (double)work.io_cnt;
	case WINDOWS_BY_IO_BYTES:
		return (double)work.io_bytes;
	default:
		return work_own_ns(work);
	}
}

void windows__add(struct windows *windows, struct work work, double allocs)
{
	enum windows_by by;

	windows->cnt++;
	work_add(&windows->work, work);
	windows->allocs += allocs;
	windows->alloc_squares += allocs * allocs;
	for (by = 0; by < WINDOWS_BY_CNT; by++) {
		double value = measure(work, by);

		windows->by[by].squares += value * value;
		windows->by[by].products += value * allocs;
	}
}

void windows__join(struct windows *to, const struct windows *more)
{
	enum windows_by by;

	to->cnt += more->cnt;
	work_add(&to->work, more->work);
	to->allocs += more->allocs;
	to->alloc_squares += more->alloc_squares;
	for (by = 0; by < WINDOWS_BY_CNT; by++) {
		to->by[by].squares += more->by[by].squares;
		to->by[by].products += more->by[by].products;
	}
}

/* Of the windows' rates, @value being what they measure together, to the number of allocations. One alone says nothing of it. */
static double chance_error(const struct windows *windows, enum windows_by by, double value)
{
	double whole = measure(windows->work, by), cnt, rate, residuals;

	if (windows->allocs <= 0)
		return 1;
	/* Of those in which the process did something: all that it did may lie in one of many. */
	cnt = whole * whole / windows->by[by].squares;
	if (cnt < 1.5)
		return 1;
	rate = windows->allocs / value;
	residuals = windows->alloc_squares - 2 * rate * windows->by[by].products +
		    rate * rate * windows->by[by].squares;
	return sqrt((fmax(residuals, 0) + windows->allocs) * cnt / (cnt - 1)) / windows->allocs;
}

double windows__own_ns(const struct windows *windows)
{
	return fmax(work_own_ns(windows->work), windows->allocs * CALL_LEAST_NS);
}

/* Between which the factor is. */
struct bounds {
	double least, most;
};

/*
 * Own work in the windows is known within bounds: if traps cost more than was measured, less was done, but so much that
 * the calls were possible; if they cost less, more. The bounds of own work are those of the scale.
 */
static struct bounds find_bounds(const struct windows *windows, double total_ns)
{
	double own_ns = windows__own_ns(windows);
	double off_ns = BUDGET_PRICE_ERROR * (double)windows->work.trap_ns;
	double least_ns = fmax(own_ns - off_ns, fmax(windows->allocs * CALL_LEAST_NS, 1));

	return (struct bounds){ .least = fmax(total_ns / (own_ns + off_ns), 1),
				.most = fmax(total_ns / least_ns, 1) };
}

/*
 * Where tracing takes nearly all of a window's time the bounds are far apart, and what the measured price says may be a
 * hundred times too small: then their middle is the better estimate, which is never more than as much again away.
 */
static struct windows_scale scale_by_own(const struct windows *windows, double total_ns,
					 struct bounds bounds)
{
	double own_ns = windows__own_ns(windows);
	struct windows_scale scale = { .factor = total_ns / own_ns, .by = WINDOWS_BY_OWN };

	if (bounds.most > scale.factor * WIDE)
		scale.factor = (bounds.most + bounds.least) / 2;
	scale.measure = fmax(bounds.most / scale.factor - 1, 1 - bounds.least / scale.factor);
	scale.chance = chance_error(windows, WINDOWS_BY_OWN, own_ns);
	return scale;
}

static double error_of(const struct windows_scale *scale)
{
	return hypot(scale->chance, scale->measure);
}

/* What contradicts the CPU time measures something else than work. */
static void try_io(const struct windows *windows, struct work all, enum windows_by by,
		   struct bounds bounds, struct windows_scale *scale)
{
	double value = measure(windows->work, by);
	struct windows_scale other = { .by = by, .measure = IO_ERROR };

	if (windows->work.io_cnt < IO_LEAST_CNT || value <= 0)
		return;
	other.factor = measure(all, by) / value;
	if (other.factor < bounds.least * (1 - IO_ERROR) ||
	    other.factor > bounds.most * (1 + IO_ERROR))
		return;
	other.factor = fmax(other.factor, 1);
	other.chance = chance_error(windows, by, value);
	if (error_of(&other) < error_of(scale))
		*scale = other;
}

struct windows_scale windows__scale(const struct windows *windows, struct work all)
{
	double total_ns = work_own_ns(all);
	struct windows_scale scale = { .factor = 1 };
	struct bounds bounds;

	if (total_ns <= windows__own_ns(windows))
		return scale;
	bounds = find_bounds(windows, total_ns);
	scale = scale_by_own(windows, total_ns, bounds);
	try_io(windows, all, WINDOWS_BY_IO, bounds, &scale);
	try_io(windows, all, WINDOWS_BY_IO_BYTES, bounds, &scale);
	return scale;
}

struct windows_scale windows__scale_like(const struct windows *windows, const struct windows *model,
					 struct work all)
{
	double total_ns = work_own_ns(all), share;
	struct windows_scale scale = { .factor = 1 };
	struct bounds bounds;

	if (windows->allocs <= 0 || model->allocs <= 0)
		return windows__scale(windows, all);
	/* As if the model's windows had all been held in this process, which would have worked as much more. */
	share = model->allocs / windows->allocs;
	if (total_ns * share <= windows__own_ns(model))
		return scale;
	bounds = find_bounds(model, total_ns * share);
	scale = scale_by_own(model, total_ns * share, bounds);
	/* What one of them differs from the others by stays. */
	scale.chance = fmin(scale.chance * sqrt((double)model->cnt), 1);
	return scale;
}

void windows__fade(struct windows *windows)
{
	enum windows_by by;

	windows->cnt /= 2;
	windows->allocs /= 2;
	windows->alloc_squares /= 2;
	windows->work.cpu_ns /= 2;
	windows->work.trace_ns /= 2;
	windows->work.trap_ns /= 2;
	windows->work.io_cnt /= 2;
	windows->work.io_bytes /= 2;
	for (by = 0; by < WINDOWS_BY_CNT; by++) {
		windows->by[by].squares /= 2;
		windows->by[by].products /= 2;
	}
}
