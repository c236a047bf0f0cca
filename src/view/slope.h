/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a place's memory keep growing? A queue that fills and drains, a cache that warms up and a
 * leak all have a rising line somewhere; only the leak's floor rises to the end. So the course is
 * cut into windows, and a line is laid through the least value of each: what comes and goes between
 * does not count. The confidence is that of the line's slope (Student's t).
 */
#pragma once

#include "profile/place.h"

#define SLOPE_WINDOWS    8
#define SLOPE_POINTS_MIN (2 * (size_t)SLOPE_WINDOWS)

struct slope {
	double bytes_per_s;
	double low, high;  /* with 95 % confidence */
	double late_per_s; /* of the second half alone: a plateau has none */
	double seconds;    /* looked at */
	double last_bytes; /* the floor of the last window */
	double rise_bytes; /* from the first window's floor to the last one's */
};

/* False if there are too few points, and then @ret is all zero. Points before the first byte do not
 * count. */
bool slope_of(const struct place *place, struct slope *ret);
