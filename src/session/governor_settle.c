// SPDX-License-Identifier: Apache-2.0
/* What the budgets did to the numbers, put into a snapshot. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "session/governed.h"

/* Processes whose steps are told one by one; more are counted. */
#define REMARKS_MAX 16u

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

static double whole_cnt(const struct governed *governed)
{
	return (double)governed->last.enter_cnt - governed->seen + governed->estimate;
}

static double error_cnt(const struct governed *governed)
{
	return sqrt(fmax(governed->chance_squares, 0) + governed->measure * governed->measure);
}

double governed__variance_each(const struct governed *governed)
{
	double whole = whole_cnt(governed), error = error_cnt(governed);

	return governed->estimate > 0 && whole > 0 ? error * error / whole : 0;
}

double governor__variance_each(const struct governor *governor, uint32_t image)
{
	return image < governor->all.cnt ? governed__variance_each(&governor->all.at[image]) : 0;
}

size_t governor__windowed_cnt(const struct governor *governor)
{
	size_t cnt = 0, i;

	for (i = 0; i < governor->all.cnt; i++) {
		const struct governed *governed = &governor->all.at[i];

		cnt += governed->tgid && !governed->ended && governed->level == LEVEL_WINDOWS;
	}
	return cnt;
}

uint64_t governor__step_cnt(const struct governor *governor)
{
	return governor->step_cnt;
}

static void state_error(struct snapshot *snapshot, uint32_t id, const struct governed *governed)
{
	size_t i;

	for (i = 0; i < snapshot->images.cnt; i++) {
		if (snapshot->images.at[i].id == id)
			snapshot->images.at[i].variance_each =
				(float)governed__variance_each(governed);
	}
	snapshot->flags |= SNAPSHOT_SAMPLED;
}

static void tell_steps(const struct governed *governed, struct buf *text)
{
	static const char *const names[LEVEL_CNT] = { "everything again", "fewer samples",
						      "allocations alone", "windows" };
	size_t i;

	for (i = 0; i < governed->step_cnt && i < STEPS_TOLD; i++)
		buf__printf(text, "%s %s from %.2fs on", i ? "," : "",
			    names[governed->steps[i].level],
			    (double)governed->steps[i].at_ns / 1e9);
	if (governed->step_cnt > STEPS_TOLD)
		buf__printf(text, ", and %zu steps more", governed->step_cnt - STEPS_TOLD);
}

static const char *process_name(const struct snapshot *snapshot, uint32_t image)
{
	const struct snapshot_image *found = snapshot__image(snapshot, image);

	return found ? snapshot__str(snapshot, found->comm) : "";
}

/* As far as it is told. */
static bool was_windowed(const struct governed *governed)
{
	size_t i;

	for (i = 0; i < governed->step_cnt && i < STEPS_TOLD; i++) {
		if (governed->steps[i].level == LEVEL_WINDOWS)
			return true;
	}
	return false;
}

static int remark(struct snapshot *snapshot, const struct governed *governed, uint32_t image)
{
	struct buf *text __free(buf) = buf__new(4096);
	int err;

	if (!text)
		return -ENOMEM;
	buf__printf(text, "process %d (%s) was past its budget:", (int)governed->tgid,
		    process_name(snapshot, image));
	tell_steps(governed, text);
	if (governed->window_cnt && governed->estimate > 0)
		buf__printf(text, "; traced in %" PRIu64 " windows, scaled by %.4g ± %.0f%% (%s)",
			    governed->window_cnt,
			    governed->seen > 0 ? governed->estimate / governed->seen : 1,
			    100 * error_cnt(governed) / whole_cnt(governed),
			    governed->by == WINDOWS_BY_OWN ? "by its CPU time"
							   : "by its reads and writes");
	else if (was_windowed(governed))
		buf__printf(text,
			    "; %" PRIu64 " windows saw no allocation: what it did between them is "
			    "missing, its numbers are too small",
			    governed->window_cnt);
	if (governed->level >= LEVEL_ALONE)
		buf__append_str(text, "; its in-use numbers are left out");
	else if (governed->lost_ns)
		buf__printf(text, "; in use is what came after %.2fs",
			    (double)governed->lost_ns / 1e9);
	err = buf__error(text);
	return err ? err : snapshot__remark(snapshot, image, buf__data(text));
}

static int remark_short(struct snapshot *snapshot, size_t cnt)
{
	char text[160];

	snprintf(
		text, sizeof(text),
		"%zu short processes more were past their budgets, or known to be: those that were "
		"seen in windows stand for the others",
		cnt);
	return snapshot__remark(snapshot, 0, text);
}

static int remark_more(struct snapshot *snapshot, size_t cnt)
{
	char text[96];

	snprintf(text, sizeof(text), "%zu process%s more %s past %s", cnt, cnt > 1 ? "es" : "",
		 cnt > 1 ? "were" : "was", cnt > 1 ? "their budgets" : "its budget");
	return snapshot__remark(snapshot, 0, text);
}

int governor__settle(const struct governor *governor, const struct tracer *tracer,
		     struct snapshot *snapshot)
{
	const struct image *images;
	size_t cnt, i, told_cnt = 0, short_cnt = 0, more_cnt = 0;
	int err = 0;

	images = tracer__images(tracer, &cnt);
	for (i = 1; !err && i < governor->all.cnt && i < cnt; i++) {
		const struct governed *governed = &governor->all.at[i];

		if (governed->start_ns != images[i].start_ns ||
		    !snapshot__image(snapshot, (uint32_t)i))
			continue;
		if (governed->estimate > 0)
			state_error(snapshot, (uint32_t)i, governed);
		if (governed->level >= LEVEL_ALONE)
			drop_live(snapshot, (uint32_t)i);
		if (!governed->step_cnt)
			continue;
		if (governed->ended && governed->is_met) {
			short_cnt++;
		} else if (told_cnt == REMARKS_MAX) {
			more_cnt++;
		} else {
			err = remark(snapshot, governed, (uint32_t)i);
			told_cnt++;
		}
	}
	if (!err && more_cnt)
		err = remark_more(snapshot, more_cnt);
	return err || !short_cnt ? err : remark_short(snapshot, short_cnt);
}
