// SPDX-License-Identifier: Apache-2.0
/* Man pages in roff (man macros), from the same two tables as --help. */
#include "cli/help.h"

#include <ctype.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options_table.h"
#include "encode/encoder.h"

/* Text that roff reads as itself: no escapes, no requests, ASCII hyphens that can be copied. */
static void roff(const char *text, size_t len, struct buf *out)
{
	size_t i;

	for (i = 0; i < len; i++) {
		int at_start = !i || text[i - 1] == '\n';

		if (at_start && (text[i] == '.' || text[i] == '\''))
			buf__append_str(out, "\\&");
		if (text[i] == '\\')
			buf__append_str(out, "\\e");
		else if (text[i] == '-')
			buf__append_str(out, "\\-");
		else if (!strncmp(text + i, "…", 3)) {
			buf__append_str(out, "\\&...");
			i += 2;
		} else
			buf__append_char(out, text[i]);
	}
}

static void roff_str(const char *text, struct buf *out)
{
	roff(text, strlen(text), out);
}

static void head(const char *name, const char *summary, struct buf *out)
{
	buf__append_str(out, ".TH ");
	for (const char *p = name; *p; p++)
		buf__append_char(out, (char)toupper((unsigned char)*p));
	buf__printf(out, " 1 \"\" \"heaptap %s\" \"heaptap\"\n.nh\n.SH NAME\n", HEAPTAP_VERSION);
	roff_str(name, out);
	buf__append_str(out, " \\- ");
	roff_str(summary, out);
	buf__append_str(out, "\n.SH SYNOPSIS\n");
}

static void option(const struct option_def *def, struct buf *out)
{
	buf__append_str(out, ".TP\n");
	if (def->letter)
		buf__printf(out, "\\fB\\-%c\\fR, ", def->letter);
	buf__append_str(out, "\\fB\\-\\-");
	roff_str(def->name, out);
	buf__append_str(out, "\\fR");
	if (def->arg) {
		buf__append_str(out, " \\fI");
		roff_str(def->arg, out);
		buf__append_str(out, "\\fR");
	}
	buf__append_char(out, '\n');
	roff_str(def->help, out);
	if (def->initial) {
		buf__append_str(out, " (default: ");
		roff_str(def->initial, out);
		buf__append_char(out, ')');
	}
	buf__append_str(out, ".\n");
}

static void options(uint32_t id, struct buf *out)
{
	const struct option_def *def;
	int global;

	buf__append_str(out, ".SH OPTIONS\n");
	for (global = 0; global < 2; global++) {
		for (def = options_table; def->name; def++) {
			if (def->help && !!(def->commands & CMD_GLOBAL) == global &&
			    option_def__taken_by(def, id))
				option(def, out);
		}
	}
}

static void paragraphs(const char *text, struct buf *out)
{
	while (text && *text) {
		const char *end = strstr(text, "\n\n");

		roff(text, end ? (size_t)(end - text) : strlen(text), out);
		buf__append_str(out, end ? "\n.PP\n" : "\n");
		text = end ? end + 2 : NULL;
	}
}

static void examples(const char *text, struct buf *out)
{
	size_t len;

	buf__append_str(out, ".SH EXAMPLES\n");
	for (; *text; text += len + (text[len] == '\n')) {
		size_t tab = strcspn(text, "\t\n");

		len = strcspn(text, "\n");
		buf__append_str(out, ".TP\n\\fB");
		roff(text, tab, out);
		buf__append_str(out, "\\fR\n");
		if (tab < len)
			roff(text + tab + 1, len - tab - 1, out);
		buf__append_char(out, '\n');
	}
}

static void formats(struct buf *out)
{
	const struct encoder *enc;

	buf__append_str(out, ".SH FORMATS\n");
	for (enc = encoders; enc->name; enc++) {
		buf__append_str(out, ".TP\n\\fB");
		roff_str(enc->suffix, out);
		buf__append_str(out, "\\fR\n");
		roff_str(enc->name, out);
		buf__append_str(out, ": ");
		roff_str(enc->summary, out);
		buf__append_str(out, ".\n");
	}
}

static void exit_statuses(struct buf *out)
{
	const struct exit_meaning *row;

	buf__append_str(out, ".SH EXIT STATUS\n");
	for (row = exit_meanings; row->text; row++) {
		buf__printf(out, ".TP\n%d\n", row->status);
		roff_str(row->text, out);
		buf__append_str(out, ".\n");
	}
}

static void command_page(const struct command *cmd, struct buf *out)
{
	char name[64];

	snprintf(name, sizeof(name), "heaptap-%s", cmd->name);
	head(name, cmd->summary, out);
	buf__printf(out, "\\fBheaptap %s\\fR ", cmd->name);
	roff_str(cmd->synopsis, out);
	buf__append_str(out, "\n.SH DESCRIPTION\n");
	paragraphs(cmd->details ? cmd->details : cmd->summary, out);
	options(cmd->id, out);
	if (help_has_formats(cmd))
		formats(out);
	if (cmd->examples)
		examples(cmd->examples, out);
	exit_statuses(out);
	buf__append_str(out, ".SH SEE ALSO\n.BR heaptap (1)\n");
}

static void main_page(struct buf *out)
{
	const struct command *cmd;

	head("heaptap", "show where running processes allocate memory, and what stays alive", out);
	buf__append_str(out, "\\fBheaptap\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...] "
			     "[\\fIARGUMENT\\fR...]\n.SH DESCRIPTION\n");
	paragraphs("heaptap traces the allocator of running, unmodified processes with BPF and "
		   "writes where memory is allocated, how often, and what stays alive, as pprof "
		   "profiles and in other formats; it also reads, compares and converts them.",
		   out);
	buf__append_str(out, ".SH COMMANDS\n");
	for (cmd = commands; cmd->name; cmd++) {
		buf__printf(out, ".TP\n.BR heaptap\\-%s (1)\n", cmd->name);
		roff_str(cmd->summary, out);
		buf__append_char(out, '\n');
	}
	options(0, out);
	exit_statuses(out);
	buf__append_str(out, ".SH ENVIRONMENT\n.TP\nNO_COLOR\nif set and not empty, no colours "
			     "unless \\-\\-color=always asks for them.\n");
	buf__append_str(out, ".SH SEE ALSO\n");
	for (cmd = commands; cmd->name; cmd++)
		buf__printf(out, ".BR heaptap\\-%s (1)%s\n", cmd->name, cmd[1].name ? "," : "");
}

void help_man(const struct command *cmd, struct buf *out)
{
	if (cmd)
		command_page(cmd, out);
	else
		main_page(out);
}
