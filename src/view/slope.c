// SPDX-License-Identifier: Apache-2.0
#include "view/slope.h"

#include <math.h>
#include <string.h>

/* Student's t for 95 %, two-sided, SLOPE_WINDOWS - 2 degrees of freedom. */
#define STUDENT_T 2.447
_Static_assert(SLOPE_WINDOWS == 8, "STUDENT_T belongs to it");

struct window {
	double time_s;
	double bytes;
};

static void find_floors(const struct place_point *points, size_t cnt,
			struct window windows[SLOPE_WINDOWS])
{
	size_t w, i, end;

	for (w = 0, i = 0; w < SLOPE_WINDOWS; w++) {
		end = (w + 1) * cnt / SLOPE_WINDOWS;
		windows[w].time_s = (points[i].time_s + points[end - 1].time_s) / 2;
		windows[w].bytes = points[i].bytes;
		for (; i < end; i++)
			windows[w].bytes = fmin(windows[w].bytes, points[i].bytes);
	}
}

/* Least squares through @cnt windows: the slope, and the sum of squares that it leaves and that of
 * the times. */
static double fit(const struct window *windows, size_t cnt, double *ret_rest, double *ret_times)
{
	double time = 0, bytes = 0, both = 0, times = 0, slope, rest = 0;
	size_t i;

	for (i = 0; i < cnt; i++) {
		time += windows[i].time_s / (double)cnt;
		bytes += windows[i].bytes / (double)cnt;
	}
	for (i = 0; i < cnt; i++) {
		both += (windows[i].time_s - time) * (windows[i].bytes - bytes);
		times += (windows[i].time_s - time) * (windows[i].time_s - time);
	}
	slope = times > 0 ? both / times : 0;
	for (i = 0; i < cnt; i++) {
		double off = windows[i].bytes - bytes - slope * (windows[i].time_s - time);

		rest += off * off;
	}
	*ret_rest = rest;
	*ret_times = times;
	return slope;
}

bool slope_of(const struct place *place, struct slope *ret)
{
	const struct place_point *points = place->points.at;
	size_t cnt = place->points.cnt;
	struct window windows[SLOPE_WINDOWS];
	double rest, times, margin, late_rest, late_times;

	memset(ret, 0, sizeof(*ret));
	while (cnt && points->bytes <= 0) {
		points++;
		cnt--;
	}
	if (cnt < SLOPE_POINTS_MIN)
		return false;
	find_floors(points, cnt, windows);
	ret->bytes_per_s = fit(windows, SLOPE_WINDOWS, &rest, &times);
	margin = times > 0 ? STUDENT_T * sqrt(rest / (SLOPE_WINDOWS - 2) / times) : 0;
	ret->low = ret->bytes_per_s - margin;
	ret->high = ret->bytes_per_s + margin;
	ret->late_per_s =
		fit(windows + SLOPE_WINDOWS / 2, SLOPE_WINDOWS / 2, &late_rest, &late_times);
	ret->seconds = points[cnt - 1].time_s - points[0].time_s;
	ret->last_bytes = windows[SLOPE_WINDOWS - 1].bytes;
	ret->rise_bytes = ret->last_bytes - windows[0].bytes;
	return true;
}
