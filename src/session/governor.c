// SPDX-License-Identifier: Apache-2.0
/* Looks at processes, and steps. */
#include "session/governor.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proc/proc_cpu.h"
#include "session/governed.h"

/* Less than this between two looks says little about a process, unless it is long. */
#define LOOK_MIN_HITS   2000u
#define LOOK_MIN_NS     100000000u
#define LOOK_MAX_NS     1000000000u
/* A process that is not looked at for its hits: how often its CPU time is asked for. */
#define TICK_NS         10000000u
#define TICK_LEAST_NS   1000000u
#define TICK_MEASURE_NS 250000000u
/*
 * At first more often: one that is past its budget from the start has not spent much of it then. And one that is far past it
 * is known by fewer hits.
 */
#define TICK_FIRST_NS   1500000u
#define FIRST_NS        100000000u
#define EARLY_MIN_HITS  300u
#define EARLY_PAST      4
#define PRICE_NS        10000000000u
/* In windows, the mean between samples to the mean size of a block; of a process of which nothing is known, that is so much. */
#define WINDOW_SAMPLE   4
#define USUAL_BYTES     128
#define MEAN_MAX_BYTES  ((uint64_t)1 << 36)
#define PATIENCE_MAX_NS 64000000000u
#define SOON_NS         10000000000u
#define PART_AGAIN_NS   5000000000u
#define UNITE_NS        5000000000u
#define OTHERS_NS       250000000u
/* Hits of more than this long ago may be of any time. */
#define OTHERS_MAX_NS   500000000u

struct governor *governor__new(const struct governor_config *config)
{
	struct governor *governor = calloc(1, sizeof(*governor));

	if (!governor)
		return NULL;
	governor->config = *config;
	governor->seed = (unsigned int)time(NULL) ^ (unsigned int)getpid();
	return governor;
}

void governor__free(struct governor *governor)
{
	size_t i;

	if (!governor)
		return;
	for (i = 0; i < governor->all.cnt; i++) {
		phase__done(&governor->all.at[i].phase);
		phase__done(&governor->all.at[i].before);
	}
	vec__done(&governor->all);
	thread_clocks__done(&governor->kept);
	programs__done(&governor->programs);
	free(governor);
}

uint64_t reading_hits(struct reading from, struct reading to)
{
	return to.enter_cnt - from.enter_cnt + to.free_cnt - from.free_cnt + to.return_cnt -
	       from.return_cnt;
}

void governed__find_price(struct governed *governed, const struct governor *governor,
			  const struct tracer *tracer)
{
	size_t all_cnt = 0, live_cnt = 0;

	if (governor->apart || governor->config.is_listed)
		tracer__neighbours(tracer, governed->tgid, &all_cnt, &live_cnt);
	governed->price = budget_price(governor->trap_ns, all_cnt, live_cnt,
				       governor->config.live && governed->level < LEVEL_ALONE);
}

uint64_t governed__traps_ns(const struct governed *governed, struct reading from, struct reading to)
{
	return (uint64_t)((double)(to.enter_cnt - from.enter_cnt) * governed->price.enter_ns +
			  (double)(to.free_cnt - from.free_cnt) * governed->price.free_ns +
			  (double)(to.return_cnt - from.return_cnt) * governed->price.return_ns);
}

struct reading reading_of(const struct image *image)
{
	return (struct reading){ .run_ns = LOAD(image, run_ns),
				 .enter_cnt = LOAD(image, enter_cnt),
				 .free_cnt = LOAD(image, free_cnt),
				 .return_cnt = LOAD(image, return_cnt) };
}

bool reading__take(const struct image *image, struct reading *ret)
{
	struct reading reading = reading_of(image);

	if (LOAD(image, end_ns))
		reading.cpu_ns = LOAD(image, end_cpu_ns);
	else if (proc_cpu_ns((pid_t)image->tgid, &reading.cpu_ns))
		return false;
	*ret = reading;
	return reading.cpu_ns;
}

/* A budget that must hold is charged with what may have been spent. */
static double dearest_ns(struct work work)
{
	return (double)work.trace_ns + BUDGET_PRICE_ERROR * (double)work.trap_ns;
}

