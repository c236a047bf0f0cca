/* SPDX-License-Identifier: Apache-2.0 */
/* Who allocates right now: the rates between two looks at one recording, and what is in use. */
#pragma once

#include "base/buf.h"
#include "profile/profile.h"
#include "view/style.h"

/* What a row is. A site is a line that asks for memory on its own behalf (profile/place.h). */
enum top_by {
	TOP_BY_SITE,
	TOP_BY_FUNCTION,
	TOP_BY_LINE,
	TOP_BY_PROCESS,
	TOP_BY_MODULE,
	TOP_BY_CNT
};

/* NULL-terminated, indexed by enum top_by. */
extern const char *const top_by_names[];

enum top_column {
	TOP_OBJECT_RATE,
	TOP_BYTE_RATE,
	TOP_INUSE_OBJECTS,
	TOP_INUSE_SPACE,
	TOP_ALLOC_OBJECTS,
	TOP_ALLOC_SPACE,
	TOP_COLUMN_CNT
};

/* The column of a metric: for what is allocated its rate, which is what a live view is for. */
enum top_column top_column_of(enum profile_metric metric);

struct top;

/* NULL: no memory. */
struct top *top__new(enum top_by by);
void top__free(struct top *top);
DEFINE_CLEANUP(top);

/* @profile is what has been counted so far; rates are since the last update, or the beginning.
 * 0, -EINVAL if it has not the four heap metrics, or -ENOMEM. */
int top__update(struct top *top, const struct profile *profile);

/* Seconds since the recording began, at the last update. */
double top__seconds(const struct top *top);

/* A table of at most @row_cnt rows (0: all), biggest by @sort first, the total above them. 0 or -ENOMEM. */
int top__write_table(const struct top *top, enum top_column sort, size_t row_cnt,
		     const struct view_style *style, struct buf *out);

/* The same for programs to read: one line per row, values in the order of the columns, in full, the name last. */
void top__write_lines(const struct top *top, enum top_column sort, size_t row_cnt, struct buf *out);
/* What the columns of these lines are. */
void top_write_line_heading(struct buf *out);
