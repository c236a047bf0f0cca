// SPDX-License-Identifier: Apache-2.0
#include "view/top.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/intern.h"
#include "base/vec.h"
#include "profile/place_profile.h"
#include "view/group.h"
#include "view/table.h"
#include "view/text.h"
#include "view/value.h"

const char *const top_by_names[] = { "site", "function", "line", "process", "module", NULL };

static const enum view_by groupings[TOP_BY_CNT] = {
	[TOP_BY_FUNCTION] = VIEW_BY_FUNCTION,
	[TOP_BY_LINE] = VIEW_BY_LINE,
	[TOP_BY_PROCESS] = VIEW_BY_PROCESS,
	[TOP_BY_MODULE] = VIEW_BY_MODULE,
};

struct row {
	uint32_t name; /* in top.names */
	int64_t values[TOP_COLUMN_CNT];
};

struct row_vec {
	struct row *at;
	size_t cnt;
	size_t room;
};

struct top {
	enum top_by by;
	struct intern *names;
	struct row_vec rows;     /* at the last update; the first is the total */
	struct hashmap *by_name; /* name -> index in rows + 1 */
	double seconds;
};

static const struct {
	const char *group, *heading, *unit, *word;
	int drop;
} columns[TOP_COLUMN_CNT] = {
	[TOP_OBJECT_RATE] = { "per second", "objects", "count", "objects/s", 1 },
	[TOP_BYTE_RATE] = { "per second", "bytes", "bytes", "bytes/s", 2 },
	[TOP_INUSE_OBJECTS] = { "in use", "objects", "count", "inuse_objects", 4 },
	[TOP_INUSE_SPACE] = { "in use", "bytes", "bytes", "inuse_space", 3 },
	[TOP_ALLOC_OBJECTS] = { "allocated", "objects", "count", "alloc_objects", 6 },
	[TOP_ALLOC_SPACE] = { "allocated", "bytes", "bytes", "alloc_space", 5 },
};

enum top_column top_column_of(enum profile_metric metric)
{
	switch (metric) {
	case PROFILE_ALLOC_OBJECTS:
		return TOP_OBJECT_RATE;
	case PROFILE_INUSE_OBJECTS:
		return TOP_INUSE_OBJECTS;
	case PROFILE_INUSE_SPACE:
		return TOP_INUSE_SPACE;
	default:
		return TOP_BYTE_RATE;
	}
}

struct top *top__new(enum top_by by)
{
	struct top *top __free(top) = calloc(1, sizeof(*top));

	if (!top)
		return NULL;
	top->by = by;
	top->names = intern__new();
	top->by_name = hashmap__new();
	return top->names && top->by_name ? TAKE_PTR(top) : NULL;
}

void top__free(struct top *top)
{
	if (!top)
		return;
	intern__free(top->names);
	hashmap__free(top->by_name);
	vec__done(&top->rows);
	free(top);
}

double top__seconds(const struct top *top)
{
	return top->seconds;
}

static int64_t rate(int64_t now, int64_t before, double seconds)
{
	return seconds > 0 && now > before ? (int64_t)((double)(now - before) / seconds + 0.5) : 0;
}

/* A look that is being taken. */
struct look {
	const struct top *top;
	double seconds; /* since the last one */
	struct row_vec rows;
};

/* @values in the order of enum profile_metric; what they were last time makes the rates. */
static int add_row(struct look *look, const char *text, const int64_t values[PROFILE_METRIC_CNT])
{
	const struct row *last = NULL;
	struct row row = {};
	uint64_t at;
	int err = intern__add(look->top->names, text, &row.name);

	if (err)
		return err;
	if (hashmap__get(look->top->by_name, row.name, &at))
		last = &look->top->rows.at[at - 1];
	row.values[TOP_ALLOC_OBJECTS] = values[PROFILE_ALLOC_OBJECTS];
	row.values[TOP_ALLOC_SPACE] = values[PROFILE_ALLOC_SPACE];
	row.values[TOP_INUSE_OBJECTS] = values[PROFILE_INUSE_OBJECTS];
	row.values[TOP_INUSE_SPACE] = values[PROFILE_INUSE_SPACE];
	row.values[TOP_OBJECT_RATE] =
		rate(values[PROFILE_ALLOC_OBJECTS], last ? last->values[TOP_ALLOC_OBJECTS] : 0,
		     look->seconds);
	row.values[TOP_BYTE_RATE] = rate(values[PROFILE_ALLOC_SPACE],
					 last ? last->values[TOP_ALLOC_SPACE] : 0, look->seconds);
	return vec__push(&look->rows, row);
}

