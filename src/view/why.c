// SPDX-License-Identifier: Apache-2.0
#include "view/why.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/short_name.h"
#include "view/slope.h"
#include "view/table.h"
#include "view/text.h"
#include "view/value.h"
#include "view/why_rules.h"

#define NAME_COLS      70
#define PLAIN_SHOWN    5
#define STACK_BYTES    1024 /* what may well be a local variable */
#define SECONDS_OF_DAY 86400.0

struct row {
	const struct place *place;
	const struct why_rule *rule; /* NULL: none */
	double weight;
};

struct context {
	const struct places *places;
	const struct why_options *opt;
	struct buf *out;
};

/* Numbers as text; one struct per printf argument. */
struct text {
	char s[VALUE_TEXT_MAX];
};

/* Files lie: what does not fit is as much as fits. */
static int64_t rounded(double value)
{
	return (int64_t)fmax(fmin(value + 0.5, 9e18), -9e18);
}

static struct text count(const struct context *ctx, double value)
{
	struct text text = {};

	value_format(rounded(value), "count", ctx->opt->style.exact, text.s);
	return text;
}

static struct text bytes(const struct context *ctx, double value)
{
	struct text text = {};

	value_format(rounded(value), "bytes", false, text.s);
	return text;
}

static struct text duration(double seconds)
{
	struct text text = {};

	value_format(rounded(seconds * 1e9), "nanoseconds", false, text.s);
	return text;
}

/* Never 100 % of less than all, nor 0 % of something. */
static struct text share(double value)
{
	struct text text = {};

	if (value > 0 && value < 0.01)
		snprintf(text.s, sizeof(text.s), "under 1%%");
	else if (value < 1 && value >= 0.995)
		snprintf(text.s, sizeof(text.s), "over 99%%");
	else
		snprintf(text.s, sizeof(text.s), "%.0f%%", 100 * value);
	return text;
}

static void name(const struct context *ctx, uint32_t string)
{
	short_name_append(ctx->out, places__str(ctx->places, string), NAME_COLS);
}

/* "parse (src/parse.c:12)" */
static void spot(const struct context *ctx, const struct place_spot *at)
{
	const char *file = places__str(ctx->places, at->file), *slash = strrchr(file, '/');

	if (!*places__str(ctx->places, at->function)) {
		buf__append_str(ctx->out, "[no stack]");
		return;
	}
	name(ctx, at->function);
	if (!at->line)
		return;
	buf__append_str(ctx->out, " (");
	text_append_fit(ctx->out, slash ? slash + 1 : file, NAME_COLS);
	buf__printf(ctx->out, ":%u)", at->line);
}

/* --- evidence and cure, one pair for each pattern
 * ------------------------------------------------------- */

static void freed_by(const struct context *ctx, const struct place *place)
{
	bool same = place->freer.function == place->spot.function &&
		    place->freer.file == place->spot.file;

	if (place->freer_cnt <= 0)
		return;
	buf__printf(ctx->out, "; %s of the frees by %s", share(place->freer_cnt / place->freed).s,
		    same ? "the same function, " : "");
	spot(ctx, &place->freer);
}

static void short_lives(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out, "%s of %s blocks are gone within %s, half of them within %s",
		    share(fmin(why_measure(ctx->places, place, WHY_SHORT_SHARE), 1)).s,
		    count(ctx, place->freed).s, duration(WHY_SHORT_S / 1.1).s,
		    duration(place_ages_covering(place->ages, 0.5)).s);
}

static void churn_evidence(const struct context *ctx, const struct place *place)
{
	short_lives(ctx, place);
	freed_by(ctx, place);
	if (place->other_thread <= 0)
		buf__append_str(ctx->out, ", always in the same thread");
}

static void churn_cure(const struct context *ctx, const struct place *place)
{
	uint64_t largest = place_sizes__covering(&place->sizes, 1);
	uint64_t most = place_sizes__covering(&place->sizes, 0.99);
	bool above = place->meeting && place->meeting != place->spot.function;

	if (largest <= STACK_BYTES) {
		buf__printf(ctx->out, "none is larger than %s: a local variable ",
			    bytes(ctx, (double)largest).s);
		if (above) {
			buf__append_str(ctx->out, "of ");
			name(ctx, place->meeting);
			buf__append_char(ctx->out, ' ');
		}
		buf__append_str(ctx->out, "will do");
		return;
	}
	buf__printf(ctx->out, "keep one buffer and use it again; %s covers 99%% of the calls",
		    bytes(ctx, (double)most).s);
	if (!above)
		return;
	buf__append_str(ctx->out, "; ");
	name(ctx, place->meeting);
	buf__append_str(ctx->out, " could own it: it leads to both the call and the free");
}

