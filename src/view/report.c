// SPDX-License-Identifier: Apache-2.0
#include "view/report.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/param.h>

#include "view/advice.h"
#include "view/heading.h"
#include "view/table.h"
#include "view/text.h"
#include "view/value.h"

#define COLUMNS_MAX (PROFILE_TYPES_MAX + 8)
#define ERROR_SHOWN 0.05 /* standard errors below this share are not worth a thought */

/* What stands in a column. */
enum kind {
	KIND_SHARE, /* of the ordering type and kind */
	KIND_RUNNING_SHARE,
	KIND_ERROR,
	KIND_VALUE, /* of one type, in the ordering kind */
	KIND_MEAN,  /* bytes per object */
	KIND_OTHER, /* the ordering type in the other kind: cum where flat orders */
	KIND_OTHER_SHARE,
	KIND_NAME,
};

struct column {
	enum kind kind;
	size_t type;
	size_t count_type; /* of KIND_MEAN */
};

struct report {
	const struct profile *profile;
	const struct report_options *opt;
	struct groups *groups;
	size_t column_cnt;
	struct column columns[COLUMNS_MAX];
	struct table_column headings[COLUMNS_MAX];
	int64_t running; /* sum of the ordering values so far */
};

static void add_column(struct report *report, struct column column, struct table_column heading)
{
	report->columns[report->column_cnt] = column;
	report->headings[report->column_cnt++] = heading;
}

static void add_value(struct report *report, size_t type, const char *group, const char *heading,
		      int drop)
{
	bool orders = type == report->opt->type;

	add_column(report, (struct column){ KIND_VALUE, type, 0 },
		   (struct table_column){ group, heading, .drop = orders ? 0 : drop,
					  .marked = orders });
}

static void add_heap_columns(struct report *report, const size_t heap[PROFILE_METRIC_CNT])
{
	const char *alloc = report->opt->cum ? "allocated, cum" : "allocated";
	const char *inuse = report->opt->cum ? "in use, cum" : "in use";

	add_value(report, heap[PROFILE_ALLOC_SPACE], alloc, "bytes", 2);
	add_value(report, heap[PROFILE_ALLOC_OBJECTS], alloc, "objects", 3);
	add_column(report,
		   (struct column){ KIND_MEAN, heap[PROFILE_ALLOC_SPACE],
				    heap[PROFILE_ALLOC_OBJECTS] },
		   (struct table_column){ alloc, "mean", .drop = 7 });
	add_value(report, heap[PROFILE_INUSE_SPACE], inuse, "bytes", 2);
	add_value(report, heap[PROFILE_INUSE_OBJECTS], inuse, "objects", 3);
}

static bool is_one_of(size_t type, const size_t types[PROFILE_METRIC_CNT])
{
	size_t i;

	for (i = 0; i < PROFILE_METRIC_CNT && types[i] != type; i++)
		;
	return i < PROFILE_METRIC_CNT;
}

static void add_columns(struct report *report)
{
	const struct report_options *opt = report->opt;
	const char *unit = profile__type_unit(report->profile, opt->type);
	const char *other = opt->cum ? "flat" : "cum";
	size_t heap[PROFILE_METRIC_CNT], i;
	bool is_heap = profile__heap_types(report->profile, heap);

	add_column(report, (struct column){ KIND_SHARE }, (struct table_column){ NULL, "share" });
	add_column(report, (struct column){ KIND_RUNNING_SHARE },
		   (struct table_column){ NULL, "sum", .drop = opt->cum ? 99 : 8 });
	if (profile__sample_cnt(report->profile) && profile__variances(report->profile, 0))
		add_column(report, (struct column){ KIND_ERROR },
			   (struct table_column){ NULL, "±", .drop = 4 });
	if (is_heap)
		add_heap_columns(report, heap);
	for (i = 0; i < profile__type_cnt(report->profile); i++) {
		if (!is_heap || !is_one_of(i, heap))
			add_value(report, i, NULL, profile__type_name(report->profile, i), 3);
	}
	if (opt->by != VIEW_BY_PROCESS) {
		add_column(report, (struct column){ KIND_OTHER },
			   (struct table_column){ other,
						  !strcmp(unit, "bytes")   ? "bytes"
						  : !strcmp(unit, "count") ? "objects"
									   : "value",
						  .drop = 5 });
		add_column(report, (struct column){ KIND_OTHER_SHARE },
			   (struct table_column){ other, "share", .drop = 6 });
	}
	add_column(report, (struct column){ KIND_NAME },
		   (struct table_column){ NULL, view_by_names[opt->by], .left = true });
}

/* One row's numbers, from a group or summed over many. */
struct row {
	const int64_t *values; /* in the ordering kind */
	const int64_t *others;
	double error; /* of values[type] */
	const char *name;
	enum table_style style;
	bool is_sum; /* of others: what cum would be is unknown */
};

static enum table_style share_style(double share)
{
	share = fabs(share);
	return share >= 0.2 ? TABLE_RED : share >= 0.05 ? TABLE_YELLOW : TABLE_PLAIN;
}

static const char *format_mean(int64_t bytes, int64_t objects, bool exact,
			       char out[static VALUE_TEXT_MAX])
{
	if (objects <= 0 || bytes < 0) {
		out[0] = '\0';
		return out;
	}
	return value_format(llround((double)bytes / (double)objects), "bytes", exact, out);
}

static const char *format_error(const struct row *row, size_t type, char out[static VALUE_TEXT_MAX])
{
	double share = row->values[type] ? row->error / fabs((double)row->values[type]) : 0;

	if (share < ERROR_SHOWN)
		out[0] = '\0';
	else
		snprintf(out, VALUE_TEXT_MAX, "±%.0f%%", fmin(100 * share, 999));
	return out;
}

