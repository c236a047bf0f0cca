/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `why` goes by: one table of patterns, each a few measured numbers with their limits. A place
 * has the first pattern of the table all of whose limits it meets.
 */
#pragma once

#include "base/buf.h"
#include "profile/place.h"

/* One measured number of a place; shares are of 1. */
enum why_measure {
	WHY_BLOCKS,       /* new blocks: calls, but for the reallocs of known blocks */
	WHY_OBJECT_SHARE, /* of all objects of the recording */
	WHY_BYTE_SHARE,   /* of all bytes */
	WHY_MEAN_BYTES,   /* of a call */
	WHY_SIZE_RATIO,   /* mean bytes here to the mean of all */
	WHY_SMALL_RATIO,  /* the other way round */
	WHY_FREES,
	WHY_FREED_SHARE,  /* of the blocks */
	WHY_SHORT_SHARE,  /* of the frees: younger than WHY_SHORT_S */
	WHY_MEDIAN_AGE_S, /* of the frees, rounded up to a power of two */
	WHY_OTHER_SHARE,  /* of the frees: by another thread */
	WHY_NEAR_SHARE, /* of the frees: by the function that allocates, its caller or that one's */
	WHY_GROWS,      /* reallocs that made a block larger */
	WHY_GROWN_SHARE,    /* of the blocks that ended or stayed here: were grown */
	WHY_GROWTH_STEPS,   /* of a block that was grown */
	WHY_CONTAINER_CALL, /* 1 if the memory is for a container that grows (profile/wrapper.h) */
	WHY_SIZE_SPREAD,    /* the largest call to the smallest */
	WHY_LIVE,           /* objects in use at the end */
	WHY_INUSE_SHARE,    /* of all bytes in use at the end */
	WHY_RISE, /* lower end of the slope's 95 % interval x time, to what is in use at last */
	WHY_LATE_SLOPE, /* the second half's slope to the whole's */
	WHY_DRIFT,      /* what the second half's slope adds or takes, to what is in use at last */
	WHY_TURNOVER,   /* frees to objects in use at the end */
	WHY_MEASURE_CNT
};

#define WHY_SHORT_S 1.1e-3 /* a class of ages ends at 1.05 ms */

enum why_pattern {
	WHY_GROWING,
	WHY_GROWTH,
	WHY_CONTAINER,
	WHY_HAND_OVER,
	WHY_CHURN,
	WHY_CACHE,
	WHY_FEW_BIG,
	WHY_MANY_SMALL,
	WHY_PATTERN_CNT
};

struct why_limit {
	enum why_measure measure;
	bool at_most; /* else at least */
	double value;
};

#define WHY_LIMITS_MAX 6

struct why_rule {
	const char *name;
	const char *meaning; /* of the pattern, for the list of rules */
	struct why_limit limits[WHY_LIMITS_MAX];
	size_t limit_cnt;
};

/* By enum why_pattern, which is the order in which they are tried. */
extern const struct why_rule why_rules[WHY_PATTERN_CNT];

double why_measure(const struct places *places, const struct place *place,
		   enum why_measure measure);
/* The first rule that @place meets, or NULL. */
const struct why_rule *why_diagnose(const struct places *places, const struct place *place);
/* How much of the recording's trouble the place is: the greatest of its shares. */
double why_weight(const struct places *places, const struct place *place);

/* The table, as text. */
void why_rules_write(struct buf *out);
