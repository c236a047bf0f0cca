// SPDX-License-Identifier: Apache-2.0
/* The recording's side of pushing: whose window is over, and what is in it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "profile/profile_merge.h"
#include "serve/daemon.h"
#include "serve/window.h"

/* Windows of engines with the same interval end together. */
#define SHARE_NS 500000000u

/* Stopping takes no longer than this, whatever the other side does. */
#define GRACE_MS 3000u

static struct push_counts stop_one(struct pusher *pusher, unsigned grace_ms)
{
	const struct push_config *config = push__config(pusher->push);
	char *name __free_mem = strdup(config->name);
	bool has_spool = config->spool;
	struct push_counts counts = push__stop(TAKE_PTR(pusher->push), grace_ms);

	shot__drop(TAKE_PTR(pusher->base));
	if (counts.dropped || counts.rejected || counts.waiting)
		log_warn(0,
			 "push %s: %" PRIu64 " requests were sent, %" PRIu64 " refused, %" PRIu64
			 " lost%s, %" PRIu64 " left in the spool",
			 name ? name : "", counts.sent, counts.rejected, counts.dropped,
			 counts.dropped && !has_spool ? " (there is no spool)" : "",
			 counts.waiting);
	return counts;
}

/* The old one of the same name, or NULL. */
static struct pusher *find_old(const struct daemon *daemon, size_t old_cnt, const char *name)
{
	size_t i;

	for (i = 0; i < old_cnt; i++) {
		struct pusher *old = &daemon->pushers.at[i];

		if (old->push && !strcmp(push__config(old->push)->name, name))
			return old;
	}
	return NULL;
}

static int start_one(struct daemon *daemon, size_t old_cnt, const struct push_config *config)
{
	struct pusher pusher = { .due_ns = clock_ns(CLOCK_MONOTONIC) }, *old;
	struct push_counts before = {};
	int err = vec__reserve(&daemon->pushers, daemon->pushers.cnt + 1);

	old = find_old(daemon, old_cnt, config->name);
	if (!err && old && push_config__equals(push__config(old->push), config)) {
		daemon->pushers.at[daemon->pushers.cnt++] = *old;
		*old = (struct pusher){};
		return 0;
	}
	/* Its counters are this one's, too: none goes backwards, none of the lost is forgotten. */
	if (!err && old)
		before = stop_one(old, 0);
	if (!err)
		err = push_start(config, old ? &before : NULL, &pusher.push);
	if (!err)
		daemon->pushers.at[daemon->pushers.cnt++] = pusher;
	return err;
}

void daemon__start_pushers(struct daemon *daemon)
{
	const struct serve_config *config = &daemon->config;
	size_t old_cnt = daemon->pushers.cnt, i;
	int err;

	for (i = 0; i < config->pushes.cnt; i++) {
		err = start_one(daemon, old_cnt, &config->pushes.at[i]);
		if (err)
			log_warn(err, "nothing is pushed to %s", config->pushes.at[i].url);
	}
	for (i = 0; i < old_cnt; i++) {
		if (daemon->pushers.at[i].push)
			stop_one(&daemon->pushers.at[i], 0);
	}
	daemon->pushers.cnt -= old_cnt;
	if (daemon->pushers.cnt)
		memmove(daemon->pushers.at, daemon->pushers.at + old_cnt,
			daemon->pushers.cnt * sizeof(*daemon->pushers.at));
}

void daemon__begin_pushes(struct daemon *daemon, struct shot *base)
{
	size_t i;

	for (i = 0; i < daemon->pushers.cnt; i++) {
		struct pusher *pusher = &daemon->pushers.at[i];

		shot__drop(pusher->base);
		pusher->base = shot__hold(base);
		pusher->due_ns = base->taken_ns + push__config(pusher->push)->interval_ns;
	}
}

void daemon__stop_pushers(struct daemon *daemon)
{
	size_t i;

	/* All at once, so that none waits for another's end. */
	for (i = 0; i < daemon->pushers.cnt; i++)
		push__begin_stop(daemon->pushers.at[i].push, GRACE_MS);
	for (i = 0; i < daemon->pushers.cnt; i++)
		stop_one(&daemon->pushers.at[i], GRACE_MS);
	vec__done(&daemon->pushers);
}

/* Counters since the last one, and what is in use now. */
static int make_window(const struct shot *base, const struct shot *now, struct shot **ret)
{
	struct profile *window;
	struct profile_meta meta;
	int err = window_make(base, now, PROFILE_DIFF_COUNTERS, NULL, &window);

	if (err)
		return err;
	meta = *profile__meta(window);
	/* Not by the clock at its beginning, which may have been set since. */
	meta.time_ns = clock_wall_ns() - meta.duration_ns;
	profile__set_meta(window, &meta);
	*ret = shot__new(window, now->taken_ns);
	return *ret ? 0 : -ENOMEM;
}

/* Those that are due at the same time: one profile for all, and one window for all that had their last one together. */
struct round {
	struct shot *now;
	struct shot *base, *window; /* the last that was made, and since when */
};

static void cleanup_round(struct round *round)
{
	shot__drop(round->now);
	shot__drop(round->base);
	shot__drop(round->window);
}

static int window_since(struct round *round, struct shot *base)
{
	if (round->base == base)
		return 0;
	shot__drop(TAKE_PTR(round->base));
	shot__drop(TAKE_PTR(round->window));
	if (make_window(base, round->now, &round->window))
		return -ENOMEM;
	round->base = shot__hold(base);
	return 0;
}

/* Whatever goes wrong, the window goes on: the next one has what this one would have had. */
static void push_one(struct pusher *pusher, struct round *round)
{
	if (pusher->base == round->now)
		return;
	if (pusher->base && (window_since(round, pusher->base) ||
			     push__add(pusher->push, shot__hold(round->window))))
		return;
	shot__drop(pusher->base);
	pusher->base = shot__hold(round->now);
}

void daemon__push_due(struct daemon *daemon, uint64_t now_ns, bool all)
{
	static const struct session_filter everybody = {};
	/* The last word has everything. */
	uint64_t since_ns = all ? now_ns : now_ns - SHARE_NS;
	struct round round __attribute__((cleanup(cleanup_round))) = {};
	size_t i;

	for (i = 0; i < daemon->pushers.cnt; i++) {
		struct pusher *pusher = &daemon->pushers.at[i];

		if (pusher->due_ns > now_ns && !all)
			continue;
		pusher->due_ns = now_ns + push__config(pusher->push)->interval_ns;
		if (!round.now && daemon__shoot(daemon, &everybody, since_ns, &round.now))
			continue;
		push_one(pusher, &round);
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
		metrics_label(out, push__config(daemon->pushers.at[i].push)->name);
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
		{ "heaptap_push_waiting_bytes", "gauge", "Memory of those that wait in memory.",
		  offsetof(struct push_counts, waiting_bytes) },
	};
	size_t i;

	for (i = 0; daemon->pushers.cnt && i < sizeof(rows) / sizeof(rows[0]); i++)
		one_family(daemon, out, rows[i].name, rows[i].type, rows[i].help, rows[i].offset);
}
