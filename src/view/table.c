// SPDX-License-Identifier: Apache-2.0
#include "view/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/vec.h"
#include "view/short_name.h"
#include "view/text.h"

#define GAP           2  /* blanks between columns */
#define LAST_COLS_MIN 30 /* below this, other columns go first */
#define MARK          " ▾"

struct cell {
	uint32_t offset; /* in text */
	uint32_t style;
};

struct table {
	const struct table_column *columns;
	size_t column_cnt;
	VEC(struct cell) cells;
	struct buf *text; /* cells, each with its NUL */
	int error;
};

/* What table__print() decides before it writes. */
struct layout {
	size_t cols[32];
	bool shown[32];
};

void table_styled(struct buf *out, const char *text, enum table_style style, bool colored)
{
	static const char *const codes[] = {
		[TABLE_PLAIN] = "",        [TABLE_BOLD] = "\x1b[1m",    [TABLE_DIM] = "\x1b[2m",
		[TABLE_RED] = "\x1b[31m",  [TABLE_YELLOW] = "\x1b[33m", [TABLE_GREEN] = "\x1b[32m",
		[TABLE_CYAN] = "\x1b[36m",
	};

	if (!colored || style == TABLE_PLAIN)
		buf__append_str(out, text);
	else
		buf__printf(out, "%s%s\x1b[0m", codes[style], text);
}

struct table *table__new(const struct table_column *columns, size_t column_cnt)
{
	struct table *table __free(table) = calloc(1, sizeof(*table));

	if (!table || column_cnt > sizeof(((struct layout *)0)->shown))
		return NULL;
	table->columns = columns;
	table->column_cnt = column_cnt;
	table->text = buf__new(UINT32_MAX);
	return table->text ? TAKE_PTR(table) : NULL;
}

void table__free(struct table *table)
{
	if (!table)
		return;
	vec__done(&table->cells);
	buf__free(table->text);
	free(table);
}

void table__cell(struct table *table, const char *text, enum table_style style)
{
	struct cell cell = { (uint32_t)buf__len(table->text), style };

	buf__append(table->text, text, strlen(text) + 1);
	if (vec__push(&table->cells, cell))
		table->error = -ENOMEM;
}

static const char *cell_text(const struct table *table, size_t row, size_t column)
{
	return buf__data(table->text) + table->cells.at[row * table->column_cnt + column].offset;
}

static size_t row_cnt(const struct table *table)
{
	return table->cells.cnt / table->column_cnt;
}

static size_t heading_width(const struct table_column *column)
{
	return text_width(column->heading) + (column->marked ? text_width(MARK) : 0);
}

static void measure(const struct table *table, struct layout *layout)
{
	size_t i, row;

	for (i = 0; i < table->column_cnt; i++) {
		layout->shown[i] = true;
		layout->cols[i] = heading_width(&table->columns[i]);
		for (row = 0; row < row_cnt(table); row++)
			layout->cols[i] =
				MAX(layout->cols[i], text_width(cell_text(table, row, i)));
	}
}

static size_t total_width(const struct table *table, const struct layout *layout)
{
	size_t i, width = 0;

	for (i = 0; i < table->column_cnt; i++)
		width += layout->shown[i] ? layout->cols[i] + GAP : 0;
	return width - GAP;
}

/* The shown column that is the first to go, or column_cnt. */
static size_t most_droppable(const struct table *table, const struct layout *layout)
{
	size_t i, worst = table->column_cnt;

	for (i = 0; i < table->column_cnt; i++) {
		if (!layout->shown[i] || !table->columns[i].drop)
			continue;
		if (worst == table->column_cnt ||
		    table->columns[i].drop > table->columns[worst].drop)
			worst = i;
	}
	return worst;
}

static void fit(const struct table *table, size_t width, struct layout *layout)
{
	size_t last = table->column_cnt - 1, wanted = layout->cols[last], needed, drop;

	layout->cols[last] = MIN(wanted, LAST_COLS_MIN);
	while (total_width(table, layout) > width) {
		drop = most_droppable(table, layout);
		if (drop == table->column_cnt)
			break;
		layout->shown[drop] = false;
	}
	needed = total_width(table, layout);
	if (needed < width)
		layout->cols[last] = MIN(wanted, layout->cols[last] + width - needed);
}

static void blanks(struct buf *out, size_t cnt)
{
	buf__printf(out, "%*s", (int)cnt, "");
}

