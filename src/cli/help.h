/* SPDX-License-Identifier: Apache-2.0 */
/* What the two tables say, as text for people: --help and man pages. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

struct command;
struct option_def;

/* --help of @cmd, or of heaptap itself if NULL. Lines are at most @width columns where words allow
 * it. */
void help_text(const struct command *cmd, size_t width, struct buf *out);

/* The man page heaptap-NAME.1, or heaptap.1, in roff. */
void help_man(const struct command *cmd, struct buf *out);

/* "-o, --output FILE", letter first. */
void help_option_label(const struct option_def *def, struct buf *out);

/* Does @cmd write profiles, so that the formats are worth a list? */
bool help_has_formats(const struct command *cmd);

/* What each exit status means; ends with a NULL text. */
struct exit_meaning {
	int status;
	const char *text;
};
extern const struct exit_meaning exit_meanings[];
