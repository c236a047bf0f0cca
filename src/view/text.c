// SPDX-License-Identifier: Apache-2.0
#include "view/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

#define ELLIPSIS "…"

struct range {
	uint32_t first, last;
};

/* The blocks that matter in practice; an unknown script is off by some columns, nothing worse. */
static const struct range no_width[] = {
	{ 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },
	{ 0x610, 0x61a },   { 0x64b, 0x65f },   { 0x200b, 0x200f },
	{ 0x20d0, 0x20f0 }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

/* One character off @text: its length in bytes (at least 1) and code point; stray bytes give
 * UINT32_MAX. */
static size_t decode(const char *text, size_t len, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t chars = utf8_char_len(text, len), i;

	*ret = UINT32_MAX;
	if (!chars)
		return 1;
	*ret = chars == 1 ? p[0] : p[0] & (0x7fU >> chars);
	for (i = 1; i < chars; i++)
		*ret = *ret << 6 | (p[i] & 0x3f);
	return chars;
}

static size_t char_width(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (in_ranges(c, no_width, sizeof(no_width) / sizeof(no_width[0])))
		return 0;
	return in_ranges(c, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

size_t text_width_n(const char *text, size_t len_bytes)
{
	size_t cols = 0, step;
	uint32_t c;

	for (; len_bytes; text += step, len_bytes -= step) {
		step = decode(text, len_bytes, &c);
		cols += char_width(c);
	}
	return cols;
}

size_t text_width(const char *text)
{
	return text_width_n(text, strlen(text));
}

size_t text_fit(const char *text, size_t cols)
{
	size_t len = strlen(text), fits = 0, used = 0, step;
	uint32_t c;

	for (; fits < len; fits += step) {
		step = decode(text + fits, len - fits, &c);
		used += char_width(c);
		if (used > cols)
			break;
	}
	return fits;
}

/* C0 and C1 controls, and marks that turn the writing direction around. */
static bool steers_terminal(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == UINT32_MAX ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void text_append_safe(struct buf *out, const char *text, size_t len_bytes)
{
	size_t step;
	uint32_t c;

	for (; len_bytes; text += step, len_bytes -= step) {
		step = decode(text, len_bytes, &c);
		if (c == '\t')
			buf__append_char(out, ' ');
		else if (steers_terminal(c))
			buf__append_char(out, '?');
		else
			buf__append(out, text, step);
	}
}

void text_append_fit(struct buf *out, const char *text, size_t cols)
{
	size_t len = strlen(text), width = text_width(text), head, skip, tail_cols;
	uint32_t c;

	if (width <= cols || cols < 2) {
		text_append_safe(out, text, text_fit(text, cols));
		return;
	}
	head = text_fit(text, (cols - 1) / 2);
	tail_cols = cols - 1 - (cols - 1) / 2;
	skip = text_fit(text, width - tail_cols);
	while (text_width_n(text + skip, len - skip) > tail_cols)
		skip += decode(text + skip, len - skip, &c);
	text_append_safe(out, text, head);
	buf__append_str(out, ELLIPSIS);
	text_append_safe(out, text + skip, len - skip);
}
