// SPDX-License-Identifier: Apache-2.0
/* What has been counted since the daemon began, whatever recordings that took. */
#include <errno.h>

#include "base/clock.h"
#include "profile/profile_merge.h"
#include "serve/daemon.h"

/* The last word of an archive and of what is kept are one profile. */
#define SHARE_NS 500000000u

/* A cumulative profile says no duration; its time is the moment of writing. */
static void set_cumulative(struct profile *profile)
{
	struct profile_meta meta = *profile__meta(profile);

	meta.time_ns = clock_wall_ns();
	meta.duration_ns = 0;
	profile__set_meta(profile, &meta);
}

static int without_outcome(int err)
{
	return err > 0 ? -EINVAL : err;
}

/* What ended recordings have counted of @service (NULL: all). -ESRCH: nothing. */
static int take_past(const struct daemon *daemon, const char *service, struct profile **ret)
{
	struct profile_part part = { .key = service ? "service_name" : NULL, .value = service };
	struct profile *past __free(profile) = NULL;
	int err;

	if (!daemon->past)
		return -ESRCH;
	err = without_outcome(profile_take(daemon->past->profile, &part, &past));
	if (!err && service && !profile__sample_cnt(past))
		return -ESRCH;
	if (!err)
		*ret = TAKE_PTR(past);
	return err;
}

/* The recording that goes on, if any, and those that have ended. */
static int gather(const struct daemon *daemon, const struct session_filter *filter,
		  struct profile **ret)
{
	struct profile *now __free(profile) = NULL, *past __free(profile) = NULL;
	int err = daemon->view ? session_view__profile(daemon->view, filter, &now) : -ESRCH;
	int past_err = filter->pid ? -ESRCH : take_past(daemon, filter->service, &past);

	if (err == -ESRCH && !past_err) {
		*ret = TAKE_PTR(past);
		return 0;
	}
	if (!err && !past_err)
		return without_outcome(
			profile_merge((const struct profile *const[]){ now, past }, 2, ret));
	if (!err && past_err != -ESRCH)
		return past_err;
	if (!err)
		*ret = TAKE_PTR(now);
	return err;
}

int daemon__shoot(struct daemon *daemon, const struct session_filter *filter, uint64_t since_ns,
		  struct shot **ret)
{
	bool whole = !filter->pid && !filter->service;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct profile *profile;
	int err;

	if (whole && daemon->latest && daemon->latest->taken_ns >= since_ns) {
		*ret = shot__hold(daemon->latest);
		return 0;
	}
	err = gather(daemon, filter, &profile);
	if (err)
		return err;
	set_cumulative(profile);
	daemon->extra.profile_cnt++;
	daemon->extra.profile_ns += clock_ns(CLOCK_MONOTONIC) - now;
	*ret = shot__new(profile, now);
	if (!*ret)
		return -ENOMEM;
	if (whole) {
		shot__drop(daemon->latest);
		daemon->latest = shot__hold(*ret);
	}
	return 0;
}

struct shot *daemon__nothing(uint64_t now_ns)
{
	struct profile *profile = profile__new_heap();

	return profile ? shot__new(profile, now_ns) : NULL;
}

/* @profile without what is in use: of that nobody will hear when it is freed. */
static int take_counters(const struct profile *profile, struct profile **ret)
{
	struct profile *in_use __free(profile) = NULL;
	int err = profile_diff(profile, profile, PROFILE_DIFF_COUNTERS, &in_use);

	if (!err)
		err = profile_diff(in_use, profile, 0, ret);
	return without_outcome(err);
}

static void add_state(struct session_state *to, const struct session_state *from)
{
	size_t i;

	for (i = 0; i < STAT_CNT; i++)
		to->stats[i] += from->stats[i];
	to->evicted_cnt += from->evicted_cnt;
	to->unread_cnt += from->unread_cnt;
	to->run_ns += from->run_ns;
	if (from->start_ns)
		to->start_ns = from->start_ns;
}

int daemon__state(const struct daemon *daemon, struct session_state *ret)
{
	int err = session_view__state(daemon->view, ret);

	if (!err)
		add_state(ret, &daemon->past_state);
	return err;
}

int daemon__keep(struct daemon *daemon)
{
	static const struct session_filter all = {};
	struct profile *counters = NULL;
	struct session_state state;
	struct shot *last;
	uint64_t taken_ns;
	int err = daemon__shoot(daemon, &all, clock_ns(CLOCK_MONOTONIC) - SHARE_NS, &last);

	if (err)
		return err;
	taken_ns = last->taken_ns;
	err = take_counters(last->profile, &counters);
	shot__drop(last);
	if (!err)
		err = daemon__state(daemon, &state);
	if (err) {
		profile__free(counters);
		return err;
	}
	last = shot__new(counters, taken_ns);
	if (!last)
		return -ENOMEM;
	daemon->past_state = state;
	shot__drop(daemon->past);
	daemon->past = last;
	shot__drop(TAKE_PTR(daemon->latest));
	return 0;
}
