// SPDX-License-Identifier: Apache-2.0
#include "collect/series.h"

#define FIRST_INTERVAL_NS 10000000u
#define POINTS_MAX        ((size_t)4 << 20)
#define TICKS_MIN         16

void series__start(struct series *series)
{
	series->interval_ns = FIRST_INTERVAL_NS;
	series->ticks.cnt = 0;
	series->points.cnt = 0;
}

uint64_t series__due_ns(const struct series *series)
{
	return series->ticks.cnt ? series->ticks.at[series->ticks.cnt - 1] + series->interval_ns
				 : 0;
}

/* Forget every second look, the latest not among them. */
static void thin_out(struct series *series)
{
	size_t odd = (series->ticks.cnt - 1) % 2, i, kept = 0;

	for (i = 0; i < series->points.cnt; i++) {
		struct series_point point = series->points.at[i];

		if (point.tick % 2 != odd)
			continue;
		point.tick /= 2;
		series->points.at[kept++] = point;
	}
	series->points.cnt = kept;
	for (i = odd, kept = 0; i < series->ticks.cnt; i += 2)
		series->ticks.at[kept++] = series->ticks.at[i];
	series->ticks.cnt = kept;
	series->interval_ns *= 2;
}

static int look(struct series *series, const struct tracer *tracer, uint32_t tick)
{
	const struct alloc_site *sites;
	const struct image *images;
	size_t cnt, image_cnt, i;
	int err = 0;

	sites = tracer__sites(tracer, &cnt);
	images = tracer__images(tracer, &image_cnt);
	for (i = 0; !err && i < cnt; i++) {
		struct series_point point = { tick, (uint32_t)i,
					      sites[i].alloc_cnt - sites[i].free_cnt,
					      sites[i].alloc_bytes - sites[i].free_bytes };

		/* Negative for a moment, if a free overtakes its count. */
		if ((int64_t)point.objects <= 0 || (int64_t)point.bytes < 0)
			continue;
		if (sites[i].image < image_cnt && images[sites[i].image].end_ns)
			continue;
		err = vec__push(&series->points, point);
	}
	return err;
}

int series__tick(struct series *series, const struct tracer *tracer, uint64_t now_ns)
{
	size_t before = series->points.cnt;
	int err;

	if (now_ns < series__due_ns(series))
		return 0;
	if (series->ticks.cnt == SERIES_TICKS_MAX ||
	    (series->points.cnt > POINTS_MAX && series->ticks.cnt > TICKS_MIN)) {
		thin_out(series);
		before = series->points.cnt;
		if (now_ns < series__due_ns(series))
			return 0;
	}
	err = look(series, tracer, (uint32_t)series->ticks.cnt);
	if (!err)
		err = vec__push(&series->ticks, now_ns);
	if (err)
		series->points.cnt = before;
	return err;
}

void series__done(struct series *series)
{
	vec__done(&series->ticks);
	vec__done(&series->points);
}
