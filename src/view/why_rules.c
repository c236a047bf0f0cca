// SPDX-License-Identifier: Apache-2.0
#include "view/why_rules.h"

#include <math.h>

#include "profile/wrapper.h"
#include "view/slope.h"

#define AT_LEAST(measure, value)                                                                   \
	{                                                                                          \
		measure, false, value                                                              \
	}
#define AT_MOST(measure, value)                                                                    \
	{                                                                                          \
		measure, true, value                                                               \
	}
#define RULE(name, meaning, ...)                                                                   \
	{                                                                                          \
		name, meaning, { __VA_ARGS__ },                                                    \
			sizeof((struct why_limit[]){ __VA_ARGS__ }) / sizeof(struct why_limit)     \
	}

/* clang-format off */
const struct why_rule why_rules[WHY_PATTERN_CNT] = {
	[WHY_GROWING] = RULE("retained and growing", "what is in use rises to the end: a leak, or a table without a bound",
		AT_LEAST(WHY_INUSE_SHARE, 0.05),
		AT_LEAST(WHY_LIVE, 16),
		AT_LEAST(WHY_RISE, 0.05),
		AT_LEAST(WHY_LATE_SLOPE, 0.4)),
	[WHY_GROWTH] = RULE("growth by realloc", "blocks reach their size in many steps",
		AT_LEAST(WHY_GROWS, 16),
		AT_LEAST(WHY_GROWN_SHARE, 0.5),
		AT_LEAST(WHY_GROWTH_STEPS, 3)),
	[WHY_CONTAINER] = RULE("growth of a container", "it is filled without a size: each step is a new block and a copy",
		AT_LEAST(WHY_CONTAINER_CALL, 1),
		AT_LEAST(WHY_BLOCKS, 100),
		AT_LEAST(WHY_SIZE_SPREAD, 4)),
	[WHY_HAND_OVER] = RULE("hand-over", "one thread allocates, another one frees",
		AT_LEAST(WHY_FREES, 100),
		AT_LEAST(WHY_OTHER_SHARE, 0.8)),
	[WHY_CHURN] = RULE("churn", "short-lived blocks, freed close to where they were allocated",
		AT_LEAST(WHY_BLOCKS, 1000),
		AT_LEAST(WHY_FREED_SHARE, 0.95),
		AT_LEAST(WHY_SHORT_SHARE, 0.9),
		AT_LEAST(WHY_NEAR_SHARE, 0.9)),
	[WHY_CACHE] = RULE("cache-like", "long-lived blocks, replaced one by one; their number stays",
		AT_LEAST(WHY_LIVE, 10),
		AT_LEAST(WHY_TURNOVER, 1),
		AT_LEAST(WHY_MEDIAN_AGE_S, 10e-3),
		AT_LEAST(WHY_DRIFT, -0.1),
		AT_MOST(WHY_DRIFT, 0.1)),
	[WHY_FEW_BIG] = RULE("few big", "few calls, most of the bytes",
		AT_LEAST(WHY_BYTE_SHARE, 0.05),
		AT_LEAST(WHY_MEAN_BYTES, 32 << 10),
		AT_LEAST(WHY_SIZE_RATIO, 4)),
	[WHY_MANY_SMALL] = RULE("many small", "many calls, few of the bytes",
		AT_LEAST(WHY_OBJECT_SHARE, 0.05),
		AT_MOST(WHY_MEAN_BYTES, 256),
		AT_LEAST(WHY_SMALL_RATIO, 2)),
};

static const char *const measure_names[WHY_MEASURE_CNT] = {
	[WHY_BLOCKS] = "new blocks",
	[WHY_OBJECT_SHARE] = "share of all objects",
	[WHY_BYTE_SHARE] = "share of all bytes",
	[WHY_MEAN_BYTES] = "mean bytes",
	[WHY_SIZE_RATIO] = "mean bytes to the mean of all",
	[WHY_SMALL_RATIO] = "mean of all to the mean bytes here",
	[WHY_FREES] = "frees",
	[WHY_FREED_SHARE] = "share of blocks freed",
	[WHY_SHORT_SHARE] = "share of frees within a millisecond",
	[WHY_MEDIAN_AGE_S] = "median age at the free, seconds",
	[WHY_OTHER_SHARE] = "share of frees by another thread",
	[WHY_NEAR_SHARE] = "share of frees by the same function or the two above it",
	[WHY_GROWS] = "reallocs to more",
	[WHY_GROWN_SHARE] = "share of blocks that were grown",
	[WHY_GROWTH_STEPS] = "steps of a grown block",
	[WHY_CONTAINER_CALL] = "calls by a container that grows",
	[WHY_SIZE_SPREAD] = "largest size to the smallest",
	[WHY_LIVE] = "blocks in use at the end",
	[WHY_INUSE_SHARE] = "share of all bytes in use",
	[WHY_RISE] = "rise that is certain by 95 %, to what is in use",
	[WHY_LATE_SLOPE] = "slope of the second half to the whole's",
	[WHY_DRIFT] = "change in the second half, to what is in use",
	[WHY_TURNOVER] = "frees to blocks in use",
};
/* clang-format on */

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static double blocks(const struct place *place)
{
	return fmax(place->objects - place->grows - place->resizes, 0);
}

