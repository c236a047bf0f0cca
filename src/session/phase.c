// SPDX-License-Identifier: Apache-2.0
#include "session/phase.h"

#include <errno.h>
#include <math.h>

#include "abi/alloc.h"

void phase__done(struct phase *phase)
{
	vec__done(&phase->sites);
	*phase = (struct phase){};
}

static struct phase_count count_of(const struct alloc_site *site)
{
	return (struct phase_count){ .cnt = site->alloc_cnt,
				     .bytes = site->alloc_bytes,
				     .variance = site->variance };
}

int phase__begin(struct phase *phase, const struct tracer *tracer, uint32_t image)
{
	const struct alloc_site *sites;
	size_t cnt, i;
	int err = 0;

	phase__done(phase);
	sites = tracer__sites(tracer, &cnt);
	phase->site_end = cnt;
	for (i = 0; !err && i < cnt; i++) {
		if (tracer_site_is_of(&sites[i], i, image))
			err = vec__push(&phase->sites,
					(struct phase_site){ .id = (uint32_t)i,
							     .begin = count_of(&sites[i]),
							     .last = count_of(&sites[i]) });
	}
	return err;
}

static double more_since(uint64_t now, uint64_t from)
{
	return now > from ? (double)(now - from) : 0;
}

/* What was counted since it was last looked at, by @weight. */
static void site__take(struct phase_site *site, const struct alloc_site *now, double weight)
{
	site->weighted.cnt += weight * more_since(now->alloc_cnt, site->last.cnt);
	site->weighted.bytes += weight * more_since(now->alloc_bytes, site->last.bytes);
	site->weighted.variance += weight * weight * more_since(now->variance, site->last.variance);
	site->last = count_of(now);
}

void phase__take(struct phase *phase, const struct tracer *tracer, uint32_t image,
		 const struct window *window)
{
	double weight = window ? window__weight(window) : 0;
	const struct alloc_site *sites;
	size_t cnt, i;

	sites = tracer__sites(tracer, &cnt);
	/* New ones that took the place of others are found at the end: to look for them takes a look at all. */
	for (i = phase->site_end; i < cnt; i++) {
		if (tracer_site_is_of(&sites[i], i, image) &&
		    vec__push(&phase->sites, (struct phase_site){ .id = (uint32_t)i }))
			break;
	}
	phase->site_end = i;
	for (i = 0; i < phase->sites.cnt; i++)
		site__take(&phase->sites.at[i], &sites[phase->sites.at[i].id], weight);
	if (window)
		windows__add(&phase->windows, window);
}

/* What is to be put on top, so that what was counted since @from becomes @whole. */
static uint64_t more_of(uint64_t now, uint64_t from, double whole)
{
	double more = whole - more_since(now, from);

	return more > 0 && more < 0x1p62 ? (uint64_t)more : 0;
}

static void scale_site(struct phase_site *site, const struct alloc_site *now, double factor,
		       struct tracer *tracer)
{
	site->more.cnt = more_of(now->alloc_cnt, site->begin.cnt, factor * site->weighted.cnt);
	site->more.bytes =
		more_of(now->alloc_bytes, site->begin.bytes, factor * site->weighted.bytes);
	site->more.variance = more_of(now->variance, site->begin.variance,
				      factor * factor * site->weighted.variance);
	tracer__add_to_site(tracer, site->id, site->more.cnt, site->more.bytes,
			    site->more.variance);
}

/* Sites that came later had nothing. */
static int note_new_sites(struct phase *phase, const struct alloc_site *sites, size_t cnt,
			  uint32_t image)
{
	VEC(struct phase_site) all = {};
	size_t i, known = 0;
	int err = 0;

	for (i = 0; !err && i < cnt; i++) {
		if (known < phase->sites.cnt && phase->sites.at[known].id == i)
			err = vec__push(&all, phase->sites.at[known++]);
		else if (tracer_site_is_of(&sites[i], i, image))
			err = vec__push(&all, (struct phase_site){ .id = (uint32_t)i });
	}
	if (err) {
		vec__done(&all);
		return err;
	}
	vec__done(&phase->sites);
	phase->sites.at = all.at;
	phase->sites.cnt = all.cnt;
	phase->sites.room = all.room;
	return 0;
}

