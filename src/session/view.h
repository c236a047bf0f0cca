/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a recording that goes on: what a daemon answers with. See struct session_watch. */
#pragma once

#include "abi/stats.h"
#include "profile/profile.h"
#include "session/session.h"

struct session_filter {
	pid_t pid;           /* a living process alone; 0: all, those that have ended included */
	const char *service; /* NULL: all */
};

/* What has been counted since the start. 0, -ESRCH if there is no such process or service, or -errno. */
int session_view__profile(struct session_view *view, const struct session_filter *filter,
			  struct profile **ret);

struct session_state {
	uint64_t stats[STAT_CNT];
	uint64_t start_ns;  /* since 1970 */
	size_t process_cnt; /* that live and are traced */
	size_t probe_cnt, file_cnt;
	size_t site_cnt, site_max;
	size_t frame_cnt, frame_max;
	size_t tally_cnt;
	size_t tally_bytes;
	uint64_t evicted_cnt;
	uint64_t
		unread_cnt; /* requests of which the reader of files died, and those it was not there for */
	size_t windowed_cnt;          /* processes whose numbers are estimates: traced in windows */
	uint64_t step_cnt;            /* steps taken to keep to budgets, down and up */
	size_t idle_cnt, refused_cnt; /* without probes: they do nothing; there are too many */
	size_t unopened_cnt;          /* files that are mapped and could not be opened */
	uint64_t map_bytes;
	uint64_t run_ns; /* CPU time of our programs, if the kernel keeps count; else 0 */
};
/*
 * Budgets from now on, shares as session_config.max_overhead and max_overhead_total. There must have been one, and be one:
 * what a recording without any does is another thing.
 */
void session_view__set_budgets(struct session_view *view, double each, double total);

int session_view__state(struct session_view *view, struct session_state *ret);

struct session_process {
	pid_t pid;
	uid_t uid;
	const char *comm, *service, *container, *pod, *unit; /* during the call only */
};
/* Each living process that is traced. 0 or what @fn ended with if that was not 0. */
int session_view__processes(struct session_view *view,
			    int (*fn)(void *ctx, const struct session_process *process), void *ctx);
