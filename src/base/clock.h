/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, in nanoseconds. */
#pragma once

#include <stdint.h>
#include <time.h>

/* What @clock shows: CLOCK_MONOTONIC, CLOCK_REALTIME … One that is always there: this cannot fail. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Since 1970, as profiles say it. */
static inline int64_t clock_wall_ns(void)
{
	return (int64_t)clock_ns(CLOCK_REALTIME);
}