bool governed__read(struct governed *governed, const struct governor *governor,
		    const struct image *image)
{
	struct work work = {};
	struct reading now;

	if (!reading__take(image, &now))
		return false;
	/* The CPU time at its end is as of a tick. */
	if (now.cpu_ns > governed->last.cpu_ns)
		work.cpu_ns = now.cpu_ns - governed->last.cpu_ns;
	else
		now.cpu_ns = governed->last.cpu_ns;
	work.trap_ns = governed__traps_ns(governed, governed->last, now);
	work.trace_ns = work.trap_ns + now.run_ns - governed->last.run_ns;
	governed->last = now;
	if (!LOAD(image, end_ns))
		governed__add_io(governed, &work);
	work_add(&governed->all, work);
	if (governed->budget < INFINITY)
		governed->debt_ns = fmax(governed->debt_ns + dearest_ns(work) -
						 governed->budget * work_own_ns(work),
					 0);
	return true;
}

/* --- steps --- */

static void set_mean(struct tracer *tracer, uint32_t id, uint64_t mean_bytes, uint64_t now_ns)
{
	tracer__set_flags(tracer, id, IMAGE_OWN_MEAN);
	tracer__set_mean(tracer, id, mean_bytes < MEAN_MAX_BYTES ? mean_bytes : MEAN_MAX_BYTES,
			 now_ns);
}

static void coarser(struct tracer *tracer, const struct image *image, uint32_t id, uint64_t now_ns)
{
	uint64_t mean = LOAD(image, mean_bytes);

	set_mean(tracer, id, (mean < 64 ? 64 : mean) * BUDGET_COARSER, now_ns);
}

/* In a window a walk for every allocation would take more time than the traps, and leave less of it for the program. */
static void sample_some(struct tracer *tracer, const struct image *image, uint32_t id,
			uint64_t now_ns)
{
	uint64_t bytes = 0, cnt = 0, mean_bytes;
	const struct alloc_site *sites;
	size_t site_cnt, i;

	sites = tracer__sites(tracer, &site_cnt);
	for (i = 0; i < site_cnt; i++) {
		if (tracer_site_is_of(&sites[i], i, id)) {
			bytes += sites[i].alloc_bytes / WEIGHT_ONE;
			cnt += sites[i].alloc_cnt / WEIGHT_ONE;
		}
	}
	mean_bytes = WINDOW_SAMPLE * (cnt ? bytes / cnt : USUAL_BYTES);
	if (mean_bytes > LOAD(image, mean_bytes))
		set_mean(tracer, id, mean_bytes, now_ns);
}

/* True: it is as it was at first. */
static bool finer(const struct governor *governor, struct tracer *tracer, const struct image *image,
		  uint32_t id, uint64_t now_ns)
{
	uint64_t base = governor->config.mean_bytes,
		 mean = LOAD(image, mean_bytes) / BUDGET_COARSER;

	if (base && mean > base && mean >= 64) {
		set_mean(tracer, id, mean, now_ns);
		return false;
	}
	if (base)
		tracer__set_mean(tracer, id, base, now_ns);
	tracer__clear_flags(tracer, id, IMAGE_OWN_MEAN);
	return true;
}

static void note_step(struct governor *governor, struct governed *governed, enum budget_level level,
		      uint64_t now_ns)
{
	if (governed->level == level)
		return;
	governed->level = level;
	if (governed->step_cnt < STEPS_TOLD)
		governed->steps[governed->step_cnt] =
			(struct step){ level, now_ns - governed->seen_ns };
	governed->step_cnt++;
	governor->step_cnt++;
}

void governor__step_down(struct governor *governor, struct tracer *tracer,
			 const struct image *image, uint32_t id, enum budget_level level,
			 uint64_t now_ns)
{
	struct governed *governed = &governor->all.at[id];
	bool again = governed->level == level;

	if (governed->up_ns && now_ns - governed->up_ns < SOON_NS &&
	    governed->patience_ns < PATIENCE_MAX_NS)
		governed->patience_ns *= 2;
	governed->calm_ns = 0;
	note_step(governor, governed, level, now_ns);
	if (level == LEVEL_WINDOWS) {
		programs__learn(&governor->programs, governed->program, true, now_ns);
		sample_some(tracer, image, id, now_ns);
		governed__begin_windows(governed, governor, tracer, id, now_ns);
		return;
	}
	coarser(tracer, image, id, now_ns);
	if (level == LEVEL_COARSE || again)
		return;
	tracer__set_flags(tracer, id, IMAGE_NO_LIVE);
	tracer__suspend(tracer, governed->tgid);
	tracer__resume(tracer, governed->tgid, false);
}

