// SPDX-License-Identifier: Apache-2.0
#include "encode/markup.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* C0 and C1 controls, U+007F, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FFFE, U+FFFF.
 */
static bool is_unseen(const char *str, size_t len)
{
	const unsigned char *c = (const unsigned char *)str;

	if (len == 1)
		return c[0] < 0x20 || c[0] == 0x7f;
	if (len == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (len != 3)
		return false;
	if (c[0] == 0xef)
		return c[1] == 0xbf && c[2] >= 0xbe;
	if (c[0] != 0xe2)
		return false;
	return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
	       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

/* What stands for the character at @str in @special, NULL for itself. */
typedef const char *(*special_fn)(char c);

static void escape(struct writer *writer, const char *str, special_fn special)
{
	size_t left = strlen(str), len;

	for (; left; str += len, left -= len) {
		const char *instead = special(*str);

		len = utf8_char_len(str, left);
		if (!len || is_unseen(str, len))
			instead = REPLACEMENT;
		if (!len)
			len = 1;
		if (instead)
			writer__str(writer, instead);
		else
			writer__write(writer, str, len);
	}
}

static const char *text_special(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void markup_text(struct writer *writer, const char *str)
{
	escape(writer, str, text_special);
}

static const char *json_special(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '&':
		return "\\u0026";
	case '<':
		return "\\u003c";
	case '>':
		return "\\u003e";
	default:
		return NULL;
	}
}

void markup_json(struct writer *writer, const char *str)
{
	writer__char(writer, '"');
	escape(writer, str, json_special);
	writer__char(writer, '"');
}
