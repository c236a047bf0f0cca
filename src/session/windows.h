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
 */
#pragma once

#include <stdint.h>

#include "session/budget.h"

enum windows_by { WINDOWS_BY_OWN, WINDOWS_BY_IO, WINDOWS_BY_IO_BYTES, WINDOWS_BY_CNT };

struct windows {
	uint64_t cnt;
	struct work work;
	double allocs, alloc_squares;
	struct {
		double squares, products; /* of the measure, and with allocations */
	} by[WINDOWS_BY_CNT];
};

void windows__add(struct windows *windows, struct work work, double allocs);
/* As if they had been one. */
void windows__join(struct windows *to, const struct windows *more);

/* Own work within them. */
double windows__own_ns(const struct windows *windows);

/* What stands for @all: factor of what was counted, and its relative errors. */
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
