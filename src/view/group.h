/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples summed by function, line, file, module or process. For each group, per sample type:
 * flat, what was allocated right there; cum, what was allocated there or in anything called from
 * there. A group that is several times on one stack (recursion, inlining) counts once in cum.
 *
 * The meaning is that of `pprof -top` with the matching granularity, so that numbers can be
 * compared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "profile/profile.h"

enum view_by {
	VIEW_BY_FUNCTION,
	VIEW_BY_LINE,
	VIEW_BY_FILE,
	VIEW_BY_MODULE,
	VIEW_BY_PROCESS,
	VIEW_BY_CNT
};

/* "function", "line", …; NULL-terminated, indexed by enum view_by. */
extern const char *const view_by_names[];

struct groups;

/* Which samples count. */
enum groups_side {
	GROUPS_ALL,
	GROUPS_NOT_BASE, /* those without the label pprof::base=true, see profile_diff() */
	GROUPS_BASE,     /* those with it, their sign turned back */
};

/* 0 or -ENOMEM. Groups are numbered in the order of their first location in @profile, so the same
 * for every
 * @side of one profile. @profile must outlive them. */
int groups_new(const struct profile *profile, enum view_by by, enum groups_side side,
	       struct groups **ret);
void groups__free(struct groups *groups);
DEFINE_CLEANUP(groups);

size_t groups__cnt(const struct groups *groups);
/* profile__type_cnt() values each. */
const int64_t *groups__flat(const struct groups *groups, size_t group);
const int64_t *groups__cum(const struct groups *groups, size_t group);
const int64_t *groups__totals(const struct groups *groups);
/* Standard error of flat, 0 where the profile states none. */
double groups__flat_error(const struct groups *groups, size_t group, size_t type);

/* What the group is called, as it stands in the file (may hold anything); with @brief, lines
 * without the directories of their file. */
void groups__name(const struct groups *groups, size_t index, bool brief, struct buf *out);
/* Of a line: which. 0 for other groupings and where it is unknown. */
int32_t groups__line(const struct groups *groups, size_t group);
/* Of functions and lines: strings of the profile; 0 for other groupings. */
uint32_t groups__function_name(const struct groups *groups, size_t group);
uint32_t groups__filename(const struct groups *groups, size_t group);
/* The group of a sample's innermost frame, SIZE_MAX if it has no stack. */
size_t groups__leaf(const struct groups *groups, uint32_t sample);

/* The nearest group above the leaf that is another one, SIZE_MAX if there is none. */
size_t groups__caller(const struct groups *groups, uint32_t sample);

/*
 * Numbers of groups with any value (flat or cum), biggest first by flat or by cum of @type, ties in their own order; those
 * with none of @type come last, behind @ret_cnt others. malloc'd, the caller frees. 0 or -ENOMEM.
 */
int groups__sorted(const struct groups *groups, size_t type, bool by_cum, uint32_t **ret,
		   size_t *ret_cnt, size_t *ret_all_cnt);
