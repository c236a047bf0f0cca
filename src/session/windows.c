// SPDX-License-Identifier: Apache-2.0
#include "session/windows.h"

#include <math.h>

/*
 * How far what a trap costs a program in a window may be from what it costs us: its caches are colder, and it was seen to be 0.8
 * to 1.45 times of that. (BUDGET_PRICE_ERROR is what a budget must bear.)
 */
#define PRICE_ERROR   0.3
/* Errors are stated as one such, but looked for at so many: where work hides behind the traps they grow faster than that. */
#define ERRORS_OUT    1.5
/*
 * And what the program does between traps takes longer than without, for the same reason: a compiler was seen to take a tenth
 * to a fourth longer. (A loop that does nothing but wait for its own stores took two and a half times as long.)
 */
#define OWN_ERROR     0.2
/* No allocation, with its free, takes less, of the fastest allocators on the fastest machines. */
#define CALL_LEAST_NS 5
/*
 * What reads and writes may be off by as a measure, beyond chance: a slower program finds more to read at a time, and the
 * edges of windows cut between a read and what is allocated for it.
 */
#define IO_ERROR      0.1
/* Fewer of them in all windows together tell nothing. */
#define IO_LEAST_CNT  32
/* Windows that may all have missed what is rare. */
#define FEW           12
/* What a window of weight 1 covers. */
#define COVER_NS      1e6
/* No window counts for more than so many times its length: where work hides behind the traps it is a guess. */
#define STRETCH_MAX   10

/*
 * Own work, if traps took @price_error more than was measured. What is left after them may be less than the error of their
 * price, or less than nothing; it is no less than the calls themselves take. Where there is plenty left, that is it; where
 * there is nothing left, it is between these two, and their geometric mean is wrong by no more in one direction than in the
 * other.
 */
static double own_work(const struct window *window, double price_error)
{
	double trap_ns = (double)window->work.trap_ns, least_ns = window->allocs * CALL_LEAST_NS;
	double left_ns =
		(double)window->work.cpu_ns - (double)window->work.trace_ns - price_error * trap_ns;
	double own_ns =
		(left_ns + sqrt(left_ns * left_ns + 4 * least_ns * PRICE_ERROR * trap_ns)) / 2;

	return fmax(fmax(own_ns, least_ns), 1);
}

/*
 * Threads that run side by side cover the same time; a time in which none runs is covered as it is. One that waits for a CPU
 * all that time is taken to sleep: on a busy machine weights are too much alike.
 */
static double weight(const struct window *window, double own_ns)
{
	double cpu_ns = (double)window->work.cpu_ns, wall_ns = fmax(window->wall_ns, 1);
	double threads = fmax(cpu_ns / wall_ns, 1), idle_ns = fmax(wall_ns - cpu_ns, 0);
	double cover_ns = own_ns / threads + idle_ns;

	return COVER_NS / fmax(cover_ns, wall_ns / STRETCH_MAX);
}

double window__weight(const struct window *window)
{
	return weight(window, own_work(window, 0));
}

static void add_rate(struct windows_rate *rate, const struct window *window, double price_error)
{
	double own_ns = own_work(window, price_error), times = weight(window, own_ns);

	rate->allocs += window->allocs * times;
	rate->own_ns += own_ns * times;
}

static void add_by(struct windows_by_sums *by, double value, double allocs)
{
	by->sum += value;
	by->squares += value * value;
	by->products += value * allocs;
}

void windows__add(struct windows *windows, const struct window *window)
{
	double own_ns = own_work(window, 0), times = weight(window, own_ns);
	double allocs = window->allocs * times;

	windows->cnt++;
	windows->seen += window->allocs;
	windows->own_ns += own_ns;
	windows->io_cnt += window->work.io_cnt;
	work_add(&windows->work, work_times(window->work, times));
	windows->allocs += allocs;
	windows->alloc_squares += allocs * allocs;
	windows->alloc_variance += allocs * times;
	add_by(&windows->by[WINDOWS_BY_OWN], own_ns * times, allocs);
	add_by(&windows->by[WINDOWS_BY_IO], (double)window->work.io_cnt * times, allocs);
	add_by(&windows->by[WINDOWS_BY_IO_BYTES], (double)window->work.io_bytes * times, allocs);
	add_rate(&windows->cheap, window, -ERRORS_OUT * PRICE_ERROR);
	add_rate(&windows->dear, window, ERRORS_OUT * PRICE_ERROR);
}

static void join_rate(struct windows_rate *to, struct windows_rate more)
{
	to->allocs += more.allocs;
	to->own_ns += more.own_ns;
}

void windows__join(struct windows *to, const struct windows *more)
{
	enum windows_by by;

	to->cnt += more->cnt;
	to->seen += more->seen;
	to->own_ns += more->own_ns;
	to->io_cnt += more->io_cnt;
	work_add(&to->work, more->work);
	to->allocs += more->allocs;
	to->alloc_squares += more->alloc_squares;
	to->alloc_variance += more->alloc_variance;
	for (by = 0; by < WINDOWS_BY_CNT; by++) {
		to->by[by].sum += more->by[by].sum;
		to->by[by].squares += more->by[by].squares;
		to->by[by].products += more->by[by].products;
	}
	join_rate(&to->cheap, more->cheap);
	join_rate(&to->dear, more->dear);
}