static void step_up(struct governor *governor, struct tracer *tracer, const struct image *image,
		    uint32_t id, uint64_t now_ns)
{
	struct governed *governed = &governor->all.at[id];

	governed->calm_ns = 0;
	governed->up_ns = now_ns;
	switch (governed->level) {
	case LEVEL_WINDOWS:
		governed__end_windows(governed, governor, tracer, id, false);
		tracer__clear_flags(tracer, id, IMAGE_CLOSED);
		tracer__resume(tracer, governed->tgid, false);
		note_step(governor, governed, LEVEL_ALONE, now_ns);
		break;
	case LEVEL_ALONE:
		/* Some were freed unseen, but not which. */
		tracer__suspend(tracer, governed->tgid);
		if (governor->config.live && !tracer__free_blocks(tracer, id))
			tracer__clear_flags(tracer, id, IMAGE_NO_LIVE);
		governed->lost_ns = now_ns - governed->seen_ns;
		tracer__resume(tracer, governed->tgid, true);
		note_step(governor, governed, LEVEL_COARSE, now_ns);
		break;
	case LEVEL_COARSE:
		if (finer(governor, tracer, image, id, now_ns))
			note_step(governor, governed, LEVEL_FULL, now_ns);
		break;
	default:
		break;
	}
}

/* Windows are to be had, or made so. */
static bool may_close(struct governor *governor, uint64_t now_ns)
{
	if (governor->apart)
		return true;
	if (now_ns < governor->part_again_ns)
		return false;
	if (governor->config.part(governor->config.ctx)) {
		governor->part_again_ns = now_ns + PART_AGAIN_NS;
		return false;
	}
	governor->apart = true;
	return true;
}

/* --- looks --- */

/* How many samples more the next finer mean would give. */
static double finer_times(const struct governor *governor, const struct image *image)
{
	double base = (double)governor->config.mean_bytes;

	return base > 0 ? fmin(fmax((double)LOAD(image, mean_bytes) / base, 1), BUDGET_COARSER)
			: BUDGET_COARSER;
}

static struct budget_look look_through(const struct governor *governor,
				       const struct governed *governed, const struct image *image,
				       uint64_t elapsed_ns)
{
	if (governed->level == LEVEL_WINDOWS)
		return governed__look_through_windows(governed, elapsed_ns);
	return (struct budget_look){ .work = work_between(governed->at_look, governed->all),
				     .elapsed_ns = elapsed_ns,
				     .hit_cnt = reading_hits(governed->looked, governed->last),
				     .enter_cnt =
					     governed->last.enter_cnt - governed->looked.enter_cnt,
				     .free_cnt =
					     governed->last.free_cnt - governed->looked.free_cnt,
				     .price = governed->price,
				     .finer = finer_times(governor, image) };
}

/* What it would cost to trace it whole, from what it costs now. */
static double wanted_ns(const struct governed *governed, const struct budget_look *look)
{
	double run_ns = (double)(look->work.trace_ns - look->work.trap_ns);

	/* Each allocation has its return and its free, and each sample the whole of its handling. */
	if (governed->level >= LEVEL_ALONE)
		return 2.5 * (double)look->work.trap_ns + 2 * run_ns;
	return (double)look->work.trace_ns;
}

static uint64_t least_hits(const struct governed *governed, uint64_t now_ns)
{
	return now_ns - governed->seen_ns < FIRST_NS ? EARLY_MIN_HITS : LOOK_MIN_HITS;
}

/* Is it past its budget, as far as a look can say so? */
static bool is_past(const struct governed *governed, const struct budget_look *look,
		    uint64_t now_ns)
{
	if (look->hit_cnt >= LOOK_MIN_HITS || look->work.cpu_ns >= LOOK_MIN_NS)
		return work_is_past(look->work, governed->budget);
	return look->hit_cnt >= least_hits(governed, now_ns) &&
	       work_is_past(look->work, EARLY_PAST * governed->budget);
}

static void consider(struct governor *governor, struct tracer *tracer, const struct image *image,
		     uint32_t id, const struct budget_look *look, uint64_t now_ns)
{
	struct governed *governed = &governor->all.at[id];
	enum budget_level level = governed->level;

	if (level != LEVEL_WINDOWS && is_past(governed, look, now_ns)) {
		level = budget_level_for(level, look, governed->budget, true);
		if (level >= LEVEL_ALONE && !may_close(governor, now_ns))
			level = LEVEL_ALONE;
		governor__step_down(governor, tracer, image, id, level, now_ns);
		return;
	}
	if (!governed__is_known(governed) || !budget_allows_less(level, look, governed->budget)) {
		governed->calm_ns = 0;
		return;
	}
	if (!governed->calm_ns)
		governed->calm_ns = now_ns;
	if (now_ns - governed->calm_ns >= governed->patience_ns)
		step_up(governor, tracer, image, id, now_ns);
}