static void add_cell(struct report *report, struct table *table, const struct column *column,
		     const struct row *row)
{
	const struct report_options *opt = report->opt;
	const int64_t *totals = groups__totals(report->groups);
	const char *unit = profile__type_unit(report->profile, column->type);
	enum table_style style = row->style;
	char text[VALUE_TEXT_MAX] = "";

	switch (column->kind) {
	case KIND_SHARE:
		value_format_share(row->values[opt->type], totals[opt->type], text);
		if (style == TABLE_PLAIN)
			style = share_style(value_share(row->values[opt->type], totals[opt->type]));
		break;
	case KIND_RUNNING_SHARE:
		if (!row->is_sum && !opt->cum)
			value_format_share(report->running, totals[opt->type], text);
		break;
	case KIND_ERROR:
		format_error(row, opt->type, text);
		break;
	case KIND_VALUE:
		if (row->values[column->type])
			value_format(row->values[column->type], unit, opt->style.exact, text);
		else
			snprintf(text, sizeof(text), "%s", opt->style.exact ? "0" : "·");
		if (style == TABLE_PLAIN && !row->values[column->type])
			style = TABLE_DIM;
		break;
	case KIND_MEAN:
		format_mean(row->values[column->type], row->values[column->count_type],
			    opt->style.exact, text);
		break;
	case KIND_OTHER:
		unit = profile__type_unit(report->profile, opt->type);
		if (row->others)
			value_format(row->others[opt->type], unit, opt->style.exact, text);
		break;
	case KIND_OTHER_SHARE:
		if (row->others)
			value_format_share(row->others[opt->type], totals[opt->type], text);
		break;
	case KIND_NAME:
		table__cell(table, row->name, style);
		return;
	}
	/* Scripts count columns. */
	table__cell(table, opt->style.exact && !*text ? "-" : text, style);
}

static void add_row(struct report *report, struct table *table, const struct row *row)
{
	size_t i;

	for (i = 0; i < report->column_cnt; i++)
		add_cell(report, table, &report->columns[i], row);
}

static void add_group(struct report *report, struct table *table, size_t group, struct buf *name)
{
	const struct report_options *opt = report->opt;
	const int64_t *flat = groups__flat(report->groups, group);
	const int64_t *cum = groups__cum(report->groups, group);
	struct row row = {
		.values = opt->cum ? cum : flat,
		.others = opt->cum ? flat : cum,
		.error = opt->cum ? 0 : groups__flat_error(report->groups, group, opt->type),
	};

	buf__reset(name);
	groups__name(report->groups, group, opt->style.width, name);
	row.name = buf__data(name);
	report->running = value_add(report->running, row.values[opt->type]);
	add_row(report, table, &row);
}

/* The rows not shown as one, so that the column adds up to the total. */
static void add_rest(struct report *report, struct table *table, const uint32_t *rest, size_t cnt)
{
	int64_t sums[PROFILE_TYPES_MAX] = {};
	size_t i, type, type_cnt = profile__type_cnt(report->profile);
	char name[64];
	struct row row = { .values = sums, .style = TABLE_DIM, .is_sum = true, .name = name };

	for (i = 0; i < cnt; i++) {
		for (type = 0; type < type_cnt; type++)
			sums[type] =
				value_add(sums[type], groups__flat(report->groups, rest[i])[type]);
	}
	snprintf(name, sizeof(name), "(%zu more)", cnt);
	add_row(report, table, &row);
}

/* Rows without a value of what is sorted by are @cnt to @all_cnt: shown where all are, and part of the rest. */
static int write_table(struct report *report, const uint32_t *sorted, size_t cnt, size_t all_cnt,
		       struct buf *out)
{
	const struct report_options *opt = report->opt;
	size_t shown = opt->row_cnt ? MIN(opt->row_cnt, cnt) : all_cnt, i;
	struct table *table __free(table) = table__new(report->headings, report->column_cnt);
	struct buf *name __free(buf) = buf__new(0);
	const int64_t *totals = groups__totals(report->groups);
	struct row total = { .values = totals,
			     .others = totals,
			     .name = "total",
			     .style = TABLE_BOLD,
			     .is_sum = true };

	if (!table || !name)
		return -ENOMEM;
	add_row(report, table, &total);
	for (i = 0; i < shown; i++)
		add_group(report, table, sorted[i], name);
	/* Callers contain callees: sums of cum mean nothing. */
	if (shown < all_cnt && !opt->cum)
		add_rest(report, table, sorted + shown, all_cnt - shown);
	return table__print(table, opt->style.width, opt->style.colored, out);
}

int report_write(const struct profile *profile, const struct report_options *options,
		 struct buf *out)
{
	struct report report = { .profile = profile, .opt = options };
	struct groups *groups __free(groups) = NULL;
	uint32_t *sorted __free_mem = NULL;
	size_t cnt, all_cnt;
	int err;

	err = groups_new(profile, options->by, GROUPS_ALL, &groups);
	if (!err)
		err = groups__sorted(groups, options->type, options->cum, &sorted, &cnt, &all_cnt);
	if (err)
		return err;
	report.groups = groups;
	heading_write(profile, options->name, &options->style, out);
	buf__append_char(out, '\n');
	add_columns(&report);
	err = write_table(&report, sorted, cnt, all_cnt, out);
	if (!err && (options->by == VIEW_BY_FUNCTION || options->by == VIEW_BY_LINE))
		err = advice_write(profile, groups, &options->style, out);
	return err ? err : buf__error(out);
}
