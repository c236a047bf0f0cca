// SPDX-License-Identifier: Apache-2.0
#include "session/governor.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/vec.h"

/* Less than this between two looks says little about a process: hits of which some were measured, or CPU time. */
#define LOOK_MIN_HITS  2000u
#define LOOK_MIN_NS    100000000u
#define COARSER        4
#define MEAN_MAX_BYTES ((uint64_t)1 << 36)

struct governed {
	pid_t tgid; /* 0: nobody */
	enum governor_level level;
	struct work first, last; /* readings; all counters are since the image began */
	uint64_t enter_cnt, free_cnt;
	uint64_t level_ns[LEVEL_WINDOWS +
			  1]; /* when each was taken, since the process was first seen */
	uint64_t seen_ns, looked_ns;
	struct windows windows;
	uint64_t due_ns;
	double window_ns; /* what tracing took in the last one */
};

struct governor {
	double budget;
	bool may_close;
	uint64_t trap_ns;
	unsigned int seed;
	VEC(struct governed) all; /* by image */
};

struct governor *governor__new(double budget, bool windows)
{
	struct governor *governor = calloc(1, sizeof(*governor));

	if (!governor)
		return NULL;
	governor->budget = budget;
	governor->may_close = windows;
	governor->seed = (unsigned int)time(NULL) ^ (unsigned int)getpid();
	return governor;
}

void governor__free(struct governor *governor)
{
	if (!governor)
		return;
	vec__done(&governor->all);
	free(governor);
}

static uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

#define LOAD(image, field) load((const uint64_t *)&(image)->field)

static uint64_t now_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* CPU time of a process, ended threads included. False: it is gone. */
static bool process_cpu_ns(pid_t pid, uint64_t *ret)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
		return false;
	*ret = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
	return true;
}