/*
 * Counted in windows, but by whom was not noted at the time: by all of them, then. Of a window that could not be measured the
 * sites know, but not the windows: it must not be scaled as if it were part of the others. Twice as much as happened in these is
 * more than anything else explains, but samples may be off.
 */
static double weight_of_rest(const struct phase *phase, const struct alloc_site *sites)
{
	double counted = 0, variance = 0;
	size_t i;

	if (phase->windows.seen <= 0)
		return 0;
	for (i = 0; i < phase->sites.cnt; i++) {
		const struct phase_site *site = &phase->sites.at[i];
		const struct alloc_site *now = &sites[site->id];

		counted += more_since(now->alloc_cnt, site->begin.cnt) / WEIGHT_ONE;
		variance += more_since(now->variance, site->begin.variance) / VARIANCE_ONE;
	}
	if (counted - 4 * sqrt(variance) > 2 * phase->windows.seen)
		return phase->windows.allocs / counted;
	return phase->windows.allocs / phase->windows.seen;
}

int phase__end(struct phase *phase, struct tracer *tracer, uint32_t image)
{
	struct windows_scale scale =
		phase->model.cnt ? windows__scale_like(&phase->windows, &phase->model, phase->all)
				 : windows__scale(&phase->windows, phase->all);
	const struct alloc_site *sites;
	double weight;
	size_t cnt, i;
	int err;

	sites = tracer__sites(tracer, &cnt);
	err = note_new_sites(phase, sites, cnt, image);
	if (err)
		return err;
	weight = weight_of_rest(phase, sites);
	for (i = 0; i < phase->sites.cnt; i++) {
		struct phase_site *site = &phase->sites.at[i];

		site__take(site, &sites[site->id], weight);
		scale_site(site, &sites[site->id], scale.factor, tracer);
	}
	phase->estimate = phase->windows.allocs * scale.factor;
	phase->chance = phase->estimate * scale.chance;
	phase->measure = phase->estimate * scale.measure;
	/* Errors are added as squares, but those of one measure go the same way: the sum of 2k - 1 is the square of k. */
	if (phase->model.cnt)
		phase->measure *= sqrt(2 * (double)phase->alike_cnt - 1);
	phase->by = scale.by;
	return 0;
}

void phase__repeat(struct tracer *tracer, uint32_t image, double more)
{
	const struct alloc_site *sites;
	double counted = 0, times;
	size_t cnt, i;

	sites = tracer__sites(tracer, &cnt);
	for (i = 0; i < cnt; i++)
		counted += tracer_site_is_of(&sites[i], i, image) ? (double)sites[i].alloc_cnt : 0;
	/* By what samples say there was: that may be far from what there was, where they are few. */
	times = counted > 0 ? 1 + more * WEIGHT_ONE / counted : 1;
	for (i = 0; i < cnt; i++) {
		struct phase_count now = count_of(&sites[i]);

		if (tracer_site_is_of(&sites[i], i, image))
			tracer__add_to_site(
				tracer, (uint32_t)i, more_of(now.cnt, 0, (double)now.cnt * times),
				more_of(now.bytes, 0, (double)now.bytes * times),
				more_of(now.variance, 0, (double)now.variance * times * times));
	}
}

/* As if it had been watched since @before began; what the end of that put on top is taken back, in the arithmetic of words. */
static void join_site(struct phase_site *site, const struct phase_site *before,
		      struct tracer *tracer)
{
	tracer__add_to_site(tracer, site->id, -before->more.cnt, -before->more.bytes,
			    -before->more.variance);
	site->last.cnt -= before->more.cnt;
	site->last.bytes -= before->more.bytes;
	site->last.variance -= before->more.variance;
	site->begin = before->begin;
	site->weighted.cnt += before->weighted.cnt;
	site->weighted.bytes += before->weighted.bytes;
	site->weighted.variance += before->weighted.variance;
}

void phase__reopen(struct phase *phase, struct phase *before, struct tracer *tracer)
{
	size_t i, j = 0;

	/* What there was then is still there: all of @before's sites are @phase's, too. */
	for (i = 0; i < phase->sites.cnt && j < before->sites.cnt; i++) {
		if (phase->sites.at[i].id == before->sites.at[j].id)
			join_site(&phase->sites.at[i], &before->sites.at[j++], tracer);
	}
	windows__join(&phase->windows, &before->windows);
	work_add(&phase->all, before->all);
	phase__done(before);
}