static void growth_evidence(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out,
		    "%s blocks were grown from %s to %s (half of them to %s or less) in %.1f steps "
		    "on average",
		    count(ctx, place->grown).s,
		    bytes(ctx, place->grown_first_bytes / place->grown).s,
		    bytes(ctx, (double)place_sizes__covering(&place->grown_sizes, 1)).s,
		    bytes(ctx, (double)place_sizes__covering(&place->grown_sizes, 0.5)).s,
		    place->grown_steps / place->grown);
	if (place->moves > 0)
		buf__printf(ctx->out, "; %s reallocs moved the block, %s in all",
			    count(ctx, place->moves).s, bytes(ctx, place->moved_bytes).s);
}

static void growth_cure(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out,
		    "begin with %s: that would have covered 95%% of them; or grow by a factor, not "
		    "by a step",
		    bytes(ctx, (double)place_sizes__covering(&place->grown_sizes, 0.95)).s);
}

/*
 * A container of a given size has had a block of each size below it: as many have stopped at a size as there are more
 * blocks of it than of the next.
 */
static uint64_t reserve_covering(const struct place *place, double wanted)
{
	const struct place_sizes *sizes = &place->sizes;
	double total = sizes->cnt ? sizes->at[0].cnt : 0;
	size_t i;

	for (i = 1; i < sizes->cnt; i++) {
		if (sizes->at[i].cnt <= (1 - wanted) * total)
			return sizes->at[i - 1].bytes;
	}
	return place_sizes__covering(sizes, 1);
}

static void container_evidence(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out,
		    "%s blocks of %s to %s, one after the other, each copied into the next",
		    count(ctx, place->objects).s,
		    bytes(ctx, (double)place_sizes__covering(&place->sizes, 0)).s,
		    bytes(ctx, (double)place_sizes__covering(&place->sizes, 1)).s);
	if (place->freed > 0)
		freed_by(ctx, place);
}

static void container_cure(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out,
		    "reserve() before the first element: room for %s would have been enough for "
		    "95%% of them",
		    bytes(ctx, (double)reserve_covering(place, 0.95)).s);
}

static void hand_over_evidence(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out, "%s of %s frees are by another thread than the one that allocated",
		    share(place->other_thread / place->freed).s, count(ctx, place->freed).s);
	freed_by(ctx, place);
	buf__printf(ctx->out, "; half are freed within %s",
		    duration(place_ages_covering(place->ages, 0.5)).s);
}

static void hand_over_cure(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out,
		    "hand the blocks back: a pool of %s blocks, refilled by the thread that frees, "
		    "keeps them "
		    "out of the allocator's slow path",
		    bytes(ctx, (double)place_sizes__covering(&place->sizes, 0.95)).s);
}

static void growing_evidence(const struct context *ctx, const struct place *place)
{
	struct slope slope;

	slope_of(place, &slope);
	buf__printf(ctx->out,
		    "in use grows by %s/s (95%% certain: %s to %s), as much at the end as before; ",
		    bytes(ctx, slope.bytes_per_s).s, bytes(ctx, slope.low).s,
		    bytes(ctx, slope.high).s);
	buf__printf(ctx->out, "%s of %s objects were not freed",
		    share(fmin(place->inuse_objects / place->objects, 1)).s,
		    count(ctx, place->objects).s);
	if (place->freed > 0)
		freed_by(ctx, place);
}

static void growing_cure(const struct context *ctx, const struct place *place)
{
	struct slope slope;

	slope_of(place, &slope);
	buf__printf(
		ctx->out,
		"find who should free them, or bound what holds them: at this pace it is %s a day",
		bytes(ctx, slope.bytes_per_s * SECONDS_OF_DAY).s);
}