/* Nothing to ask the kernel for, most of the time. */
static bool is_quiet(const struct governed *governed, const struct image *image, uint64_t now_ns)
{
	return (governed->level == LEVEL_WINDOWS ||
		reading_hits(governed->looked, reading_of(image)) < least_hits(governed, now_ns)) &&
	       now_ns - governed->looked_ns < LOOK_MAX_NS;
}

static void look_at(struct governor *governor, struct tracer *tracer, const struct image *image,
		    uint32_t id, uint64_t now_ns)
{
	struct governed *governed = governor__at(governor, tracer, image, id, now_ns);
	struct budget_look look;
	double elapsed, rate;

	if (!governed || is_quiet(governed, image, now_ns))
		return;
	governed__find_price(governed, governor, tracer);
	if (!governed__read(governed, governor, image))
		return;
	elapsed = (double)(now_ns - governed->looked_ns) + 1;
	look = look_through(governor, governed, image, (uint64_t)elapsed);
	/* The first ones count whole, later ones by how long they were. */
	rate = governed->own_rate > 0 ? fmin(elapsed / LOOK_MAX_NS, 1) : 1;
	governed->own_rate +=
		(work_own_ns(work_between(governed->at_look, governed->all)) / elapsed -
		 governed->own_rate) *
		rate;
	governed->wanted += (wanted_ns(governed, &look) / elapsed - governed->wanted) * rate;
	governed->looked = governed->last;
	governed->looked_ns = now_ns;
	governed->at_look = governed->all;
	if (governor__has_budget(governor))
		consider(governor, tracer, image, id, &look, now_ns);
}

/* --- the total --- */

static bool is_here(const struct governed *governed)
{
	return governed->tgid && !governed->ended;
}

/* What it may have for itself. */
static double own_claim(const struct governor *governor, const struct governed *governed)
{
	if (governor->config.budget <= 0)
		return governed->wanted;
	return fmin(governed->wanted, governor->config.budget * governed->own_rate);
}

static void share_out(struct governor *governor)
{
	double total = governor->config.total * (double)sysconf(_SC_NPROCESSORS_ONLN), share;
	double own = governor->config.budget > 0 ? governor->config.budget : INFINITY;
	VEC(double) claims = {};
	size_t i;

	for (i = 0; i < governor->all.cnt; i++) {
		if (is_here(&governor->all.at[i]) && governor->all.at[i].wanted > 0)
			vec__push(&claims, own_claim(governor, &governor->all.at[i]));
	}
	share = budget_share(claims.at, claims.cnt, total);
	vec__done(&claims);
	for (i = 0; i < governor->all.cnt; i++) {
		struct governed *governed = &governor->all.at[i];

		governed->budget = fmin(own, share / fmax(governed->own_rate, 1e-6));
	}
}

/* --- ticks --- */

void governor__close(struct governor *governor, struct tracer *tracer, bool all)
{
	const struct image *images;
	size_t cnt, i;

	images = tracer__images(tracer, &cnt);
	for (i = 1; i < governor->all.cnt && i < cnt; i++) {
		struct governed *governed = &governor->all.at[i];

		if (is_here(governed) && governed->start_ns == images[i].start_ns &&
		    (all || images[i].end_ns))
			governor__see_off(governor, tracer, &images[i], (uint32_t)i);
	}
	if (all)
		governor__settle_unseen(governor, tracer);
}

bool governor__is_closed(const struct governor *governor, pid_t tgid)
{
	size_t i;

	for (i = 1; governor && i < governor->all.cnt; i++) {
		if (governor->all.at[i].tgid == tgid && is_here(&governor->all.at[i]) &&
		    governor->all.at[i].level == LEVEL_WINDOWS)
			return true;
	}
	return false;
}

void governor__catch_up(struct governor *governor, struct tracer *tracer)
{
	size_t i;

	for (i = 1; i < governor->all.cnt; i++) {
		if (is_here(&governor->all.at[i]) && governor->all.at[i].level == LEVEL_WINDOWS)
			governed__catch_up(&governor->all.at[i], tracer, (uint32_t)i);
	}
}

/* Those that were not asked for have no budget, but shared probes are in them, too: together they may pay one CPU's. */
static bool others_pay_much(const struct governor *governor, uint64_t hits, uint64_t elapsed_ns)
{
	const struct governor_config *config = &governor->config;
	double budget = config->budget > 0 ? config->budget : config->total;

	return elapsed_ns < OTHERS_MAX_NS &&
	       (double)(hits * governor->trap_ns) > budget * (double)elapsed_ns;
}

