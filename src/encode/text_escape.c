// SPDX-License-Identifier: Apache-2.0
#include "encode/text_escape.h"

#include <stdbool.h>
#include <string.h>

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* U+0080 … U+009F: control characters to a terminal as well. */
static bool is_c1(const unsigned char *s)
{
	return s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f;
}

void escape_line(struct writer *writer, const char *str, const char *also_bad)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t len = strlen(str), from = 0, i;

	while (len && (s[len - 1] == ' ' || s[len - 1] == '\n'))
		len--;
	if (!len) {
		writer__str(writer, "[unknown]");
		return;
	}
	for (i = 0; i < len; i++) {
		bool wide = is_c1(s + i), bad = wide || is_control(s[i]);

		if (!bad && !strchr(also_bad, s[i]))
			continue;
		writer__write(writer, s + from, i - from);
		writer__char(writer, bad ? '?' : '_');
		i += wide;
		from = i + 1;
	}
	writer__write(writer, s + from, len - from);
}

static bool is_line_separator(const unsigned char *s)
{
	return s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9);
}

void escape_json(struct writer *writer, const char *str)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t from = 0, i;

	writer__char(writer, '"');
	for (i = 0; s[i]; i++) {
		bool separator = is_line_separator(s + i);

		if (!separator && !is_control(s[i]) && s[i] != '"' && s[i] != '\\' && s[i] != '<')
			continue;
		writer__write(writer, s + from, i - from);
		if (separator)
			writer__printf(writer, "\\u20%02x", s[i + 2] == 0xa8 ? 0x28 : 0x29);
		else if (s[i] == '"' || s[i] == '\\')
			writer__printf(writer, "\\%c", s[i]);
		else
			writer__printf(writer, "\\u%04x", s[i]);
		i += separator ? 2 : 0;
		from = i + 1;
	}
	writer__write(writer, s + from, i - from);
	writer__char(writer, '"');
}
