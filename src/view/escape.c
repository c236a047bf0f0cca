// SPDX-License-Identifier: Apache-2.0
#include "view/escape.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

#define LINE_MAX_BYTES 4096

struct note {
	uint32_t file, message; /* offsets in text */
	uint32_t line;
};

struct escape_notes {
	char *text; /* with its separators turned into ends of strings */
	VEC(struct note) rows;
};

/* The messages that tell of the heap; the others (inlining, parameters) tell of the way there. */
static bool tells(const char *message)
{
	return strstr(message, "escapes to heap") ? !strstr(message, "does not escape")
						  : !strncmp(message, "moved to heap: ", 15);
}

/* Digits at *@at, and the colon behind them. */
static bool take_number(char **at, uint32_t *ret)
{
	char *end;
	unsigned long value = strtoul(*at, &end, 10);

	if (end == *at || *end != ':' || **at < '0' || **at > '9' || value > INT32_MAX)
		return false;
	*ret = (uint32_t)value;
	*at = end + 1;
	return true;
}

/* "./parse.go:42:13: make([]byte, n) escapes to heap" */
static int take_line(struct escape_notes *notes, char *line)
{
	struct note note = {};
	char *colon = strstr(line, ".go:"), *at, *message;
	uint32_t column;

	if (!colon)
		return 0;
	at = colon + 4;
	if (!take_number(&at, &note.line))
		return 0;
	message = at;
	/* The column is not always told. */
	if (take_number(&at, &column))
		message = at;
	while (*message == ' ')
		message++;
	if (!tells(message))
		return 0;
	colon[3] = '\0';
	for (at = line; !strncmp(at, "./", 2) || !strncmp(at, "../", 3);)
		at = strchr(at, '/') + 1;
	note.file = (uint32_t)(at - notes->text);
	note.message = (uint32_t)(message - notes->text);
	return vec__push(&notes->rows, note);
}

struct escape_notes *escape_notes__new(const char *text, size_t len_bytes)
{
	struct escape_notes *notes __free(escape_notes) = calloc(1, sizeof(*notes));
	char *line, *next;

	if (!notes || len_bytes >= UINT32_MAX)
		return NULL;
	notes->text = malloc(len_bytes + 1);
	if (!notes->text)
		return NULL;
	memcpy(notes->text, text, len_bytes);
	notes->text[len_bytes] = '\0';
	for (line = notes->text; line; line = next) {
		next = memchr(line, '\n', (size_t)(notes->text + len_bytes - line));
		if (next)
			*next++ = '\0';
		if (strnlen(line, LINE_MAX_BYTES) < LINE_MAX_BYTES && take_line(notes, line))
			return NULL;
	}
	return TAKE_PTR(notes);
}

void escape_notes__free(struct escape_notes *notes)
{
	if (!notes)
		return;
	vec__done(&notes->rows);
	free(notes->text);
	free(notes);
}

size_t escape_notes__cnt(const struct escape_notes *notes)
{
	return notes->rows.cnt;
}

static bool is_end_of(const char *longer, size_t longer_len, const char *shorter,
		      size_t shorter_len)
{
	const char *at = longer + longer_len - shorter_len;

	return !strcmp(at, shorter) && (at == longer || at[-1] == '/');
}

static bool is_same_file(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	return a_len < b_len ? is_end_of(b, b_len, a, a_len) : is_end_of(a, a_len, b, b_len);
}

const char *escape_notes__find(const struct escape_notes *notes, const char *file, uint32_t line,
			       size_t nth)
{
	size_t i;

	for (i = 0; i < notes->rows.cnt; i++) {
		const struct note *note = &notes->rows.at[i];

		if (note->line != line || !is_same_file(file, notes->text + note->file))
			continue;
		if (!nth--)
			return notes->text + note->message;
	}
	return NULL;
}