static void look_at_others(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	uint64_t stats[STAT_CNT], elapsed_ns = now_ns - governor->others_ns, hits;

	if (!governor->config.leaves_out || governor->apart || elapsed_ns < OTHERS_NS ||
	    tracer__stats(tracer, stats))
		return;
	hits = stats[STAT_HIT_OTHERS] - governor->others_hits;
	governor->others_ns = now_ns;
	governor->others_hits = stats[STAT_HIT_OTHERS];
	if (governor__has_budget(governor) && others_pay_much(governor, hits, elapsed_ns))
		governor->spares_others = may_close(governor, now_ns);
}

static void look_at_all(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	const struct image *images;
	bool low = false;
	size_t cnt, i;

	governor->apart_cnt = tracer__apart_cnt(tracer);
	images = tracer__images(tracer, &cnt);
	for (i = 1; i < cnt; i++) {
		if (images[i].tgid && !images[i].end_ns)
			look_at(governor, tracer, &images[i], (uint32_t)i, now_ns);
	}
	governor__close(governor, tracer, false);
	for (i = 1; i < governor->all.cnt; i++)
		low |= is_here(&governor->all.at[i]) && governor->all.at[i].level >= LEVEL_ALONE;
	if (low || governor->spares_others || governor->keeps_apart || !governor->low_ns)
		governor->low_ns = now_ns;
	if (governor->apart && now_ns - governor->low_ns > UNITE_NS) {
		governor->apart = false;
		governor->config.unite(governor->config.ctx);
	}
}

/* Other clock rates, other neighbours: prices change. One bad moment must not make them. */
static void find_price(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	uint64_t found;

	if (governor->trap_ns && now_ns - governor->priced_ns < PRICE_NS)
		return;
	found = tracer__trap_ns(tracer);
	governor->priced_ns = now_ns;
	if (!governor->trap_ns)
		governor->trap_ns = found;
	else if (found)
		governor->trap_ns = (3 * governor->trap_ns + found) / 4;
}

int governor__keep_apart(struct governor *governor, bool keep, uint64_t now_ns)
{
	governor->keeps_apart = keep;
	if (!keep)
		return 0;
	governor->part_again_ns = 0;
	return may_close(governor, now_ns) ? 0 : -EOPNOTSUPP;
}

void governor__prepare(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	if (!governor__has_budget(governor))
		return;
	find_price(governor, tracer, now_ns);
	/* Asked for the first time, it is tried out. */
	tracer__can_part(tracer);
}

void governor__start(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	governor->start_ns = now_ns;
	look_at_all(governor, tracer, now_ns);
}

static uint64_t next_tick(const struct governor *governor, uint64_t now_ns)
{
	uint64_t next_ns = now_ns + TICK_NS;
	uint64_t least_ns = now_ns + TICK_LEAST_NS;
	size_t i;

	if (!governor__has_budget(governor))
		return now_ns + TICK_MEASURE_NS;
	if (now_ns - governor->start_ns < FIRST_NS)
		return now_ns + TICK_FIRST_NS;
	for (i = 0; i < governor->all.cnt; i++) {
		const struct governed *governed = &governor->all.at[i];

		if (is_here(governed) && governed->level == LEVEL_WINDOWS &&
		    governed->due_ns < next_ns)
			next_ns = governed->due_ns;
	}
	return next_ns > least_ns ? next_ns : least_ns;
}

void governor__delay_unite(struct governor *governor, uint64_t now_ns)
{
	governor->low_ns = now_ns;
}

uint64_t governor__tick(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	find_price(governor, tracer, now_ns);
	if (governor->config.total > 0)
		share_out(governor);
	look_at_all(governor, tracer, now_ns);
	look_at_others(governor, tracer, now_ns);
	governor__hold_windows(governor, tracer, now_ns);
	return next_tick(governor, now_ns);
}

uint64_t governor__others_ns(const struct governor *governor)
{
	return governor->others_hits * governor->trap_ns;
}

struct work governor__cost(struct governor *governor, struct tracer *tracer)
{
	struct work cost = {};
	const struct image *images;
	size_t cnt, i;

	images = tracer__images(tracer, &cnt);
	for (i = 1; i < governor->all.cnt && i < cnt; i++) {
		struct governed *governed = &governor->all.at[i];

		if (!governed->tgid)
			continue;
		if (governed->start_ns == images[i].start_ns)
			governed__read(governed, governor, &images[i]);
		work_add(&cost, governed->all);
	}
	return cost;
}
