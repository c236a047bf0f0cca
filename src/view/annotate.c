// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers come from two groupings of the same samples: by line for the margin, by function for the
 * heading, because the cums of a recursive function's lines add up to more than the function's.
 */
#include "view/annotate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "view/group.h"
#include "view/table.h"
#include "view/text.h"
#include "view/value.h"

#define CONTEXT_LINES      5
#define FUNCTION_LINES_MAX 400       /* do not start this far above the first line with a value */
#define GAP_LINES_MAX      16        /* longer stretches without values are left out */
#define LINE_NUMBER_MAX    (1 << 30) /* files lie; room to add */
#define NUMBER_COLS        10

/* A source line with values. */
struct hit {
	uint32_t name; /* of the function; strings of the profile */
	uint32_t filename;
	int32_t line;   /* 0: unknown */
	uint32_t group; /* by line */
};

/* The hits of one function in one file: hits[first .. first + cnt). */
struct routine {
	size_t first;
	size_t cnt;
	int64_t flat;
	int64_t cum;
	int32_t start_line; /* of the function; 0: unknown */
};

struct annotate {
	const struct profile *profile;
	const struct annotate_options *opt;
	struct groups *lines;
	struct groups *functions;
	struct hashmap *function_groups; /* name -> group by function */
	struct hashmap *start_lines;     /* (name, filename) -> start line */
	size_t objects_type;             /* SIZE_MAX: no column of objects */
	VEC(struct hit) hits;
	VEC(struct routine) routines;
};

static void annotate__done(struct annotate *ann)
{
	groups__free(ann->lines);
	groups__free(ann->functions);
	hashmap__free(ann->function_groups);
	hashmap__free(ann->start_lines);
	vec__done(&ann->hits);
	vec__done(&ann->routines);
}

static bool matches(const struct annotate *ann, uint32_t name)
{
	return !regexec(ann->opt->functions, profile__str(ann->profile, name), 0, NULL, 0);
}

