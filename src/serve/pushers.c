// SPDX-License-Identifier: Apache-2.0
/* The recording's side of pushing: whose window is over, and what is in it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "profile/profile_merge.h"
#include "serve/daemon.h"

/* Windows of engines with the same interval end together, with one profile for all. */
#define SHARE_NS 500000000u

static int64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void daemon__start_pushers(struct daemon *daemon)
{
	const struct serve_config *config = &daemon->config;
	size_t i;
	int err;

	for (i = 0; i < config->pushes.cnt; i++) {
		struct pusher pusher = { .due_ns = daemon_now_ns() };

		err = push_start(&config->pushes.at[i], &pusher.push);
		if (!err)
			err = vec__push(&daemon->pushers, pusher);
		if (err)
			log_warn(err, "nothing is pushed to %s", config->pushes.at[i].url);
	}
}

void daemon__stop_pushers(struct daemon *daemon)
{
	size_t i;

	for (i = 0; i < daemon->pushers.cnt; i++) {
		push__free(daemon->pushers.at[i].push);
		shot__drop(daemon->pushers.at[i].base);
	}
	vec__done(&daemon->pushers);
}

/* Counters since the last one, and what is in use now. */
static int make_window(const struct pusher *pusher, const struct shot *now, int64_t until_ns,
		       struct profile **ret)
{
	struct profile_meta meta;
	int err = profile_diff(pusher->base->profile, now->profile, PROFILE_DIFF_COUNTERS, ret);

	if (err)
		return err > 0 ? -EINVAL : err;
	meta = *profile__meta(*ret);
	meta.duration_ns = (int64_t)(now->taken_ns - pusher->base->taken_ns);
	meta.time_ns = until_ns - meta.duration_ns;
	profile__set_meta(*ret, &meta);
	profile__drop_comments(*ret);
	return 0;
}

static void push_one(struct daemon *daemon, struct pusher *pusher)
{
	static const struct session_filter all = {};
	struct profile *window = NULL;
	struct shot *now;
	int64_t until = wall_ns();
	int err = daemon__shoot(daemon, &all, SHARE_NS, &now);

	if (err)
		return;
	if (pusher->base && pusher->base != now)
		err = make_window(pusher, now, until, &window);
	if (window && !err)
		push__add(pusher->push, window, pusher->base_wall_ns, until);
	shot__drop(pusher->base);
	pusher->base = now;
	pusher->base_wall_ns = until;
}

void daemon__push_due(struct daemon *daemon, uint64_t now_ns, bool all)
{
	size_t i;

	for (i = 0; i < daemon->pushers.cnt; i++) {
		struct pusher *pusher = &daemon->pushers.at[i];

		if (pusher->due_ns > now_ns && !all)
			continue;
		pusher->due_ns = now_ns + daemon->config.pushes.at[i].interval_ns;
		push_one(daemon, pusher);
	}
}

uint64_t daemon__next_push_ns(const struct daemon *daemon)
{
	uint64_t due = UINT64_MAX;
	size_t i;

	for (i = 0; i < daemon->pushers.cnt; i++)
		due = daemon->pushers.at[i].due_ns < due ? daemon->pushers.at[i].due_ns : due;
	return due;
}

static void one_family(const struct daemon *daemon, struct buf *out, const char *name,
		       const char *type, const char *help, size_t offset)
{
	size_t i;

	metrics_head(out, name, type, help);
	for (i = 0; i < daemon->pushers.cnt; i++) {
		struct push_counts counts = push__counts(daemon->pushers.at[i].push);
		uint64_t value;

		memcpy(&value, (const char *)&counts + offset, sizeof(value));
		buf__printf(out, "%s{push=", name);
		metrics_label(out, daemon->config.pushes.at[i].name);
		buf__printf(out, "} %" PRIu64 "\n", value);
	}
}

void daemon__push_metrics(const struct daemon *daemon, struct buf *out)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
	} rows[] = {
		{ "heaptap_push_sent_total", "counter", "Requests that were taken.",
		  offsetof(struct push_counts, sent) },
		{ "heaptap_push_retried_total", "counter", "Attempts that failed and are repeated.",
		  offsetof(struct push_counts, retried) },
		{ "heaptap_push_rejected_total", "counter", "Requests that were refused for good.",
		  offsetof(struct push_counts, rejected) },
		{ "heaptap_push_dropped_total", "counter", "Requests given up for want of room.",
		  offsetof(struct push_counts, dropped) },
		{ "heaptap_push_spooled_total", "counter", "Requests that were put on disk.",
		  offsetof(struct push_counts, spooled) },
		{ "heaptap_push_waiting", "gauge", "Requests that wait.",
		  offsetof(struct push_counts, waiting) },
	};
	size_t i;

	for (i = 0; daemon->pushers.cnt && i < sizeof(rows) / sizeof(rows[0]); i++)
		one_family(daemon, out, rows[i].name, rows[i].type, rows[i].help, rows[i].offset);
}
