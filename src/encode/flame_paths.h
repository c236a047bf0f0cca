/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of one profile, or of two to be compared, as sequences of frames from the root on,
 * with what was counted there. What the tree is built of.
 *
 * Values come in sets: one per metric, or, when there are two sides, all metrics before and then
 * all metrics after. Values are never negative: a negative one is taken as positive on the other
 * side, so a profile that is itself a difference (pprof -base, ?seconds=) is shown as one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "encode/flame_frames.h"
#include "profile/profile.h"

enum { /* flame_step.site, low bits; the line number is above them */
       FLAME_SITE_INLINED = 1,
       FLAME_SITE_LINES_DIFFER = 2, /* set by the tree where several lines became one node */
       FLAME_SITE_LINE_SHIFT = 2,
};

struct flame_step {
	uint32_t frame;
	uint32_t site;
};

enum flame_outcome { /* positive returns */
		     FLAME_OK = 0,
		     FLAME_NO_COMMON_TYPE, /* no sample type is in both with the same unit */
};

struct flame_paths;

/*
 * All of @after, compared with @before if that is not NULL. Both must outlive the paths. If the
 * samples come from processes of different names, these are the first frames. 0, an outcome, or
 * -errno.
 */
int flame_paths_new(const struct profile *before, const struct profile *after,
		    struct flame_paths **ret);
void flame_paths__free(struct flame_paths *paths);
DEFINE_CLEANUP(flame_paths);

size_t flame_paths__cnt(const struct flame_paths *paths);
const struct flame_frames *flame_paths__frames(const struct flame_paths *paths);
/* The row that stands for frames gathered into one. */
uint32_t flame_paths__gathered_frame(const struct flame_paths *paths);

/* The next step of @path, or false at its end. */
bool flame_paths__peek(const struct flame_paths *paths, size_t path, struct flame_step *ret);
void flame_paths__advance(struct flame_paths *paths, size_t index);

/* Metrics are those both sides have, numbered as in @after. */
size_t flame_paths__metric_cnt(const struct flame_paths *paths);
/* The sample type of @after that metric @metric is. */
size_t flame_paths__type_of(const struct flame_paths *paths, size_t metric);
bool flame_paths__is_diff(const struct flame_paths *paths);
/* metric_cnt, or twice that for differences. */
size_t flame_paths__set_cnt(const struct flame_paths *paths);
/* set_cnt of them. */
const int64_t *flame_paths__values(const struct flame_paths *paths, size_t path);
/* metric_cnt of them, or NULL: exact, unknown, or a difference. */
const double *flame_paths__variances(const struct flame_paths *paths, size_t path);