/* One heading over neighbours of one group, centred, ruled to its borders. */
static void print_group(const struct table_column *column, size_t cols, bool colored,
			struct buf *out)
{
	struct buf *line __free(buf) = buf__new(0);
	size_t len = text_width(column->group), i, rule;

	if (!line)
		return;
	rule = cols >= len + 4 ? cols - len - 2 : 0;
	for (i = 0; i < rule / 2; i++)
		buf__append_str(line, "─");
	buf__append_str(line, rule ? " " : "");
	text_append_safe(line, column->group, text_fit(column->group, cols));
	buf__append_str(line, rule ? " " : "");
	for (i = 0; i < rule - rule / 2; i++)
		buf__append_str(line, "─");
	if (!rule && len < cols)
		blanks(line, cols - len);
	table_styled(out, buf__data(line), TABLE_DIM, colored);
}

static void print_groups(const struct table *table, const struct layout *layout, bool colored,
			 struct buf *out)
{
	const struct table_column *columns = table->columns;
	size_t i, j, cols, pending = 0;
	bool any = false;

	for (i = 0; i < table->column_cnt; i = j) {
		cols = 0;
		for (j = i; j < table->column_cnt; j++) {
			const char *group = columns[j].group;

			if (j > i &&
			    (!group || !columns[i].group || strcmp(group, columns[i].group)))
				break;
			if (layout->shown[j])
				cols += layout->cols[j] + GAP;
		}
		if (!cols)
			continue;
		if (columns[i].group) {
			blanks(out, pending);
			print_group(&columns[i], cols - GAP, colored, out);
			pending = GAP;
			any = true;
		} else {
			pending += cols;
		}
	}
	if (any)
		buf__append_char(out, '\n');
}

static void pad_cell(const char *text, size_t text_cols, size_t cols, bool left, bool last,
		     enum table_style style, bool colored, struct buf *out)
{
	size_t pad = cols > text_cols ? cols - text_cols : 0;

	if (!left)
		blanks(out, pad);
	table_styled(out, text, style, colored);
	if (left && !last)
		blanks(out, pad);
	if (!last)
		blanks(out, GAP);
}

static void print_headings(const struct table *table, const struct layout *layout, bool colored,
			   struct buf *out, struct buf *scratch)
{
	size_t i, last = table->column_cnt - 1;

	for (i = 0; i < table->column_cnt; i++) {
		const struct table_column *column = &table->columns[i];

		if (!layout->shown[i])
			continue;
		buf__reset(scratch);
		text_append_safe(scratch, column->heading, strlen(column->heading));
		buf__append_str(scratch, column->marked ? MARK : "");
		pad_cell(buf__data(scratch), text_width(buf__data(scratch)), layout->cols[i],
			 column->left, i == last, column->marked ? TABLE_BOLD : TABLE_DIM, colored,
			 out);
	}
	buf__append_char(out, '\n');
}

static void print_row(const struct table *table, const struct layout *layout, size_t row,
		      bool colored, struct buf *out, struct buf *scratch)
{
	size_t i, last = table->column_cnt - 1;

	for (i = 0; i < table->column_cnt; i++) {
		const char *text = cell_text(table, row, i);
		enum table_style style = table->cells.at[row * table->column_cnt + i].style;

		if (!layout->shown[i])
			continue;
		buf__reset(scratch);
		if (i == last)
			short_name_append(scratch, text, layout->cols[i]);
		else
			text_append_safe(scratch, text, strlen(text));
		pad_cell(buf__data(scratch), text_width(buf__data(scratch)), layout->cols[i],
			 table->columns[i].left, i == last, style, colored, out);
	}
	buf__append_char(out, '\n');
}

int table__print(const struct table *table, size_t width, bool colored, struct buf *out)
{
	struct buf *scratch __free(buf) = buf__new(0);
	struct layout layout = {};
	size_t row;

	if (!scratch || table->error || buf__error(table->text))
		return -ENOMEM;
	measure(table, &layout);
	if (width)
		fit(table, width, &layout);
	print_groups(table, &layout, colored, out);
	print_headings(table, &layout, colored, out, scratch);
	for (row = 0; row < row_cnt(table); row++)
		print_row(table, &layout, row, colored, out, scratch);
	return buf__error(scratch) ? -ENOMEM : 0;
}
