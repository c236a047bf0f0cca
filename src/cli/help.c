// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <string.h>
#include <sys/param.h>

#include "cli/command.h"
#include "cli/options_table.h"
#include "encode/encoder.h"
#include "view/text.h"

#define LABEL_COLS 30 /* labels wider than this stand on a line of their own */

const struct exit_meaning exit_meanings[] = {
	{ EXIT_OK, "all went well" },
	{ EXIT_FAILED, "something failed; one line on standard error says what" },
	{ EXIT_USAGE, "the command line is wrong" },
	{ EXIT_INCOMPLETE, "the profile is incomplete and --strict was given" },
	{ EXIT_PRIVILEGE, "a privilege or a kernel feature is missing; the remedy is printed" },
	{ EXIT_CANNOT_RUN, "CMD was found but cannot be run" },
	{ EXIT_NOT_FOUND, "CMD was not found" },
	{ 0, NULL },
};

void help_option_label(const struct option_def *def, struct buf *out)
{
	if (def->letter)
		buf__printf(out, "-%c, ", def->letter);
	buf__printf(out, "--%s", def->name);
	if (def->arg)
		buf__printf(out, " %s", def->arg);
}

/* Words of @text from column @indent on, the first line starting where the cursor is. */
static void wrap(const char *text, size_t indent, size_t width, struct buf *out)
{
	size_t column = indent;

	while (*text) {
		size_t len = strcspn(text, " \n"), cols = text_width_n(text, len);

		if (column > indent && column + 1 + cols > width) {
			buf__printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf__append_char(out, ' ');
			column++;
		}
		buf__append(out, text, len);
		column += cols;
		text += len;
		while (*text == ' ' || *text == '\n')
			text++;
	}
	buf__append_char(out, '\n');
}

static void row(const char *label, const char *text, size_t label_cols, size_t width,
		struct buf *out)
{
	size_t cols = text_width(label), indent = label_cols + 4;

	buf__printf(out, "  %s", label);
	if (cols > label_cols)
		buf__printf(out, "\n%*s", (int)indent, "");
	else
		buf__printf(out, "%*s", (int)(indent - cols - 2), "");
	wrap(text, indent, width, out);
}

static void options(uint32_t id, int global, size_t width, struct buf *out)
{
	struct buf *label __free(buf) = buf__new(256), *text __free(buf) = buf__new(1024);
	const struct option_def *def;
	size_t label_cols = 0;
	int pass;

	if (!label || !text)
		return;
	for (pass = 0; pass < 2; pass++) {
		for (def = options_table; def->name; def++) {
			if (!def->help || !!(def->commands & CMD_GLOBAL) != global ||
			    !option_def__taken_by(def, id))
				continue;
			buf__reset(label);
			/* Long names stand in one column, with or without a letter. */
			buf__append_str(label, def->letter ? "" : "    ");
			help_option_label(def, label);
			if (!pass) {
				size_t cols = text_width(buf__data(label));

				label_cols =
					cols <= LABEL_COLS ? MAX(cols, label_cols) : label_cols;
				continue;
			}
			buf__reset(text);
			buf__append_str(text, def->help);
			if (def->initial)
				buf__printf(text, " (default: %s)", def->initial);
			row(buf__data(label), buf__data(text), label_cols, width, out);
		}
	}
}

static int has_own_options(uint32_t id)
{
	const struct option_def *def;

	for (def = options_table; def->name; def++) {
		if (def->help && (def->commands & id))
			return 1;
	}
	return 0;
}

static void examples(const char *text, size_t width, struct buf *out)
{
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		size_t tab = strcspn(text, "\t\n");
		char what[256];

		len = strcspn(text, "\n");
		buf__printf(out, "  %.*s\n      ", (int)tab, text);
		snprintf(what, sizeof(what), "%.*s", (int)(len - MIN(len, tab + 1)),
			 text + MIN(len, tab + 1));
		wrap(what, 6, width, out);
	}
}

static void formats(size_t width, struct buf *out)
{
	const struct encoder *enc;
	size_t cols = 0;

	for (enc = encoders; enc->name; enc++)
		cols = MAX(cols, strlen(enc->suffix));
	for (enc = encoders; enc->name; enc++) {
		char text[256];

		snprintf(text, sizeof(text), "%s: %s", enc->name, enc->summary);
		row(enc->suffix, text, cols, width, out);
	}
}

static void paragraphs(const char *text, size_t width, struct buf *out)
{
	while (text && *text) {
		const char *end = strstr(text, "\n\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);
		char para[1024];

		snprintf(para, sizeof(para), "%.*s", (int)len, text);
		buf__append_char(out, '\n');
		wrap(para, 0, width, out);
		text = end ? end + 2 : NULL;
	}
}

bool help_has_formats(const struct command *cmd)
{
	const struct option_def *def;

	for (def = options_table; def->name; def++) {
		if (def->type == OPT_FORMAT && option_def__taken_by(def, cmd->id))
			return true;
	}
	return false;
}

static void command_help(const struct command *cmd, size_t width, struct buf *out)
{
	buf__printf(out, "Usage: heaptap %s %s\n\n", cmd->name, cmd->synopsis);
	buf__printf(out, "heaptap %s: ", cmd->name);
	buf__printf(out, "%s.\n", cmd->summary);
	paragraphs(cmd->details, width, out);
	if (has_own_options(cmd->id)) {
		buf__append_str(out, "\nOptions:\n");
		options(cmd->id, 0, width, out);
	}
	buf__append_str(out, "\nOptions of every command:\n");
	options(cmd->id, 1, width, out);
	if (help_has_formats(cmd)) {
		buf__append_str(out, "\nFormats, by suffix:\n");
		formats(width, out);
	}
	if (cmd->examples) {
		buf__append_str(out, "\nExamples:\n");
		examples(cmd->examples, width, out);
	}
}

static void global_help(size_t width, struct buf *out)
{
	const struct command *cmd;
	const char *group = "";
	size_t cols = 0;

	buf__append_str(out,
			"heaptap shows where running processes allocate memory, how often, and "
			"what stays alive.\n\nUsage: heaptap COMMAND [OPTION…] [ARGUMENT…]\n");
	for (cmd = commands; cmd->name; cmd++)
		cols = MAX(cols, strlen(cmd->name));
	for (cmd = commands; cmd->name; cmd++) {
		if (strcmp(cmd->group, group))
			buf__printf(out, "\n%s:\n", cmd->group);
		group = cmd->group;
		row(cmd->name, cmd->summary, cols, width, out);
	}
	buf__append_str(out, "\nOptions:\n");
	options(0, 1, width, out);
	buf__append_str(out, "\n'heaptap COMMAND --help' explains one command.\n");
}

void help_text(const struct command *cmd, size_t width, struct buf *out)
{
	width = MIN(MAX(width, 40), 100);
	if (cmd)
		command_help(cmd, width, out);
	else
		global_help(width, out);
}
