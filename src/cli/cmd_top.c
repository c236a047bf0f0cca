// SPDX-License-Identifier: Apache-2.0
/* A live view: on a terminal a screen with keys, else lines. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/tracing.h"
#include "view/text.h"
#include "view/top.h"

#define INTERVAL_NS   1000000000u
#define HEADING_LINES 5 /* ours and the table's, and its total */

/* In the order of enum top_by. */
static const char view_keys[] = "sflpm";

/* In the order of the columns. */
static const char sort_keys[] = "123456";

struct screen {
	const struct options *opts;
	struct terminal *terminal; /* NULL: lines */
	struct top *tops[TOP_BY_CNT];
	size_t view;
	enum top_column sort;
	struct buf *about; /* how complete it is, by the profile's word */
	int status;
};

static void screen__done(struct screen *screen)
{
	size_t i;

	terminal__close(screen->terminal);
	for (i = 0; i < TOP_BY_CNT; i++)
		top__free(screen->tops[i]);
	buf__free(screen->about);
}

static void write_heading(const struct screen *screen, size_t cols, struct buf *out)
{
	struct buf *line __free(buf) = buf__new(0);
	char duration[16];

	if (!line)
		return;
	units_format_duration((uint64_t)(top__seconds(screen->tops[screen->view]) * 1e9), duration);
	buf__printf(line, "heaptap top: %s; %s", duration, buf__data(screen->about));
	text_append_fit(out, buf__data(line), cols);
	buf__append_char(out, '\n');
	text_append_fit(
		out,
		"q quit   s site  f function  l line  p process  m module   1-6 sort by column",
		cols);
	buf__append_char(out, '\n');
}

static void draw(struct screen *screen)
{
	struct view_style style = output_style(screen->opts);
	struct buf *out __free(buf) = buf__new(0);
	size_t rows, most;

	if (!out)
		return;
	terminal__size(screen->terminal, &style.width, &rows);
	most = rows > HEADING_LINES + 1 ? rows - HEADING_LINES : 1;
	write_heading(screen, style.width, out);
	if (!top__write_table(screen->tops[screen->view], screen->sort, most, &style, out))
		terminal__draw(screen->terminal, out);
}

static bool print_lines(struct screen *screen)
{
	struct buf *out __free(buf) = buf__new(0);

	if (!out)
		return false;
	top__write_lines(screen->tops[screen->view], screen->sort, screen->opts->row_cnt, out);
	screen->status = output_write(out);
	return !screen->status;
}

/* "stacks: 100 % complete, lost: nothing" */
static void keep_about(struct screen *screen, const struct profile *profile)
{
	size_t i;

	buf__reset(screen->about);
	for (i = 0; i < profile__comment_cnt(profile); i++) {
		const char *comment = profile__comment(profile, i);

		if (!strncmp(comment, "stacks: ", 8) || !strncmp(comment, "lost: ", 6))
			buf__printf(screen->about, "%s%s", buf__len(screen->about) ? ", " : "",
				    comment);
	}
}

static bool on_profile(void *ctx, const struct profile *profile)
{
	struct screen *screen = ctx;
	size_t i;

	for (i = 0; i < TOP_BY_CNT; i++) {
		/* Lines have no keys to switch by. */
		if (!screen->terminal && i != screen->view)
			continue;
		if (top__update(screen->tops[i], profile)) {
			screen->status = EXIT_FAILED;
			return false;
		}
	}
	keep_about(screen, profile);
	if (!screen->terminal)
		return print_lines(screen);
	draw(screen);
	return true;
}

static bool on_key(struct screen *screen, int key)
{
	const char *at;

	if (key == 'q' || key == 'Q')
		return false;
	at = strchr(view_keys, key);
	if (at)
		screen->view = (size_t)(at - view_keys);
	at = strchr(sort_keys, key);
	if (at)
		screen->sort = (enum top_column)(at - sort_keys);
	return true;
}

static bool on_input(void *ctx)
{
	struct screen *screen = ctx;
	int key;

	while ((key = terminal__key(screen->terminal)) > 0) {
		if (!on_key(screen, key))
			return false;
	}
	draw(screen);
	return key >= 0;
}

static int choose_sort(const struct options *opts, enum top_column *ret)
{
	struct profile *names __free(profile) = profile__new_heap();
	size_t metric;

	if (!names)
		return -ENOMEM;
	/* The four there are; an ambiguous or wrong name is answered by this. */
	if (load_metric(names, opts->sort, &metric))
		return EXIT_USAGE;
	*ret = top_column_of((enum profile_metric)metric);
	return EXIT_OK;
}

static int screen__init(struct screen *screen, const struct options *opts)
{
	size_t i;

	screen->opts = opts;
	screen->view = (size_t)opts->top_by;
	screen->about = buf__new(0);
	if (!screen->about)
		return -ENOMEM;
	for (i = 0; i < TOP_BY_CNT; i++) {
		screen->tops[i] = top__new((enum top_by)i);
		if (!screen->tops[i])
			return -ENOMEM;
	}
	return choose_sort(opts, &screen->sort);
}

static int begin(struct screen *screen)
{
	struct buf *out __free(buf) = buf__new(0);

	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !terminal_open(&screen->terminal))
		return EXIT_OK;
	if (!out)
		return -ENOMEM;
	top_write_line_heading(out);
	return output_write(out);
}

int cmd_top(const struct options *opts)
{
	struct tracing tracing __tracing = {};
	struct screen screen __attribute__((cleanup(screen__done))) = {};
	struct session_watch watch = { .interval_ns = INTERVAL_NS,
				       .on_profile = on_profile,
				       .input_fd = -1,
				       .on_input = on_input,
				       .ctx = &screen };
	struct session_result result = {};
	int status = tracing__init(&tracing, opts);

	if (!status)
		status = screen__init(&screen, opts);
	if (!status)
		status = begin(&screen);
	if (status)
		return status;
	if (screen.terminal) {
		watch.input_fd = terminal__fd(screen.terminal);
		/* Messages would stand in the middle of the page; what is lost is in its heading. */
		tracing.config.quiet = true;
	}
	tracing.config.watch = &watch;
	status = tracing_exit_status(session_record(&tracing.config, &result));
	return status ? status : screen.status;
}