static void cache_evidence(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out,
		    "about %s blocks, %s, stay in use while %s were freed and replaced; they live "
		    "for %s (median)",
		    count(ctx, place->inuse_objects).s, bytes(ctx, place->inuse_bytes).s,
		    count(ctx, place->freed).s, duration(place_ages_covering(place->ages, 0.5)).s);
	freed_by(ctx, place);
}

static void cache_cure(const struct context *ctx, const struct place *place)
{
	buf__append_str(ctx->out, "is it hit often enough to be worth its memory? If so, let the "
				  "new entry take the block of "
				  "the one it replaces");
}

static void sizes_evidence(const struct context *ctx, const struct place *place)
{
	buf__printf(ctx->out, "%s object%s of %s on average: %s of all objects, %s of all bytes",
		    count(ctx, place->objects).s, place->objects == 1 ? "" : "s",
		    bytes(ctx, place->bytes / place->objects).s,
		    share(why_measure(ctx->places, place, WHY_OBJECT_SHARE)).s,
		    share(why_measure(ctx->places, place, WHY_BYTE_SHARE)).s);
	if (place->freed > 0)
		freed_by(ctx, place);
}

static void few_big_cure(const struct context *ctx, const struct place *place)
{
	buf__append_str(ctx->out, "make them smaller, share them, or stream through a part");
}

static void many_small_cure(const struct context *ctx, const struct place *place)
{
	buf__append_str(ctx->out, "allocate them in batches, or embed them in what they belong to");
}

static const struct {
	void (*evidence)(const struct context *ctx, const struct place *place);
	void (*cure)(const struct context *ctx, const struct place *place);
	enum table_style style;
} words[WHY_PATTERN_CNT] = {
	[WHY_GROWING] = { growing_evidence, growing_cure, TABLE_RED },
	[WHY_GROWTH] = { growth_evidence, growth_cure, TABLE_YELLOW },
	[WHY_CONTAINER] = { container_evidence, container_cure, TABLE_YELLOW },
	[WHY_HAND_OVER] = { hand_over_evidence, hand_over_cure, TABLE_YELLOW },
	[WHY_CHURN] = { churn_evidence, churn_cure, TABLE_YELLOW },
	[WHY_CACHE] = { cache_evidence, cache_cure, TABLE_GREEN },
	[WHY_FEW_BIG] = { sizes_evidence, few_big_cure, TABLE_CYAN },
	[WHY_MANY_SMALL] = { sizes_evidence, many_small_cure, TABLE_CYAN },
};

/* --- the list
 * ------------------------------------------------------------------------------------------- */