/* Of the windows' rates, to the number of allocations. One alone says nothing of it. */
static double chance_error(const struct windows *windows, enum windows_by by)
{
	double sum = windows->by[by].sum, cnt, rate, residuals, chance;

	if (windows->allocs <= 0)
		return 1;
	/* Of those in which the process did something: all that it did may lie in one of many. */
	cnt = sum * sum / windows->by[by].squares;
	if (cnt < 1.5)
		return 1;
	rate = windows->allocs / sum;
	residuals = windows->alloc_squares - 2 * rate * windows->by[by].products +
		    rate * rate * windows->by[by].squares;
	chance = sqrt((fmax(residuals, 0) + windows->alloc_variance) * cnt / (cnt - 1)) /
		 windows->allocs;
	return cnt < FEW ? hypot(chance, 1 / sqrt(cnt)) : chance;
}

double windows__own_ns(const struct windows *windows)
{
	return fmax(windows->by[WINDOWS_BY_OWN].sum, 1);
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
	const struct windows_rate *cheap = &windows->cheap, *dear = &windows->dear;

	return (struct bounds){ .least = total_ns * cheap->allocs / cheap->own_ns / windows->allocs,
				.most = total_ns * dear->allocs / dear->own_ns / windows->allocs };
}

static struct windows_scale scale_by_own(const struct windows *windows, double total_ns,
					 struct bounds bounds)
{
	struct windows_scale scale = { .factor = total_ns / windows__own_ns(windows),
				       .by = WINDOWS_BY_OWN };
	double more = fmax(bounds.most / scale.factor - 1, 0),
	       less = fmax(1 - bounds.least / scale.factor, 0);

	scale.measure = hypot(fmax(more, less) / ERRORS_OUT, OWN_ERROR);
	scale.chance = chance_error(windows, WINDOWS_BY_OWN);
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
	double value = windows->by[by].sum;
	struct windows_scale other = { .by = by, .measure = IO_ERROR };

	if (windows->io_cnt < IO_LEAST_CNT || value <= 0)
		return;
	other.factor = (double)(by == WINDOWS_BY_IO ? all.io_cnt : all.io_bytes) / value;
	if (other.factor < bounds.least * (1 - IO_ERROR) ||
	    other.factor > bounds.most * (1 + IO_ERROR))
		return;
	other.chance = chance_error(windows, by);
	if (error_of(&other) < error_of(scale))
		*scale = other;
}

/* What was seen is there, whatever the rest may be. */
static double least_factor(const struct windows *windows)
{
	return windows->allocs > 0 ? windows->seen / windows->allocs : 1;
}

struct windows_scale windows__scale(const struct windows *windows, struct work all)
{
	double total_ns = work_own_ns(all);
	struct windows_scale scale = { .factor = least_factor(windows) };
	struct bounds bounds;

	if (total_ns <= windows->own_ns || windows->allocs <= 0)
		return scale;
	bounds = find_bounds(windows, total_ns);
	scale = scale_by_own(windows, total_ns, bounds);
	try_io(windows, all, WINDOWS_BY_IO, bounds, &scale);
	try_io(windows, all, WINDOWS_BY_IO_BYTES, bounds, &scale);
	scale.factor = fmax(scale.factor, least_factor(windows));
	return scale;
}

struct windows_scale windows__scale_like(const struct windows *windows, const struct windows *model,
					 struct work all)
{
	double total_ns = work_own_ns(all);
	struct windows_scale scale = { .factor = least_factor(windows) };

	if (windows->allocs <= 0 || model->allocs <= 0)
		return windows__scale(windows, all);
	if (total_ns <= windows->own_ns)
		return scale;
	/* As if the model's windows had all been held in this process, which would have worked as much more. */
	total_ns *= model->allocs / windows->allocs;
	scale = scale_by_own(model, total_ns, find_bounds(model, total_ns));
	scale.factor = fmax(scale.factor, least_factor(windows));
	/* What one of them differs from the others by stays. */
	scale.chance = fmin(scale.chance * sqrt((double)model->cnt), 1);
	return scale;
}

static void fade_rate(struct windows_rate *rate)
{
	rate->allocs /= 2;
	rate->own_ns /= 2;
}

void windows__fade(struct windows *windows)
{
	enum windows_by by;

	windows->cnt /= 2;
	windows->seen /= 2;
	windows->own_ns /= 2;
	windows->io_cnt /= 2;
	windows->work = work_times(windows->work, 0.5);
	windows->allocs /= 2;
	windows->alloc_squares /= 2;
	windows->alloc_variance /= 2;
	for (by = 0; by < WINDOWS_BY_CNT; by++) {
		windows->by[by].sum /= 2;
		windows->by[by].squares /= 2;
		windows->by[by].products /= 2;
	}
	fade_rate(&windows->cheap);
	fade_rate(&windows->dear);
}