/* No group is called so: a name of theirs is never two lines. */
#define TOTAL "\ntotal"

static void pick(const int64_t *values, const size_t types[PROFILE_METRIC_CNT],
		 int64_t ret[PROFILE_METRIC_CNT])
{
	size_t i;

	for (i = 0; i < PROFILE_METRIC_CNT; i++)
		ret[i] = values[types[i]];
}

static int add_groups(struct look *look, const struct profile *profile,
		      const size_t types[PROFILE_METRIC_CNT])
{
	struct groups *groups __free(groups) = NULL;
	struct buf *text __free(buf) = buf__new(0);
	int64_t values[PROFILE_METRIC_CNT];
	size_t i;
	int err =
		text ? groups_new(profile, groupings[look->top->by], GROUPS_ALL, &groups) : -ENOMEM;

	for (i = 0; !err && i < groups__cnt(groups); i++) {
		buf__reset(text);
		groups__name(groups, i, true, text);
		pick(groups__flat(groups, i), types, values);
		err = buf__error(text);
		if (!err)
			err = add_row(look, buf__data(text), values);
	}
	return err;
}

/* "parse parse.c:12 through xmalloc" */
static void place_name(const struct places *places, const struct place_spot *spot, struct buf *out)
{
	const char *file = places__str(places, spot->file), *slash = strrchr(file, '/');

	buf__reset(out);
	buf__append_str(out, places__str(places, spot->function));
	if (spot->line)
		buf__printf(out, " %s:%u", slash ? slash + 1 : file, spot->line);
	if (spot->via)
		buf__printf(out, " through %s", places__str(places, spot->via));
}

static int add_places(struct look *look, const struct profile *profile)
{
	struct places *places __free(places) = NULL;
	struct buf *text __free(buf) = buf__new(0);
	size_t i;
	int err = text ? places_of_profile(profile, &places) : -ENOMEM;

	for (i = 0; !err && i < places->rows.cnt; i++) {
		const struct place *place = &places->rows.at[i];
		int64_t values[PROFILE_METRIC_CNT] = {
			[PROFILE_ALLOC_OBJECTS] = llround(place->objects),
			[PROFILE_ALLOC_SPACE] = llround(place->bytes),
			[PROFILE_INUSE_OBJECTS] = llround(place->inuse_objects),
			[PROFILE_INUSE_SPACE] = llround(place->inuse_bytes),
		};

		place_name(places, &place->spot, text);
		err = buf__error(text);
		if (!err)
			err = add_row(look, buf__data(text), values);
	}
	return err;
}

static int remember(struct top *top)
{
	struct hashmap *by_name __free(hashmap) = hashmap__new();
	size_t i;

	if (!by_name)
		return -ENOMEM;
	for (i = 0; i < top->rows.cnt; i++) {
		if (hashmap__set(by_name, top->rows.at[i].name, i + 1))
			return -ENOMEM;
	}
	hashmap__free(top->by_name);
	top->by_name = TAKE_PTR(by_name);
	return 0;
}

int top__update(struct top *top, const struct profile *profile)
{
	double seconds = (double)profile__meta(profile)->duration_ns / 1e9;
	struct look look = { .top = top, .seconds = seconds - top->seconds };
	int64_t totals[PROFILE_TYPES_MAX], values[PROFILE_METRIC_CNT];
	size_t types[PROFILE_METRIC_CNT];
	int err;

	if (!profile__heap_types(profile, types))
		return -EINVAL;
	profile__totals(profile, totals);
	pick(totals, types, values);
	err = add_row(&look, TOTAL, values);
	if (!err)
		err = top->by == TOP_BY_SITE ? add_places(&look, profile)
					     : add_groups(&look, profile, types);
	if (err) {
		vec__done(&look.rows);
		return err;
	}
	vec__done(&top->rows);
	top->rows = look.rows;
	top->seconds = seconds;
	return remember(top);
}