static double live_blocks(const struct place *place)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < PLACE_AGE_CNT; i++)
		sum += place->live_ages[i];
	return sum;
}

static double near_share(const struct place *place)
{
	double near = place->near[PLACE_NEAR_SAME] + place->near[PLACE_NEAR_CALLER] +
		      place->near[PLACE_NEAR_CALLER2];

	return ratio(near, near + place->near[PLACE_NEAR_FAR]);
}

static double measure_course(const struct place *place, enum why_measure measure)
{
	struct slope slope;

	if (!slope_of(place, &slope) || slope.last_bytes <= 0)
		return measure == WHY_DRIFT ? INFINITY : 0;
	if (measure == WHY_RISE)
		return slope.low * slope.seconds / slope.last_bytes;
	if (measure == WHY_LATE_SLOPE)
		return ratio(slope.late_per_s, slope.bytes_per_s);
	return slope.late_per_s * slope.seconds / 2 / slope.last_bytes;
}

static double mean_ratio(const struct places *places, const struct place *place)
{
	return ratio(ratio(place->bytes, place->objects), ratio(places->bytes, places->objects));
}

double why_measure(const struct places *places, const struct place *place, enum why_measure measure)
{
	switch (measure) {
	case WHY_BLOCKS:
		return blocks(place);
	case WHY_OBJECT_SHARE:
		return ratio(place->objects, places->objects);
	case WHY_BYTE_SHARE:
		return ratio(place->bytes, places->bytes);
	case WHY_MEAN_BYTES:
		return ratio(place->bytes, place->objects);
	case WHY_SIZE_RATIO:
		return mean_ratio(places, place);
	case WHY_SMALL_RATIO:
		return ratio(1, mean_ratio(places, place));
	case WHY_FREES:
		return place->freed;
	case WHY_FREED_SHARE:
		return ratio(place->freed, blocks(place));
	case WHY_SHORT_SHARE:
		return place_ages_below(place->ages, WHY_SHORT_S);
	case WHY_MEDIAN_AGE_S:
		return place_ages_covering(place->ages, 0.5);
	case WHY_OTHER_SHARE:
		return ratio(place->other_thread, place->freed);
	case WHY_NEAR_SHARE:
		return near_share(place);
	case WHY_GROWS:
		return place->grows;
	case WHY_GROWN_SHARE:
		return ratio(place->grown, place->freed + live_blocks(place));
	case WHY_GROWTH_STEPS:
		return ratio(place->grown_steps, place->grown);
	case WHY_CONTAINER_CALL:
		return wrapper_grows(places__str(places, place->spot.via));
	case WHY_SIZE_SPREAD:
		return ratio((double)place_sizes__covering(&place->sizes, 1),
			     (double)place_sizes__covering(&place->sizes, 0));
	case WHY_LIVE:
		return place->inuse_objects;
	case WHY_INUSE_SHARE:
		return ratio(place->inuse_bytes, places->inuse_bytes);
	case WHY_TURNOVER:
		return ratio(place->freed, place->inuse_objects);
	default:
		return measure_course(place, measure);
	}
}

static bool meets(const struct places *places, const struct place *place,
		  const struct why_rule *rule)
{
	size_t i;

	for (i = 0; i < rule->limit_cnt; i++) {
		const struct why_limit *limit = &rule->limits[i];
		double value = why_measure(places, place, limit->measure);

		if (limit->at_most ? value > limit->value : value < limit->value)
			return false;
	}
	return true;
}

const struct why_rule *why_diagnose(const struct places *places, const struct place *place)
{
	size_t i;

	for (i = 0; i < WHY_PATTERN_CNT; i++) {
		if (meets(places, place, &why_rules[i]))
			return &why_rules[i];
	}
	return NULL;
}

double why_weight(const struct places *places, const struct place *place)
{
	return fmax(
		fmax(ratio(place->objects, places->objects), ratio(place->bytes, places->bytes)),
		ratio(place->inuse_bytes, places->inuse_bytes));
}

void why_rules_write(struct buf *out)
{
	size_t i, j;

	for (i = 0; i < WHY_PATTERN_CNT; i++) {
		buf__printf(out, "%s: %s\n", why_rules[i].name, why_rules[i].meaning);
		for (j = 0; j < why_rules[i].limit_cnt; j++) {
			const struct why_limit *limit = &why_rules[i].limits[j];

			buf__printf(out, "    %s %s %g\n", measure_names[limit->measure],
				    limit->at_most ? "at most" : "at least", limit->value);
		}
	}
}
