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

int phase__begin(struct phase *phase, const struct tracer *tracer, uint32_t image)
{
	const struct alloc_site *sites;
	size_t cnt, i;
	int err = 0;

	phase__done(phase);
	sites = tracer__sites(tracer, &cnt);
	for (i = 0; !err && i < cnt; i++) {
		if (tracer_site_is_of(&sites[i], i, image))
			err = vec__push(&phase->sites,
					(struct phase_site){ .id = (uint32_t)i,
							     .cnt = sites[i].alloc_cnt,
							     .bytes = sites[i].alloc_bytes,
							     .variance = sites[i].variance });
	}
	return err;
}

/* What is to be put on top, so that what was counted since @from becomes @factor as much. */
static uint64_t more_of(uint64_t now, uint64_t from, double factor)
{
	double more = (double)(now - from) * (factor - 1);

	return now > from && more > 0 && more < 0x1p62 ? (uint64_t)more : 0;
}

static void scale_site(struct phase_site *site, const struct alloc_site *now, double factor,
		       struct tracer *tracer)
{
	site->more_cnt = more_of(now->alloc_cnt, site->cnt, factor);
	site->more_bytes = more_of(now->alloc_bytes, site->bytes, factor);
	site->more_variance = more_of(now->variance, site->variance, factor * factor);
	tracer__add_to_site(tracer, site->id, site->more_cnt, site->more_bytes,
			    site->more_variance);
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
 * Of a window that could not be measured the sites know, but not the windows: it must not be scaled as if it were part of the
 * others. Twice as much as happened in these is more than anything else explains, but samples may be off.
 */
static double without_unmeasured(const struct phase *phase, const struct alloc_site *sites)
{
	double counted = 0, variance = 0;
	size_t i;

	for (i = 0; i < phase->sites.cnt; i++) {
		const struct phase_site *from = &phase->sites.at[i];
		const struct alloc_site *now = &sites[from->id];

		if (now->alloc_cnt > from->cnt)
			counted += (double)(now->alloc_cnt - from->cnt) / WEIGHT_ONE;
		if (now->variance > from->variance)
			variance += (double)(now->variance - from->variance) / VARIANCE_ONE;
	}
	return counted - 4 * sqrt(variance) > 2 * phase->windows.allocs
		       ? phase->windows.allocs / counted
		       : 1;
}

int phase__end(struct phase *phase, struct tracer *tracer, uint32_t image)
{
	struct windows_scale scale =
		phase->model.cnt ? windows__scale_like(&phase->windows, &phase->model, phase->all)
				 : windows__scale(&phase->windows, phase->all);
	const struct alloc_site *sites;
	double share;
	size_t cnt, i;
	int err;

	sites = tracer__sites(tracer, &cnt);
	err = note_new_sites(phase, sites, cnt, image);
	if (err)
		return err;
	share = without_unmeasured(phase, sites);
	for (i = 0; i < phase->sites.cnt; i++)
		scale_site(&phase->sites.at[i], &sites[phase->sites.at[i].id], scale.factor * share,
			   tracer);
	phase->estimate = phase->windows.allocs * scale.factor;
	phase->chance = phase->estimate * scale.chance;
	phase->measure = phase->estimate * scale.measure;
	/* Errors are added as squares, but those of one measure go the same way: the sum of 2k - 1 is the square of k. */
	if (phase->model.cnt)
		phase->measure *= sqrt(2 * (double)phase->alike_cnt - 1);
	phase->by = scale.by;
	return 0;
}

void phase__reopen(struct phase *phase, struct phase *before, struct tracer *tracer)
{
	size_t i;

	for (i = 0; i < before->sites.cnt; i++) {
		const struct phase_site *site = &before->sites.at[i];

		/* The opposite, in the arithmetic of words. */
		tracer__add_to_site(tracer, site->id, -site->more_cnt, -site->more_bytes,
				    -site->more_variance);
	}
	windows__join(&phase->windows, &before->windows);
	work_add(&phase->all, before->all);
	vec__done(&phase->sites);
	phase->sites.at = before->sites.at;
	phase->sites.cnt = before->sites.cnt;
	phase->sites.room = before->sites.room;
	before->sites.at = NULL;
	before->sites.cnt = before->sites.room = 0;
	phase__done(before);
}
