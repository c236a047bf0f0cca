// SPDX-License-Identifier: Apache-2.0
#include "view/short_name.h"

#include <stdbool.h>
#include <string.h>

#include "view/text.h"

#define NAME_MAX_BYTES 4096
#define ELLIPSIS       "…"

/* The '<' at @at opens template arguments: not one of operator<, operator<<, operator<=>. */
static bool opens_arguments(const char *name, size_t at)
{
	static const char word[] = "operator";
	size_t len = sizeof(word) - 1;

	if (at && name[at - 1] == '<')
		at--;
	return at < len || strncmp(name + at - len, word, len);
}

/* The same for '>': not the end of "->", "operator>", "operator>>" or "<=>". */
static bool closes_arguments(const char *name, size_t at)
{
	return !at || (name[at - 1] != '-' && name[at - 1] != '=' && opens_arguments(name, at));
}

static size_t deepest(const char *name)
{
	size_t depth = 0, max = 0, i;

	for (i = 0; name[i]; i++) {
		if (name[i] == '<' && opens_arguments(name, i))
			depth++;
		else if (name[i] == '>' && depth && closes_arguments(name, i))
			depth--;
		max = depth > max ? depth : max;
	}
	return max;
}

/* Replace everything nested @limit deep or deeper by "…". */
static void cut_arguments(const char *name, size_t limit, struct buf *out)
{
	size_t depth = 0, i;

	for (i = 0; name[i]; i++) {
		bool opens = name[i] == '<' && opens_arguments(name, i);
		bool closes = name[i] == '>' && depth && closes_arguments(name, i);

		if (closes)
			depth--;
		if (depth < limit)
			buf__append_char(out, name[i]);
		if (opens && ++depth == limit)
			buf__append_str(out, ELLIPSIS);
	}
}

void short_name_append(struct buf *out, const char *name, size_t cols)
{
	struct buf *cut __free(buf) = buf__new(0);
	size_t limit;

	if (text_width(name) <= cols || strlen(name) > NAME_MAX_BYTES || !cut) {
		text_append_fit(out, name, cols);
		return;
	}
	for (limit = deepest(name); limit; limit--) {
		buf__reset(cut);
		cut_arguments(name, limit, cut);
		if (!buf__error(cut) && text_width(buf__data(cut)) <= cols) {
			text_append_fit(out, buf__data(cut), cols);
			return;
		}
	}
	text_append_fit(out, buf__error(cut) || !buf__len(cut) ? name : buf__data(cut), cols);
}