static int compare_hits(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (x->filename != y->filename)
		return x->filename < y->filename ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static int compare_routines(const void *a, const void *b)
{
	const struct routine *x = a, *y = b;

	if (x->cum != y->cum)
		return x->cum > y->cum ? -1 : 1;
	if (x->flat != y->flat)
		return x->flat > y->flat ? -1 : 1;
	return x->first < y->first ? -1 : 1;
}

/* Lines with values whose function matches, sorted by function, file and line. */
static int find_hits(struct annotate *ann)
{
	struct hashmap *matched __free(hashmap) = hashmap__new(); /* name -> does it */
	size_t i, type = ann->opt->type;

	if (!matched)
		return -ENOMEM;
	for (i = 0; i < groups__cnt(ann->lines); i++) {
		uint32_t name = groups__function_name(ann->lines, i);
		struct hit hit = { name, groups__filename(ann->lines, i),
				   MIN(MAX(groups__line(ann->lines, i), 0), LINE_NUMBER_MAX),
				   (uint32_t)i };
		bool is_new;
		uint64_t *answer = hashmap__slot(matched, name, 0, &is_new);

		if (!answer)
			return -ENOMEM;
		if (is_new)
			*answer = matches(ann, name);
		if (!*answer ||
		    !(groups__flat(ann->lines, i)[type] || groups__cum(ann->lines, i)[type]))
			continue;
		if (vec__push(&ann->hits, hit))
			return -ENOMEM;
	}
	if (ann->hits.cnt)
		qsort(ann->hits.at, ann->hits.cnt, sizeof(*ann->hits.at), compare_hits);
	return 0;
}

static int index_functions(struct annotate *ann)
{
	size_t i;

	for (i = 0; i < groups__cnt(ann->functions); i++) {
		if (hashmap__set(ann->function_groups, groups__function_name(ann->functions, i), i))
			return -ENOMEM;
	}
	for (i = 1; i <= profile__function_cnt(ann->profile); i++) {
		const struct profile_function *fn = profile__function(ann->profile, (uint32_t)i);
		uint64_t key = (uint64_t)fn->name << 32 | fn->filename;

		if (fn->start_line > 0 &&
		    hashmap__set(ann->start_lines, key, (uint64_t)fn->start_line))
			return -ENOMEM;
	}
	return 0;
}

static int find_routines(struct annotate *ann)
{
	size_t i, type = ann->opt->type;

	for (i = 0; i < ann->hits.cnt; i++) {
		const struct hit *hit = &ann->hits.at[i];
		struct routine routine = { .first = i };
		uint64_t group, start;

		if (!i || hit->name != hit[-1].name || hit->filename != hit[-1].filename) {
			if (hashmap__get(ann->function_groups, hit->name, &group))
				routine.cum = groups__cum(ann->functions, group)[type];
			if (hashmap__get(ann->start_lines,
					 (uint64_t)hit->name << 32 | hit->filename, &start))
				routine.start_line = (int32_t)start;
			if (vec__push(&ann->routines, routine))
				return -ENOMEM;
		}
		ann->routines.at[ann->routines.cnt - 1].cnt++;
		ann->routines.at[ann->routines.cnt - 1].flat =
			value_add(ann->routines.at[ann->routines.cnt - 1].flat,
				  groups__flat(ann->lines, hit->group)[type]);
	}
	if (ann->routines.cnt)
		qsort(ann->routines.at, ann->routines.cnt, sizeof(*ann->routines.at),
		      compare_routines);
	return 0;
}

/* Where each line of a text begins. */
struct line_index {
	const char *text;
	VEC(size_t) begins; /* one more at the end */
};

static int index_lines(const struct annotate_source *source, struct line_index *ret)
{
	const char *end = source->text + source->len_bytes, *line = source->text, *newline;

	ret->text = source->text;
	while (line < end) {
		if (vec__push(&ret->begins, (size_t)(line - source->text)))
			return -ENOMEM;
		newline = memchr(line, '\n', (size_t)(end - line));
		line = newline ? newline + 1 : end;
	}
	return vec__push(&ret->begins, source->len_bytes);
}

static void append_source(const struct line_index *index, int32_t line, struct buf *out)
{
	size_t begin, end, column = 0, i;

	if (!line || (size_t)line >= index->begins.cnt)
		return;
	begin = index->begins.at[line - 1];
	end = index->begins.at[line];
	while (end > begin && (index->text[end - 1] == '\n' || index->text[end - 1] == '\r'))
		end--;
	/* Indentation stays as deep as it was in the file, whatever stands before it here. */
	for (; begin < end && (index->text[begin] == '\t' || index->text[begin] == ' '); begin++)
		column += index->text[begin] == '\t' ? 8 - column % 8 : 1;
	for (i = 0; begin < end && i < column; i++)
		buf__append_char(out, ' ');
	text_append_safe(out, index->text + begin, end - begin);
}

static void append_number(int64_t value, const char *unit, const struct annotate *ann,
			  struct buf *out)
{
	char text[VALUE_TEXT_MAX];
	size_t cols;

	value_format(value, unit, ann->opt->style.exact, text);
	if (!value && !ann->opt->style.exact)
		snprintf(text, sizeof(text), "·");
	cols = text_width(text);
	/* Numbers too long for their column push the line, but never run together. */
	buf__printf(out, "%*s%s", (int)(cols < NUMBER_COLS ? NUMBER_COLS - cols : 1), "", text);
}

/* @hit NULL: a line without values. */
static void write_line(const struct annotate *ann, const struct hit *hit, int32_t line,
		       const struct line_index *index, struct buf *out)
{
	struct buf *text __free(buf) = buf__new(0);
	const char *unit = profile__type_unit(ann->profile, ann->opt->type);
	size_t width = ann->opt->style.width;
	double share;

	if (!text)
		return;
	if (hit) {
		append_number(groups__flat(ann->lines, hit->group)[ann->opt->type], unit, ann,
			      text);
		append_number(groups__cum(ann->lines, hit->group)[ann->opt->type], unit, ann, text);
		if (ann->objects_type != SIZE_MAX)
			append_number(groups__cum(ann->lines, hit->group)[ann->objects_type],
				      "count", ann, text);
	} else {
		buf__printf(text, "%*s", NUMBER_COLS * (ann->objects_type == SIZE_MAX ? 2 : 3), "");
	}
	if (line)
		buf__printf(text, "  %6" PRId32 "  ", line);
	else
		buf__printf(text, "  %6s  ", "?");
	append_source(index, line, text);
	if (width)
		buf__truncate(text, text_fit(buf__data(text), width));
	share = !hit ? 0
		     : value_share(groups__flat(ann->lines, hit->group)[ann->opt->type],
				   groups__totals(ann->lines)[ann->opt->type]);
	table_styled(out, buf__data(text),
		     !hit            ? TABLE_DIM
		     : share >= 0.2  ? TABLE_RED
		     : share >= 0.05 ? TABLE_YELLOW
				     : TABLE_BOLD,
		     ann->opt->style.colored);
	buf__append_char(out, '\n');
}

static void write_gap(const struct annotate *ann, int32_t cnt, struct buf *out)
{
	char text[64];

	snprintf(text, sizeof(text), "%*s(%" PRId32 " lines)",
		 NUMBER_COLS * (ann->objects_type == SIZE_MAX ? 2 : 3) + 4, "", cnt);
	table_styled(out, text, TABLE_DIM, ann->opt->style.colored);
	buf__append_char(out, '\n');
}

/* Once: CONTEXT_LINES are no gap. NOLINTNEXTLINE(misc-no-recursion) */
static void write_plain_lines(const struct annotate *ann, int32_t from, int32_t to,
			      const struct line_index *index, struct buf *out)
{
	int32_t cnt = to - from;

	if (cnt > GAP_LINES_MAX) {
		write_plain_lines(ann, from, from + CONTEXT_LINES, index, out);
		write_gap(ann, cnt - 2 * CONTEXT_LINES, out);
		from = to - CONTEXT_LINES;
	}
	for (; from < to; from++)
		write_line(ann, NULL, from, index, out);
}

static void write_lines(const struct annotate *ann, const struct routine *routine,
			const struct line_index *index, struct buf *out)
{
	const struct hit *hits = ann->hits.at + routine->first;
	int32_t known = index->begins.cnt ? (int32_t)MIN(index->begins.cnt - 1, INT32_MAX) : 0;
	int32_t first = hits[0].line, start = MAX(first - CONTEXT_LINES, 1), line;
	size_t i;

	if (routine->start_line && routine->start_line <= first &&
	    first - routine->start_line < FUNCTION_LINES_MAX)
		start = routine->start_line;
	line = MIN(start, known + 1);
	for (i = 0; i < routine->cnt; i++) {
		if (known)
			write_plain_lines(ann, line, MIN(hits[i].line, known + 1), index, out);
		write_line(ann, &hits[i], hits[i].line, index, out);
		line = hits[i].line + 1;
	}
	if (known)
		write_plain_lines(ann, line, MIN(line + CONTEXT_LINES, known + 1), index, out);
}

/* What is called in @hits[0] and why its source cannot be shown, if so. */
static void write_heading(const struct annotate *ann, const struct routine *routine,
			  struct buf *out)
{
	const struct hit *hit = &ann->hits.at[routine->first];
	const char *name = profile__str(ann->profile, hit->name);
	const char *file = profile__str(ann->profile, hit->filename);
	const char *unit = profile__type_unit(ann->profile, ann->opt->type);
	int64_t total = groups__totals(ann->lines)[ann->opt->type];
	struct buf *text __free(buf) = buf__new(0);
	char value[VALUE_TEXT_MAX], share[VALUE_TEXT_MAX];

	if (!text)
		return;
	text_append_safe(text, name, strlen(name));
	table_styled(out, buf__data(text), TABLE_BOLD, ann->opt->style.colored);
	if (*file) {
		buf__append_str(out, " in ");
		text_append_safe(out, file, strlen(file));
	}
	buf__append_char(out, '\n');
	name = profile__type_name(ann->profile, ann->opt->type);
	text_append_safe(out, name, strlen(name));
	buf__printf(out, ": flat %s",
		    value_format(routine->flat, unit, ann->opt->style.exact, value));
	buf__printf(out, " (%s)", value_format_share(routine->flat, total, share));
	buf__printf(out, ", cum %s",
		    value_format(routine->cum, unit, ann->opt->style.exact, value));
	buf__printf(out, " (%s) of ", value_format_share(routine->cum, total, share));
	buf__printf(out, "%s\n", value_format(total, unit, ann->opt->style.exact, value));
}

static void write_note(const struct annotate *ann, const char *text, struct buf *out)
{
	table_styled(out, text, TABLE_YELLOW, ann->opt->style.colored);
	buf__append_char(out, '\n');
}

static void write_column_heads(const struct annotate *ann, struct buf *out)
{
	char text[96];

	snprintf(text, sizeof(text), "%*s%*s%s%8s", NUMBER_COLS, "flat", NUMBER_COLS, "cum",
		 ann->objects_type != SIZE_MAX ? "   objects" : "", "line");
	table_styled(out, text, TABLE_DIM, ann->opt->style.colored);
	buf__append_char(out, '\n');
}

static int write_routine(const struct annotate *ann, const struct routine *routine, struct buf *out)
{
	const struct hit *hit = &ann->hits.at[routine->first];
	const char *file = profile__str(ann->profile, hit->filename);
	struct annotate_source source = {};
	char *text __free_mem = NULL;
	struct line_index index = {};
	int err = 0;

	write_heading(ann, routine, out);
	if (!hit[routine->cnt - 1].line) {
		write_note(ann,
			   "No line information: the file was built without -g, or its debug "
			   "symbols are not installed. Install them (Debian: -dbgsym packages, "
			   "Fedora: dnf debuginfo-install) or set DEBUGINFOD_URLS, and record "
			   "again.",
			   out);
		return 0;
	}
	if (*file)
		ann->opt->find_source(ann->opt->ctx, file, &source);
	text = source.text;
	if (text)
		err = index_lines(&source, &index);
	else
		write_note(ann,
			   "Source not found: name its directory with --source-path, or cut the "
			   "build's prefix off with --trim-path.",
			   out);
	if (text && profile__meta(ann->profile)->time_ns > 0 &&
	    source.mtime_ns > profile__meta(ann->profile)->time_ns)
		write_note(ann, "The source is newer than the profile: lines may have moved.", out);
	if (!err) {
		write_column_heads(ann, out);
		write_lines(ann, routine, &index, out);
	}
	vec__done(&index.begins);
	return err;
}

/* Beside bytes, show how many objects they are. */
static size_t objects_beside(const struct profile *profile, size_t type)
{
	size_t heap[PROFILE_METRIC_CNT];

	if (!profile__heap_types(profile, heap))
		return SIZE_MAX;
	return type == heap[PROFILE_ALLOC_SPACE]   ? heap[PROFILE_ALLOC_OBJECTS]
	       : type == heap[PROFILE_INUSE_SPACE] ? heap[PROFILE_INUSE_OBJECTS]
						   : SIZE_MAX;
}

int annotate_write(const struct profile *profile, const struct annotate_options *options,
		   struct buf *out)
{
	struct annotate ann __attribute__((cleanup(annotate__done))) = {
		.profile = profile,
		.opt = options,
		.objects_type = objects_beside(profile, options->type),
		.function_groups = hashmap__new(),
		.start_lines = hashmap__new(),
	};
	size_t i;

	if (!ann.function_groups || !ann.start_lines ||
	    groups_new(profile, VIEW_BY_LINE, GROUPS_ALL, &ann.lines) ||
	    groups_new(profile, VIEW_BY_FUNCTION, GROUPS_ALL, &ann.functions))
		return -ENOMEM;
	if (find_hits(&ann) || index_functions(&ann) || find_routines(&ann))
		return -ENOMEM;
	if (!ann.routines.cnt)
		return ANNOTATE_NO_MATCH;
	for (i = 0; i < ann.routines.cnt; i++) {
		if (i)
			buf__append_char(out, '\n');
		if (write_routine(&ann, &ann.routines.at[i], out))
			return -ENOMEM;
	}
	return buf__error(out);
}
