// SPDX-License-Identifier: Apache-2.0
#include "serve/push_report.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"

#define HOUR_NS   3600000000000ull
#define SECOND_NS 1000000000ull

void push_report__failed(struct push_report *report, const char *why, bool refused)
{
	if (report->fails)
		return;
	report->fails = true;
	report->since_ns = clock_ns(CLOCK_MONOTONIC);
	log_warn(
		0, "push %s: %s; %s", report->name, why,
		refused ? "what it refuses is lost"
		: report->has_spool
			? "what waits is kept in memory, then in the spool, and tried again"
			: "what waits is kept in memory as long as there is room, and tried again");
}

void push_report__sent(struct push_report *report)
{
	if (!report->fails)
		return;
	report->fails = false;
	log_info("push %s: works again, after %llu s", report->name,
		 (unsigned long long)((clock_ns(CLOCK_MONOTONIC) - report->since_ns) / SECOND_NS));
}

void push_report__tell(struct push_report *report, const struct push_counts *counts)
{
	const struct push_counts *told = &report->told;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), failed;

	if (!report->hour_ns) {
		report->hour_ns = now;
		report->told = *counts;
	}
	if (now - report->hour_ns < HOUR_NS)
		return;
	failed = counts->retried - told->retried + counts->rejected - told->rejected +
		 counts->dropped - told->dropped;
	if (failed)
		log_warn(0,
			 "push %s: in the last hour %" PRIu64 " requests were sent, %" PRIu64
			 " attempts failed, %" PRIu64 " requests were refused, %" PRIu64
			 " lost; %" PRIu64 " wait",
			 report->name, counts->sent - told->sent, counts->retried - told->retried,
			 counts->rejected - told->rejected, counts->dropped - told->dropped,
			 counts->waiting);
	report->hour_ns = now;
	report->told = *counts;
}
