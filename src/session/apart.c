// SPDX-License-Identifier: Apache-2.0
#include "session/apart.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hashmap.h"
#include "base/log.h"
#include "proc/proc_info.h"
#include "proc/proc_list.h"
#include "session/hold.h"

/* Each is looked at whenever another's probes are put on or off; one of perf's is a descriptor for each function besides. */
#define APART_MAX      128u
#define APART_MAX_PERF 64u

/* The launcher is heard of before there is anybody to be seen. */
#define SPARE_NS 5000000000u

struct candidate {
	pid_t pid;
	uint64_t hits;
};

size_t apart_max(const struct recording *rec)
{
	return tracer__backend(rec->tracer) == TRACER_BACKEND_PERF ? APART_MAX_PERF : APART_MAX;
}

static int by_hits(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->hits > y->hits ? -1 : x->hits < y->hits;
}

/* Those that count already get probes of their own, the busiest first. */
static int attach_images(struct recording *rec)
{
	VEC(struct candidate) all = {};
	const struct image *images;
	size_t cnt, i;
	int err = 0;

	images = tracer__images(rec->tracer, &cnt);
	for (i = 1; !err && i < cnt; i++) {
		struct candidate one = { .pid = (pid_t)images[i].tgid,
					 .hits = images[i].enter_cnt + images[i].free_cnt };

		if (one.pid && !images[i].end_ns && recording__wants(rec, (uint32_t)i))
			err = vec__push(&all, one);
	}
	if (all.cnt)
		qsort(all.at, all.cnt, sizeof(*all.at), by_hits);
	for (i = 0; !err && i < all.cnt && i < apart_max(rec); i++)
		recording__try_attach(rec, all.at[i].pid);
	vec__done(&all);
	return err;
}

int apart_begin(void *ctx)
{
	struct recording *rec = ctx;
	int err;

	if (recording__is_listed(rec))
		return 0;
	if (!tracer__can_part(rec->tracer))
		return -EOPNOTSUPP;
	rec->is_apart = true;
	err = attach_images(rec);
	if (!err)
		err = silent__begin(rec, clock_ns(CLOCK_MONOTONIC));
	if (err) {
		rec->is_apart = false;
		return err;
	}
	tracer__part(rec->tracer);
	return 0;
}

/* Of (object, pid): those of @pid, or of anybody. */
static void forget_attached(struct recording *rec, pid_t pid)
{
	VEC(uint64_t) keys = {};
	uint64_t key, value;
	size_t pos = 0, i;

	while (hashmap__next(rec->attached, &pos, &key, &value)) {
		if ((uint32_t)key && (!pid || (uint32_t)key == (uint32_t)pid))
			vec__push(&keys, key);
	}
	for (i = 0; i < keys.cnt; i++)
		hashmap__del(rec->attached, keys.at[i]);
	vec__done(&keys);
}

static void refuse_to_share(struct recording *rec)
{
	if (!rec->warned_of_translated)
		log_warn(
			0,
			"a program runs under valgrind or the like: probes that are shared with it "
			"would end it, and this kernel has no others; trace by -p, or one of them "
			"later");
	rec->warned_of_translated = true;
}

/* Until there is no breakpoint left but in those who have their own. */
static void spare_all(struct recording *rec)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	rec->translated_ns = now_ns;
	if (recording__is_listed(rec) || rec->has_own_hooks)
		return;
	if (!tracer__can_part(rec->tracer)) {
		refuse_to_share(rec);
		return;
	}
	recording__watch_loaders(rec, true);
	if (governor__keep_apart(rec->governor, true, now_ns))
		refuse_to_share(rec);
}

static bool is_any_translated(void)
{
	struct proc_list list __proc_list = {};
	pid_t pid;

	if (proc_list__open(&list))
		return false;
	while (proc_list__next(&list, &pid)) {
		if (proc_is_translated(pid))
			return true;
	}
	return false;
}

/* And none in @pid, that were put into what it was before. */
static void spare_one(struct recording *rec, pid_t pid)
{
	spare_all(rec);
	tracer__forget(rec->tracer, pid);
	forget_attached(rec, pid);
	tracer__wait_settled(rec->tracer);
}

void apart_spare_newcomer(struct recording *rec, pid_t pid, bool stopped)
{
	bool held;

	/* All probes are about to go. It goes on thereafter. */
	if (rec->stop_mono_ns)
		return;
	held = !stopped && pid != rec->child.pid && !hold_take(pid);
	spare_one(rec, pid);
	if (held)
		hold_release(pid);
	if (stopped)
		tracer__let_go(rec->tracer, pid);
}

void apart_spare_translated(struct recording *rec)
{
	if (!recording__is_listed(rec) && is_any_translated())
		spare_all(rec);
}

void apart_forget_translated(struct recording *rec, uint32_t image, pid_t pid)
{
	spare_one(rec, pid);
	tracer__dismiss(rec->tracer, image, pid);
	if (!rec->warned_of_translated)
		log_warn(0, "process %d %s", (int)pid, target_outcome_text(TARGET_TRANSLATED));
	rec->warned_of_translated = true;
}

void apart_look_at_translated(struct recording *rec, uint64_t now_ns)
{
	if (!rec->has_own_hooks)
		return;
	if (is_any_translated())
		rec->translated_ns = now_ns;
	if (now_ns - rec->translated_ns < SPARE_NS)
		return;
	recording__watch_loaders(rec, false);
	governor__keep_apart(rec->governor, false, now_ns);
}

void apart_end(void *ctx)
{
	struct recording *rec = ctx;
	int err;

	if (recording__is_listed(rec))
		return;
	err = recording__attach_shared(rec);
	if (!err)
		err = tracer__unite(rec->tracer);
	if (err) {
		log_warn(err, "probes cannot be shared again: who comes now is not traced");
		return;
	}
	rec->is_apart = false;
	silent__done(&rec->silent);
	forget_attached(rec, 0);
}

void apart_forget(struct recording *rec, pid_t pid)
{
	const struct image *images;
	size_t cnt, i;

	if (!rec->is_apart)
		return;
	images = tracer__images(rec->tracer, &cnt);
	for (i = 1; i < cnt; i++) {
		if (images[i].tgid == (uint32_t)pid && !images[i].end_ns)
			return;
	}
	tracer__forget(rec->tracer, pid);
	forget_attached(rec, pid);
}
