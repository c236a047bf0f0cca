// SPDX-License-Identifier: Apache-2.0
/* What is done again and again while a recording runs: looks for `why`, files of a series, a view that is kept up to date. */
#include <limits.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/recording.h"

/* Is something due that happens every @interval_ns? If so, the next time is in the future: what was slow is not made up for. */
static bool is_due(uint64_t *due_ns, uint64_t interval_ns, uint64_t now)
{
	if (!interval_ns || now < *due_ns)
		return false;
	*due_ns += interval_ns * ((now - *due_ns) / interval_ns + 1);
	return true;
}

/* Show and write what has been counted so far. False: stop. A moment that cannot be had is only missing. */
static bool take_moment(struct recording *rec, bool watch, bool write)
{
	const struct session_config *config = rec->config;
	struct snapshot *snapshot __free(snapshot) = NULL;
	struct profile *profile __free(profile) = NULL;
	int err = recording__moment(rec, &snapshot, &profile);

	if (err) {
		log_warn(err, "no look at the numbers this time");
		return true;
	}
	if (write && recording__write_next(rec, snapshot, profile)) {
		rec->write_failed = true;
		return false;
	}
	return !watch || config->watch->on_profile(config->watch->ctx, profile);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void recording__start_pulse(struct recording *rec)
{
	const struct session_config *config = rec->config;

	series__start(&rec->series);
	rec->every_due_ns = clock_ns(CLOCK_MONOTONIC) + config->every_ns;
	rec->watch_due_ns =
		clock_ns(CLOCK_MONOTONIC) + (config->watch ? config->watch->interval_ns : 0);
}

bool recording__pulse(struct recording *rec, int *ret_wait_ms)
{
	const struct session_config *config = rec->config;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), due = UINT64_MAX, wait_ms;
	bool write = is_due(&rec->every_due_ns, config->every_ns, now);
	bool watch = config->watch && is_due(&rec->watch_due_ns, config->watch->interval_ns, now);

	recording__make_up_looks(rec, now);
	due = looks__due_ns(&rec->looks);
	if (config->lifetimes) {
		series__tick(&rec->series, rec->tracer, now);
		due = earlier(due, series__due_ns(&rec->series));
	}
	if ((write || watch) && !take_moment(rec, watch, write))
		return false;
	if (config->every_ns)
		due = earlier(due, rec->every_due_ns);
	if (config->watch && config->watch->interval_ns)
		due = earlier(due, rec->watch_due_ns);
	now = clock_ns(CLOCK_MONOTONIC);
	wait_ms = due > now ? (due - now + 999999) / 1000000 : 0;
	*ret_wait_ms = due == UINT64_MAX ? -1 : (int)(wait_ms < INT_MAX ? wait_ms : INT_MAX);
	return true;
}
