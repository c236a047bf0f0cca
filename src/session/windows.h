/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was counted in windows stands for all that happened: a ratio estimate, allocations per piece of work. Not per time,
 * for a program that is traced gets less done in the same time. Pieces of work are
 *
 * - its own CPU time, that is without what tracing took, which is known by the price of a trap: where most of a window
 *   goes into traps, hardly at all;
 * - its reads and writes, or their bytes: traps change nothing about these, and where allocations go with them they are
 *   the better measure. Whether they do is seen from how much windows differ.
 *
 * The one with the least error is taken. Two errors are told apart. One is of chance, how much windows differ, and gets
 * smaller with their number; the other is that of the measure, and stays.
 *
 * Windows are weighted. They begin anywhere in the course of a program, but they end by the clock, and where much is
 * allocated most of that goes into traps: the more there is to be seen, the less of the course a window covers. Added up as
 * they are, a compiler that allocates in bursts would be told by what it does between them, as a third of what is true. So
 * each window counts as if it had covered the same.
 */
#pragma once

#include <stdint.h>

#include "session/budget.h"

enum windows_by { WINDOWS_BY_OWN, WINDOWS_BY_IO, WINDOWS_BY_IO_BYTES, WINDOWS_BY_CNT };

/* What was seen of a process in a window. */
struct window {
	struct work work;
	double allocs;
	double wall_ns;
};

struct windows {
	uint64_t cnt;
	/* As they are. */
	double seen; /* allocations */
	double own_ns;
	uint64_t io_cnt;
	/* Weighted. */
	struct work work;
	double allocs, alloc_squares;
	double alloc_variance; /* were they all alike, by the chance of counting alone */
	struct windows_by_sums {
		double sum, squares, products; /* of the measure, and with allocations */
	} by[WINDOWS_BY_CNT];
	/* What they would be if traps were as cheap, or as dear, as they can be. */
	struct windows_rate {
		double allocs, own_ns;
	} cheap, dear;
};

/* How much a window counts: 1 if it covered a millisecond of what there would have been without tracing. */
double window__weight(const struct window *window);

void windows__add(struct windows *windows, const struct window *window);
/* As if they had been one. */
void windows__join(struct windows *to, const struct windows *more);

/* Own work within them, weighted. */
double windows__own_ns(const struct windows *windows);

/* What stands for @all: factor of what was counted, weighted, and its relative errors. */
struct windows_scale {
	double factor;
	double chance, measure;
	enum windows_by by;
};
struct windows_scale windows__scale(const struct windows *windows, struct work all);
/* The same for few windows, by what @model, of more processes of the kind, tells of own work for each allocation. */
struct windows_scale windows__scale_like(const struct windows *windows, const struct windows *model,
					 struct work all);
/* Let what was seen so far count for half as much beside what will be. */
void windows__fade(struct windows *windows);