static bool read_work(const struct governor *governor, const struct image *image, struct work *ret)
{
	struct work work;

	if (!process_cpu_ns((pid_t)image->tgid, &work.cpu_ns))
		return false;
	work.trace_ns = (LOAD(image, enter_cnt) + LOAD(image, free_cnt) + LOAD(image, return_cnt)) *
				governor->trap_ns +
			LOAD(image, run_ns);
	*ret = work;
	return true;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct work work_between(struct work from, struct work to)
{
	return (struct work){ to.cpu_ns - from.cpu_ns, to.trace_ns - from.trace_ns };
}

/* A process that runs another program is another one: whatever was taken off it is put on again. */
static void begin_anew(struct governor *governor, struct tracer *tracer, pid_t tgid)
{
	size_t i;

	for (i = 0; i < governor->all.cnt; i++) {
		if (governor->all.at[i].tgid != tgid || governor->all.at[i].level < LEVEL_ALONE)
			continue;
		tracer__suspend(tracer, tgid);
		tracer__resume(tracer, tgid, true);
		return;
	}
}

/*
 * What of @work is not ours to count. A process that began under our eyes is ours from there on; of one that was met
 * later, all that was traced so far is.
 */
static struct work work_before(const struct governor *governor, const struct image *image,
			       struct work work)
{
	const struct governed *parent =
		image->parent < governor->all.cnt ? &governor->all.at[image->parent] : NULL;

	if (image->parent == IMAGE_NONE)
		return (struct work){ work.cpu_ns - min_u64(work.cpu_ns, work.trace_ns), 0 };
	/* It was another program until its exec. */
	if (parent && parent->tgid == (pid_t)image->tgid)
		return (struct work){ min_u64(parent->last.cpu_ns, work.cpu_ns), 0 };
	return (struct work){};
}

/* The entry of @id, made anew if the number has been given to another process. */
static struct governed *governed_at(struct governor *governor, struct tracer *tracer,
				    const struct image *image, uint32_t id, uint64_t now_ns)
{
	struct governed *governed;
	struct work work;

	while (governor->all.cnt <= id) {
		if (vec__push(&governor->all, (struct governed){}))
			return NULL;
	}
	governed = &governor->all.at[id];
	if (governed->tgid == (pid_t)image->tgid)
		return governed;
	if (!read_work(governor, image, &work))
		return NULL;
	begin_anew(governor, tracer, (pid_t)image->tgid);
	*governed = (struct governed){ .tgid = (pid_t)image->tgid,
				       .first = work_before(governor, image, work),
				       .last = work,
				       .seen_ns = now_ns,
				       .looked_ns = now_ns };
	return governed;
}

static void coarser(struct tracer *tracer, const struct image *image, uint32_t id, uint64_t now_ns)
{
	uint64_t mean = LOAD(image, mean_bytes);

	mean = mean < 64 ? 64ull * COARSER : mean * COARSER;
	tracer__set_flags(tracer, id, IMAGE_OWN_MEAN);
	tracer__set_mean(tracer, id, mean < MEAN_MAX_BYTES ? mean : MEAN_MAX_BYTES, now_ns);
}

/* The next window, so that by then the budget has caught up with what has been spent. */
static void plan_window(struct governor *governor, struct governed *governed, struct work recent,
			uint64_t elapsed_ns, uint64_t now_ns)
{
	struct work all = work_between(governed->first, governed->last);
	double own = (double)all.cpu_ns - (double)all.trace_ns, debt, rate, wait_ns;

	debt = (double)all.trace_ns - governor->budget * fmax(own, 0);
	/* Of its own work per time; while it is traced all of its time goes into that. */
	rate = elapsed_ns ? (double)recent.cpu_ns / (double)elapsed_ns : 1;
	wait_ns = (fmax(debt, 0) + governed->window_ns) / (governor->budget * fmax(rate, 0.01));
	wait_ns *= 0.5 + (double)rand_r(&governor->seed) / RAND_MAX;
	governed->due_ns = now_ns + (uint64_t)fmin(wait_ns, 60e9);
}

static void step_to(struct governor *governor, struct tracer *tracer, const struct image *image,
		    uint32_t id, enum governor_level level, struct work recent, uint64_t elapsed_ns,
		    uint64_t now_ns)
{
	struct governed *governed = &governor->all.at[id];
	bool again = governed->level == level;
	pid_t pid = governed->tgid;

	if (!again)
		governed->level_ns[level] = now_ns - governed->seen_ns + 1;
	governed->level = level;
	if (level == LEVEL_COARSE || again) {
		coarser(tracer, image, id, now_ns);
		return;
	}
	tracer__set_flags(tracer, id,
			  level == LEVEL_WINDOWS ? IMAGE_NO_LIVE | IMAGE_CLOSED : IMAGE_NO_LIVE);
	tracer__suspend(tracer, pid);
	if (level == LEVEL_ALONE) {
		tracer__resume(tracer, pid, false);
		coarser(tracer, image, id, now_ns);
		return;
	}
	/* All that was traced up to here is the first window. */
	windows__add(&governed->windows, work_between(governed->first, governed->last),
		     (double)governed->enter_cnt);
	governed->window_ns = GOVERNOR_WINDOW_NS;
	plan_window(governor, governed, recent, elapsed_ns, now_ns);
}

static void look_at(struct governor *governor, struct tracer *tracer, const struct image *image,
		    uint32_t id, uint64_t now_ns)
{
	struct governed *governed = governed_at(governor, tracer, image, id, now_ns);
	struct governor_look look = { .trap_ns = governor->trap_ns };
	enum governor_level level;
	uint64_t elapsed_ns;
	struct work work;

	if (!governed || !read_work(governor, image, &work))
		return;
	look.work = work_between(governed->last, work);
	look.enter_cnt = LOAD(image, enter_cnt) - governed->enter_cnt;
	look.free_cnt = LOAD(image, free_cnt) - governed->free_cnt;
	if (look.enter_cnt + look.free_cnt < LOOK_MIN_HITS && look.work.cpu_ns < LOOK_MIN_NS &&
	    governed->level != LEVEL_WINDOWS)
		return;
	elapsed_ns = now_ns - governed->looked_ns;
	governed->last = work;
	governed->enter_cnt += look.enter_cnt;
	governed->free_cnt += look.free_cnt;
	governed->looked_ns = now_ns;
	if (governor->budget <= 0 || governed->level == LEVEL_WINDOWS)
		return;
	level = governor_level_for(governed->level, &look, governor->budget, governor->may_close);
	if (level != LEVEL_FULL && work_is_past(look.work, governor->budget))
		step_to(governor, tracer, image, id, level, look.work, elapsed_ns, now_ns);
}

/* One window for all that are due: it is the waiting that takes long. */
struct held {
	uint32_t id;
	struct work from;
	uint64_t enter_cnt;
	uint64_t begin_ns;
	struct work before;
};

static void open_window(struct governor *governor, struct tracer *tracer, const struct image *image,
			struct held *held)
{
	held->begin_ns = now_mono_ns();
	read_work(governor, image, &held->before);
	tracer__resume(tracer, (pid_t)image->tgid, false);
	read_work(governor, image, &held->from);
	held->enter_cnt = LOAD(image, enter_cnt);
	tracer__clear_flags(tracer, held->id, IMAGE_CLOSED);
}

static void close_window(struct governor *governor, struct tracer *tracer,
			 const struct image *image, const struct held *held)
{
	struct governed *governed = &governor->all.at[held->id];
	struct work to, after;
	bool alive;

	tracer__set_flags(tracer, held->id, IMAGE_CLOSED);
	alive = read_work(governor, image, &to);
	if (alive)
		windows__add(&governed->windows, work_between(held->from, to),
			     (double)(LOAD(image, enter_cnt) - held->enter_cnt));
	tracer__suspend(tracer, governed->tgid);
	if (!alive || !read_work(governor, image, &after))
		return;
	governed->last = after;
	governed->window_ns = (double)(after.trace_ns - held->before.trace_ns);
	governed->looked_ns = now_mono_ns();
	plan_window(governor, governed, work_between(held->before, after),
		    governed->looked_ns - held->begin_ns, governed->looked_ns);
}

static void hold_windows(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	const struct timespec window = { .tv_nsec = GOVERNOR_WINDOW_NS };
	const struct image *images;
	VEC(struct held) held = {};
	size_t cnt, i;

	images = tracer__images(tracer, &cnt);
	for (i = 1; i < governor->all.cnt && i < cnt; i++) {
		const struct governed *governed = &governor->all.at[i];

		if (governed->level == LEVEL_WINDOWS && governed->due_ns <= now_ns &&
		    !images[i].end_ns && governed->tgid == (pid_t)images[i].tgid)
			vec__push(&held, (struct held){ .id = (uint32_t)i });
	}
	for (i = 0; i < held.cnt; i++)
		open_window(governor, tracer, &images[held.at[i].id], &held.at[i]);
	if (held.cnt)
		nanosleep(&window, NULL);
	for (i = 0; i < held.cnt; i++)
		close_window(governor, tracer, &images[held.at[i].id], &held.at[i]);
	vec__done(&held);
}

void governor__look(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	const struct image *images;
	size_t cnt, i;

	/* Before anybody is slowed down, if that matters. */
	if (!governor->trap_ns && governor->budget > 0)
		governor->trap_ns = tracer__trap_ns(tracer);
	images = tracer__images(tracer, &cnt);
	for (i = 1; i < cnt; i++) {
		if (images[i].tgid && !images[i].end_ns)
			look_at(governor, tracer, &images[i], (uint32_t)i, now_ns);
	}
}

void governor__tick(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	if (!governor->trap_ns)
		governor->trap_ns = tracer__trap_ns(tracer);
	governor__look(governor, tracer, now_ns);
	hold_windows(governor, tracer, now_ns);
}

struct work governor__cost(struct governor *governor, struct tracer *tracer)
{
	struct work cost = {};
	const struct image *images;
	struct work work;
	size_t cnt, i;

	if (!governor->trap_ns)
		governor->trap_ns = tracer__trap_ns(tracer);
	images = tracer__images(tracer, &cnt);
	for (i = 1; i < governor->all.cnt && i < cnt; i++) {
		struct governed *governed = &governor->all.at[i];

		if (!governed->tgid)
			continue;
		if (governed->tgid == (pid_t)images[i].tgid &&
		    read_work(governor, &images[i], &work))
			governed->last = work;
		work = work_between(governed->first, governed->last);
		cost.cpu_ns += work.cpu_ns;
		cost.trace_ns += work.trace_ns;
	}
	return cost;
}

static const char *process_name(const struct snapshot *snapshot, uint32_t image)
{
	const struct snapshot_image *found = snapshot__image(snapshot, image);

	return found ? snapshot__str(snapshot, found->comm) : "";
}

static uint64_t scaled(uint64_t value, double factor)
{
	double product = (double)value * factor;

	return product < 0x1p63 ? (uint64_t)product : (uint64_t)1 << 63;
}

/*
 * The error of the factor is one for all sites of the process, so their variances would not add up to that of their
 * sum. Each is given its share of the sum's, which is more than its own.
 */
static void scale_sites(struct snapshot *snapshot, uint32_t image, double factor, double error)
{
	double total = 0;
	size_t i;

	for (i = 0; i < snapshot->sites.cnt; i++) {
		if (snapshot->sites.at[i].image == image)
			total += (double)snapshot->sites.at[i].alloc_cnt / WEIGHT_ONE * factor;
	}
	for (i = 0; i < snapshot->sites.cnt; i++) {
		struct alloc_site *site = &snapshot->sites.at[i];
		double share;

		if (site->image != image)
			continue;
		site->alloc_cnt = scaled(site->alloc_cnt, factor);
		site->alloc_bytes = scaled(site->alloc_bytes, factor);
		share = error * error * total * (double)site->alloc_cnt / WEIGHT_ONE * VARIANCE_ONE;
		site->variance = scaled(site->variance, factor * factor);
		site->variance += share < 0x1p62 ? (uint64_t)share : (uint64_t)1 << 62;
	}
}

static void drop_live(struct snapshot *snapshot, uint32_t image)
{
	size_t i;

	for (i = 0; i < snapshot->sites.cnt; i++) {
		struct alloc_site *site = &snapshot->sites.at[i];

		if (site->image != image)
			continue;
		site->free_cnt = site->alloc_cnt;
		site->free_bytes = site->alloc_bytes;
		site->free_variance = site->variance;
	}
}

static int remark(struct snapshot *snapshot, const struct governed *governed, uint32_t image,
		  double factor, double error)
{
	struct buf *text __free(buf) = buf__new(512);
	uint32_t string;
	int err;

	if (!text)
		return -ENOMEM;
	buf__printf(text, "process %d (%s) was past its budget:", (int)governed->tgid,
		    process_name(snapshot, image));
	if (governed->level_ns[LEVEL_COARSE])
		buf__printf(text, " fewer samples from %.2fs on;",
			    (double)governed->level_ns[LEVEL_COARSE] / 1e9);
	if (governed->level >= LEVEL_ALONE)
		buf__printf(text,
			    " allocations alone from %.2fs on, its in-use numbers are left out;",
			    (double)(governed->level_ns[LEVEL_ALONE]
					     ? governed->level_ns[LEVEL_ALONE]
					     : governed->level_ns[LEVEL_WINDOWS]) /
				    1e9);
	if (governed->level == LEVEL_WINDOWS)
		buf__printf(text,
			    " traced in %" PRIu64
			    " windows from %.2fs on, scaled by %.4g ± %.0f%%;",
			    governed->windows.cnt, (double)governed->level_ns[LEVEL_WINDOWS] / 1e9,
			    factor, 100 * error);
	buf__truncate(text, buf__len(text) - 1);
	err = buf__error(text);
	if (!err)
		err = intern__add(snapshot->strings, buf__data(text), &string);
	return err ? err : vec__push(&snapshot->remarks, string);
}

int governor__settle(const struct governor *governor, const struct tracer *tracer,
		     struct snapshot *snapshot)
{
	double factor = 1, error = 0;
	const struct image *images;
	size_t cnt, i;
	int err = 0;

	images = tracer__images(tracer, &cnt);
	for (i = 1; !err && i < governor->all.cnt && i < cnt; i++) {
		const struct governed *governed = &governor->all.at[i];

		if (!governed->tgid || governed->level == LEVEL_FULL ||
		    governed->tgid != (pid_t)images[i].tgid)
			continue;
		if (governed->level == LEVEL_WINDOWS) {
			windows_scale(&governed->windows,
				      work_between(governed->first, governed->last), &factor,
				      &error);
			scale_sites(snapshot, (uint32_t)i, factor, error);
			snapshot->flags |= SNAPSHOT_SAMPLED;
		}
		if (governed->level >= LEVEL_ALONE)
			drop_live(snapshot, (uint32_t)i);
		err = remark(snapshot, governed, (uint32_t)i, factor, error);
	}
	return err;
}