static int by_weight(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void labelled(const struct context *ctx, const char *label)
{
	buf__append_str(ctx->out, "    ");
	table_styled(ctx->out, label, TABLE_DIM, ctx->opt->style.colored);
	buf__append_str(ctx->out, " ");
}

#define ESCAPES_SHOWN 4

/* What the compiler has to say about the line, and what follows from it. */
static void write_escapes(const struct context *ctx, const struct place *place)
{
	const char *file = places__str(ctx->places, place->spot.file), *message;
	size_t i;

	for (i = 0; ctx->opt->escapes && i < ESCAPES_SHOWN; i++) {
		message = escape_notes__find(ctx->opt->escapes, file, place->spot.line, i);
		if (!message)
			return;
		labelled(ctx, "go  ");
		text_append_safe(ctx->out, message, strlen(message));
		buf__append_str(
			ctx->out,
			!strncmp(message, "moved to heap", 13)
				? " (its address outlives the function: hand out a copy, or take "
				  "a pointer to fill in)\n"
				: " (it outlives the function, or its size is not known to the "
				  "compiler)\n");
	}
}

static void write_row(const struct context *ctx, const struct row *row)
{
	const struct place *place = row->place;
	size_t pattern = row->rule ? (size_t)(row->rule - why_rules) : 0;

	buf__append_char(ctx->out, '\n');
	table_styled(ctx->out, row->rule ? row->rule->name : "no pattern",
		     row->rule ? words[pattern].style : TABLE_DIM, ctx->opt->style.colored);
	buf__append_str(ctx->out, ": ");
	spot(ctx, &place->spot);
	if (*places__str(ctx->places, place->spot.via)) {
		buf__append_str(ctx->out, " through ");
		name(ctx, place->spot.via);
	}
	buf__append_char(ctx->out, '\n');
	labelled(ctx, "what");
	buf__printf(ctx->out, "%s call%s, %s (%s of all objects, %s of all bytes)",
		    count(ctx, place->objects).s, place->objects == 1 ? "" : "s",
		    bytes(ctx, place->bytes).s,
		    share(why_measure(ctx->places, place, WHY_OBJECT_SHARE)).s,
		    share(why_measure(ctx->places, place, WHY_BYTE_SHARE)).s);
	if (place->inuse_objects >= 0.5)
		buf__printf(ctx->out, "; at the end %s, %s in use (%s)",
			    count(ctx, place->inuse_objects).s, bytes(ctx, place->inuse_bytes).s,
			    share(why_measure(ctx->places, place, WHY_INUSE_SHARE)).s);
	buf__append_char(ctx->out, '\n');
	write_escapes(ctx, place);
	if (!row->rule)
		return;
	labelled(ctx, "why ");
	words[pattern].evidence(ctx, place);
	buf__append_char(ctx->out, '\n');
	labelled(ctx, "cure");
	words[pattern].cure(ctx, place);
	buf__append_char(ctx->out, '\n');
}

static void write_heading(const struct context *ctx)
{
	const struct places *places = ctx->places;

	text_append_safe(ctx->out, ctx->opt->name, strlen(ctx->opt->name));
	buf__printf(ctx->out, ": %s objects, %s from %zu places", count(ctx, places->objects).s,
		    bytes(ctx, places->bytes).s, places->rows.cnt);
	if (places->duration_s > 0)
		buf__printf(ctx->out, " in %s", duration(places->duration_s).s);
	buf__append_char(ctx->out, '\n');
	if (!places->has_stories)
		buf__append_str(ctx->out,
				"  Only sizes and counts are known: what becomes of the blocks is "
				"kept by `heaptap why "
				"-p PID` and `heaptap record --lifetimes -o FILE.heaptap`.\n");
}

/* Places of weight that no rule fits, in one line. */
static void write_plain(const struct context *ctx, const struct row *rows, size_t cnt)
{
	size_t i, shown = 0;

	for (i = 0; i < cnt; i++) {
		if (rows[i].rule)
			continue;
		if (shown++ == PLAIN_SHOWN)
			break;
		buf__append_str(ctx->out, shown == 1 ? "\nNo pattern: " : ", ");
		spot(ctx, &rows[i].place->spot);
		buf__printf(ctx->out, " %s", bytes(ctx, rows[i].place->bytes).s);
	}
	if (shown)
		buf__append_str(ctx->out, shown > PLAIN_SHOWN ? " and others\n" : "\n");
}

/* Those with a pattern, heaviest first. */
static void write_rows(const struct context *ctx, const struct row *rows, size_t cnt)
{
	size_t i, shown = 0, left = 0;

	for (i = 0; i < cnt; i++) {
		bool all = !ctx->opt->row_cnt;

		if (!rows[i].rule && !all)
			continue;
		if (!all && shown == ctx->opt->row_cnt) {
			left++;
			continue;
		}
		write_row(ctx, &rows[i]);
		shown++;
	}
	if (left)
		buf__printf(ctx->out, "\n%zu more with a pattern; -n 0 shows all\n", left);
	if (!shown)
		buf__append_str(ctx->out, "\nNothing that stands out.\n");
	if (ctx->opt->row_cnt)
		write_plain(ctx, rows, cnt);
}

int why_write(const struct places *places, const struct why_options *options, struct buf *out)
{
	struct context ctx = { places, options, out };
	struct row *rows __free_mem = calloc(places->rows.cnt + 1, sizeof(*rows));
	size_t i, cnt = 0;

	if (!rows)
		return -ENOMEM;
	for (i = 0; i < places->rows.cnt; i++) {
		const struct place *place = &places->rows.at[i];
		double weight = why_weight(places, place);

		if (weight >= options->min_weight)
			rows[cnt++] = (struct row){ place, why_diagnose(places, place), weight };
	}
	qsort(rows, cnt, sizeof(*rows), by_weight);
	write_heading(&ctx);
	write_rows(&ctx, rows, cnt);
	return buf__error(out);
}
