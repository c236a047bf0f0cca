// SPDX-License-Identifier: Apache-2.0
/*
 * One profile holds both sides, told apart by a label; grouped twice, groups have the same numbers
 * on both sides, so that what changed is a subtraction.
 */
#include "view/difference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "view/table.h"
#include "view/text.h"
#include "view/value.h"

#define COLUMNS_MAX (PROFILE_TYPES_MAX + 4)

struct difference {
	const struct profile *profile;
	const struct difference_options *opt;
	struct groups *before;
	struct groups *after;
	size_t type_cnt;
	size_t order[PROFILE_TYPES_MAX]; /* sample types in the order of their columns */
	struct table_column columns[COLUMNS_MAX];
	size_t column_cnt;
};

struct change {
	uint32_t group;
	int64_t before;
	int64_t after;
};

/* How many groups did what. */
struct tally {
	size_t grown, shrunk, new, gone;
};

static const int64_t *values(const struct difference *diff, const struct groups *side, size_t group)
{
	return diff->opt->cum ? groups__cum(side, group) : groups__flat(side, group);
}

static int64_t delta_of(const struct change *change)
{
	return value_sub(change->after, change->before);
}

static uint64_t size_of(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static int compare_sizes(const void *a, const void *b)
{
	uint64_t x = size_of(delta_of(a)), y = size_of(delta_of(b));

	if (x != y)
		return x > y ? -1 : 1;
	return ((const struct change *)a)->group < ((const struct change *)b)->group ? -1 : 1;
}

static int compare_shown(const void *a, const void *b)
{
	int64_t x = delta_of(a), y = delta_of(b);

	if ((x > 0) != (y > 0))
		return x > 0 ? -1 : 1;
	return compare_sizes(a, b);
}

/* Groups whose ordering type changed, the biggest change first. */
static int find_changes(const struct difference *diff, struct change **ret, size_t *ret_cnt,
			struct tally *tally)
{
	size_t group_cnt = groups__cnt(diff->after), cnt = 0, i;
	struct change *changes = calloc(group_cnt + 1, sizeof(*changes));

	if (!changes)
		return -ENOMEM;
	for (i = 0; i < group_cnt; i++) {
		struct change change = { (uint32_t)i,
					 values(diff, diff->before, i)[diff->opt->type],
					 values(diff, diff->after, i)[diff->opt->type] };

		if (!delta_of(&change))
			continue;
		tally->grown += delta_of(&change) > 0;
		tally->shrunk += delta_of(&change) < 0;
		tally->new += !change.before;
		tally->gone += !change.after;
		changes[cnt++] = change;
	}
	qsort(changes, cnt, sizeof(*changes), compare_sizes);
	*ret = changes;
	*ret_cnt = cnt;
	return 0;
}

static void add_column(struct difference *diff, const char *group, const char *heading, int drop,
		       bool marked)
{
	diff->columns[diff->column_cnt++] = (struct table_column){
		.group = group,
		.heading = heading,
		.drop = marked ? 0 : drop,
		.marked = marked,
	};
}

static void add_type(struct difference *diff, size_t type, const char *group, const char *heading)
{
	diff->order[diff->type_cnt++] = type;
	add_column(diff, group, heading, 4, type == diff->opt->type);
}

static void add_columns(struct difference *diff)
{
	const char *alloc = diff->opt->cum ? "allocated, cum, change" : "allocated, change";
	const char *inuse = diff->opt->cum ? "in use, cum, change" : "in use, change";
	size_t heap[PROFILE_METRIC_CNT], i;

	if (profile__heap_types(diff->profile, heap)) {
		add_type(diff, heap[PROFILE_ALLOC_SPACE], alloc, "bytes");
		add_type(diff, heap[PROFILE_ALLOC_OBJECTS], alloc, "objects");
		add_type(diff, heap[PROFILE_INUSE_SPACE], inuse, "bytes");
		add_type(diff, heap[PROFILE_INUSE_OBJECTS], inuse, "objects");
	} else {
		for (i = 0; i < profile__type_cnt(diff->profile); i++)
			add_type(diff, i, "change", profile__type_name(diff->profile, i));
	}
	add_column(diff, profile__type_name(diff->profile, diff->opt->type), "before", 3, false);
	add_column(diff, profile__type_name(diff->profile, diff->opt->type), "after", 2, false);
	add_column(diff, NULL, "", 0, false);
	diff->columns[diff->column_cnt++] = (struct table_column){
		.heading = view_by_names[diff->opt->by],
		.left = true,
	};
}

static enum table_style delta_style(int64_t delta)
{
	return delta > 0 ? TABLE_RED : delta < 0 ? TABLE_GREEN : TABLE_DIM;
}

static void format_change(const struct change *change, char out[static VALUE_TEXT_MAX])
{
	double ratio = value_share(delta_of(change), change->before);

	if (!delta_of(change))
		out[0] = '\0';
	else if (!change->before || !change->after)
		snprintf(out, VALUE_TEXT_MAX, "%s", change->after ? "new" : "gone");
	else if (ratio >= 10)
		snprintf(out, VALUE_TEXT_MAX, "×%.0f", ratio + 1);
	else
		snprintf(out, VALUE_TEXT_MAX, "%+.1f%%", 100 * ratio);
}

static void add_row(const struct difference *diff, struct table *table, const int64_t *before,
		    const int64_t *after, const char *name, enum table_style style)
{
	bool exact = diff->opt->style.exact;
	size_t type = diff->opt->type, i;
	struct change change = { 0, before[type], after[type] };
	char text[VALUE_TEXT_MAX];

	for (i = 0; i < diff->type_cnt; i++) {
		int64_t delta = value_sub(after[diff->order[i]], before[diff->order[i]]);
		const char *unit = profile__type_unit(diff->profile, diff->order[i]);

		if (delta)
			value_format_delta(delta, unit, exact, text);
		else
			snprintf(text, sizeof(text), "%s", exact ? "0" : "·");
		table__cell(table, text, delta_style(delta));
	}
	table__cell(
		table,
		value_format(change.before, profile__type_unit(diff->profile, type), exact, text),
		style);
	table__cell(
		table,
		value_format(change.after, profile__type_unit(diff->profile, type), exact, text),
		style);
	format_change(&change, text);
	/* Scripts count columns. */
	table__cell(table, exact && !*text ? "-" : text,
		    style == TABLE_PLAIN ? delta_style(delta_of(&change)) : style);
	table__cell(table, name, style);
}

/* All groups but those shown, so that the columns add up to the total. */
static void add_rest(const struct difference *diff, struct table *table, const struct change *shown,
		     size_t shown_cnt, size_t rest_cnt)
{
	int64_t before[PROFILE_TYPES_MAX], after[PROFILE_TYPES_MAX];
	size_t type_cnt = profile__type_cnt(diff->profile), i, type;
	char name[64];

	for (type = 0; type < type_cnt; type++) {
		before[type] = groups__totals(diff->before)[type];
		after[type] = groups__totals(diff->after)[type];
		for (i = 0; i < shown_cnt; i++) {
			before[type] = value_sub(before[type],
						 values(diff, diff->before, shown[i].group)[type]);
			after[type] = value_sub(after[type],
						values(diff, diff->after, shown[i].group)[type]);
		}
	}
	snprintf(name, sizeof(name), rest_cnt ? "(%zu more, and the unchanged)" : "(the unchanged)",
		 rest_cnt);
	add_row(diff, table, before, after, name, TABLE_DIM);
}

static int write_table(struct difference *diff, struct change *changes, size_t cnt, struct buf *out)
{
	size_t shown = diff->opt->row_cnt ? MIN(diff->opt->row_cnt, cnt) : cnt, i;
	struct buf *name __free(buf) = buf__new(0);
	struct table *table __free(table) = NULL;

	add_columns(diff);
	table = table__new(diff->columns, diff->column_cnt);
	if (!table || !name)
		return -ENOMEM;
	qsort(changes, shown, sizeof(*changes), compare_shown);
	add_row(diff, table, groups__totals(diff->before), groups__totals(diff->after), "total",
		TABLE_BOLD);
	for (i = 0; i < shown; i++) {
		buf__reset(name);
		groups__name(diff->after, changes[i].group, diff->opt->style.width, name);
		add_row(diff, table, values(diff, diff->before, changes[i].group),
			values(diff, diff->after, changes[i].group), buf__data(name), TABLE_PLAIN);
	}
	if (!diff->opt->cum)
		add_rest(diff, table, changes, shown, cnt - shown);
	return table__print(table, diff->opt->style.width, diff->opt->style.colored, out);
}

static void write_summary(const struct difference *diff, const struct tally *tally, struct buf *out)
{
	size_t type = diff->opt->type;
	struct change total = { 0, groups__totals(diff->before)[type],
				groups__totals(diff->after)[type] };
	const char *unit = profile__type_unit(diff->profile, type);
	const char *name = profile__type_name(diff->profile, type);
	char delta[VALUE_TEXT_MAX], change[VALUE_TEXT_MAX];

	text_append_safe(out, name, strlen(name));
	if (delta_of(&total)) {
		format_change(&total, change);
		buf__printf(out, " %s by %s (%s)", delta_of(&total) > 0 ? "grew" : "shrank",
			    value_format((int64_t)MIN(size_of(delta_of(&total)), INT64_MAX), unit,
					 diff->opt->style.exact, delta),
			    change);
	} else {
		buf__append_str(out, " is the same in all");
	}
	buf__printf(out, "; by %s: %zu grew (%zu new), %zu shrank (%zu gone).\n\n",
		    view_by_names[diff->opt->by], tally->grown, tally->new, tally->shrunk,
		    tally->gone);
}

int difference_write(const struct profile *difference, const struct difference_options *options,
		     struct buf *out)
{
	struct groups *before __free(groups) = NULL, *after __free(groups) = NULL;
	struct difference diff = { .profile = difference, .opt = options };
	struct change *changes __free_mem = NULL;
	struct tally tally = {};
	size_t cnt;
	int err;

	err = groups_new(difference, options->by, GROUPS_BASE, &before);
	if (!err)
		err = groups_new(difference, options->by, GROUPS_NOT_BASE, &after);
	if (err)
		return err;
	diff.before = before;
	diff.after = after;
	err = find_changes(&diff, &changes, &cnt, &tally);
	if (err)
		return err;
	write_summary(&diff, &tally, out);
	err = write_table(&diff, changes, cnt, out);
	return err ? err : buf__error(out);
}
