/* SPDX-License-Identifier: Apache-2.0 */
/* Several profiles as one, and the difference of two; rules as in pprof's Merge, -base and
 * -diff_base. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "profile/profile.h"

enum profile_merge_outcome { /* positive returns */
			     PROFILE_MERGE_OK = 0,
			     PROFILE_MERGE_NO_COMMON_TYPE, /* no sample type's name is in all of
							      them */
			     PROFILE_MERGE_PERIOD_TYPES, /* periods of unlike kind, e.g. cpu/ns and
							    space/bytes */
			     PROFILE_MERGE_UNITS,        /* a type of one name counts bytes here and
							    seconds there */
};

const char *profile_merge_outcome_text(int outcome);

/*
 * The sum of @cnt >= 1 profiles. Sample types: those that all have, in the order of the first, in
 * the finest unit. Mappings are the same if build id (or file name), size and offset are, wherever
 * they were loaded; locations if their mapping, offset in it and lines are. Duration adds up, time
 * is the earliest, period the longest. 0, an enum profile_merge_outcome or -errno.
 */
int profile_merge(const struct profile *const *profiles, size_t cnt, struct profile **ret);

/* Some samples of a profile: those that meet all that is said. */
struct profile_part {
	const char *key,
		*value; /* the string label @key is @value; @value NULL: there is none; @key NULL: any */
	size_t first,
		cnt; /* numbers @first to @first + @cnt - 1 of the whole profile; @cnt 0: to the end */
	bool drop_numbers; /* leave out their numeric labels; samples that are equal then are added up */
};

/* @part of @profile as a profile of its own. Returns as profile_merge(). */
int profile_take(const struct profile *profile, const struct profile_part *part,
		 struct profile **ret);

enum { /* of profile_diff() */
       /* Scale @after to the totals of @base, per sample type (pprof -normalize). */
       PROFILE_DIFF_NORMALIZE = 1,
       /*
	* Keep the base's samples apart, negative and labelled pprof::base=true, so that percentages
	* can be relative to the base (pprof -diff_base); else subtract (pprof -base).
	*/
       PROFILE_DIFF_LABEL_BASE = 2,
       /* Subtract only what cannot shrink (names that begin with "alloc_"); the rest is @after's. */
       PROFILE_DIFF_COUNTERS = 4,
};

/* @after minus @base. Returns as profile_merge(). */
int profile_diff(const struct profile *base, const struct profile *after, uint32_t flags,
		 struct profile **ret);