struct order {
	const struct row *row;
	int64_t key;
	const char *name;
};

static int by_key(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The rows but for the total that have anything to show, in order; NULL: no memory. malloc'd. */
static struct order *sorted(const struct top *top, enum top_column sort, size_t row_cnt,
			    size_t *ret_cnt)
{
	struct order *order = calloc(top->rows.cnt + 1, sizeof(*order));
	size_t i, cnt = 0;

	for (i = 1; order && i < top->rows.cnt; i++) {
		const struct row *row = &top->rows.at[i];

		/* Callers that allocate nothing themselves. */
		if (!row->values[TOP_ALLOC_OBJECTS] && !row->values[TOP_ALLOC_SPACE])
			continue;
		order[cnt++] = (struct order){ row, row->values[sort],
					       intern__str(top->names, row->name) };
	}
	if (order)
		qsort(order, cnt, sizeof(*order), by_key);
	*ret_cnt = row_cnt && row_cnt < cnt ? row_cnt : cnt;
	return order;
}

static void print_row(struct table *table, const struct row *row, const char *name, bool exact)
{
	char text[VALUE_TEXT_MAX];
	size_t i;

	for (i = 0; i < TOP_COLUMN_CNT; i++)
		table__cell(table,
			    row->values[i]
				    ? value_format(row->values[i], columns[i].unit, exact, text)
				    : "·",
			    row->values[i] ? TABLE_PLAIN : TABLE_DIM);
	table__cell(table, name, TABLE_PLAIN);
}

int top__write_table(const struct top *top, enum top_column sort, size_t row_cnt,
		     const struct view_style *style, struct buf *out)
{
	struct table_column headings[TOP_COLUMN_CNT + 1] = {};
	struct table *table __free(table) = NULL;
	struct order *order __free_mem = NULL;
	size_t i, cnt;

	for (i = 0; i < TOP_COLUMN_CNT; i++)
		headings[i] = (struct table_column){ columns[i].group, columns[i].heading,
						     .drop = i == sort ? 0 : columns[i].drop,
						     .marked = i == sort };
	headings[TOP_COLUMN_CNT] =
		(struct table_column){ NULL, top_by_names[top->by], .left = true };
	table = table__new(headings, TOP_COLUMN_CNT + 1);
	order = sorted(top, sort, row_cnt, &cnt);
	if (!table || !order)
		return -ENOMEM;
	if (top->rows.cnt)
		print_row(table, &top->rows.at[0], "total", style->exact);
	for (i = 0; i < cnt; i++)
		print_row(table, order[i].row, order[i].name, style->exact);
	return table__print(table, style->width, style->colored, out);
}

void top_write_line_heading(struct buf *out)
{
	size_t i;

	buf__append_str(out, "# seconds");
	for (i = 0; i < TOP_COLUMN_CNT; i++)
		buf__printf(out, " %s", columns[i].word);
	buf__append_str(out, " name\n");
}

static void write_line(const struct top *top, const struct row *row, const char *name,
		       struct buf *out)
{
	size_t i;

	buf__printf(out, "%.1f", top->seconds);
	for (i = 0; i < TOP_COLUMN_CNT; i++)
		buf__printf(out, " %lld", (long long)row->values[i]);
	buf__append_char(out, ' ');
	text_append_safe(out, name, strlen(name));
	buf__append_char(out, '\n');
}

void top__write_lines(const struct top *top, enum top_column sort, size_t row_cnt, struct buf *out)
{
	struct order *order __free_mem = NULL;
	size_t i, cnt = 0;

	order = sorted(top, sort, row_cnt, &cnt);
	if (top->rows.cnt)
		write_line(top, &top->rows.at[0], "total", out);
	for (i = 0; order && i < cnt; i++)
		write_line(top, order[i].row, order[i].name, out);
}
