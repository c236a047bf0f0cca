/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in use, site by site, again and again while a recording runs: the growth that `why` looks
 * for. However long it lasts there are between SERIES_TICKS_MAX / 2 and SERIES_TICKS_MAX equally
 * spaced looks: when there is no room for more, every second one is forgotten and the pace halved.
 */
#pragma once

#include <stdint.h>

#include "base/vec.h"
#include "kernel/tracer.h"

#define SERIES_TICKS_MAX 64

struct series_point {
	uint32_t tick;    /* index in ticks */
	uint32_t site;    /* number in the tracer's array */
	uint64_t objects; /* weighted */
	uint64_t bytes;
};

struct series {
	VEC(uint64_t) ticks; /* CLOCK_MONOTONIC */
	VEC(struct series_point)
	points; /* sites that had something in use, in the order of ticks */
	uint64_t interval_ns;
};

/* The first look is due at once. */
void series__start(struct series *series);
/* When the next look is due. */
uint64_t series__due_ns(const struct series *series);
/* Look, if it is due. 0 or -ENOMEM, and then this look is missing. */
int series__tick(struct series *series, const struct tracer *tracer, uint64_t now_ns);
void series__done(struct series *series);
