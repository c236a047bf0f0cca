/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table on a terminal or in a file: columns as wide as their widest cell, a heading of two lines,
 * and if a width is given, columns left out and the last one shortened until every row fits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* How a cell looks where colours are allowed. */
enum table_style {
	TABLE_PLAIN,
	TABLE_BOLD,
	TABLE_DIM,
	TABLE_RED,
	TABLE_YELLOW,
	TABLE_GREEN,
	TABLE_CYAN
};

/* Wraps @text, which is shown as it is. */
void table_styled(struct buf *out, const char *text, enum table_style style, bool colored);

struct table;

struct table_column {
	const char *group;   /* first heading line; equal neighbours share one; NULL: none */
	const char *heading; /* second heading line */
	bool left;           /* aligned left, for words; numbers stand right */
	int drop;            /* where room is short, the highest goes first; 0 stays */
	bool marked;         /* the table is ordered by this column */
};

/* @columns and their strings must outlive the table. NULL if out of memory. */
struct table *table__new(const struct table_column *columns, size_t column_cnt);
void table__free(struct table *table);
DEFINE_CLEANUP(table);

/* Cells come row by row, from left to right. Errors show in table__print(). */
void table__cell(struct table *table, const char *text, enum table_style style);

/* @width 0: as wide as it gets. The last column is cut to fit, but not below 30 columns before
 * others are dropped. 0, or -ENOMEM if a cell was lost. */
int table__print(const struct table *table, size_t width, bool colored, struct buf *out);
