/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was counted in windows stands for all that happened: a ratio estimate, allocations per own work. Own work and not
 * time, for a program that is traced gets less done in the same time.
 *
 * Two errors are told apart. One is of chance, how much windows differ, and gets smaller with their number; the other
 * is that of the price of a trap, by which own work is told from the cost of tracing, and stays.
 */
#pragma once

#include <stdint.h>

#include "session/budget.h"

struct windows {
	uint64_t cnt;
	struct work work;
	double allocs;
	double work_squares, alloc_squares, products;
};

void windows__add(struct windows *windows, struct work work, double allocs);
/* As if they had been one. */
void windows__join(struct windows *to, const struct windows *more);

/* Own work within them. */
double windows__own_ns(const struct windows *windows);

/* What stands for @all: factor of what was counted, and its relative errors. */
struct windows_scale {
	double factor;
	double chance, price;
};
struct windows_scale windows__scale(const struct windows *windows, struct work all);
