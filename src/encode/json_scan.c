// SPDX-License-Identifier: Apache-2.0
#include "encode/json_scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 64 /* characters */

void json_scan__init(struct json_scan *scan, const char *text, size_t len_bytes)
{
	*scan = (struct json_scan){ .at = text, .end = text + len_bytes };
}

static void fail(struct json_scan *scan)
{
	scan->bad = true;
	scan->at = scan->end;
}

char json_scan__peek(struct json_scan *scan)
{
	while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at)
		scan->at++;
	if (scan->at == scan->end)
		return '\0';
	return *scan->at;
}

static bool take(struct json_scan *scan, char c)
{
	if (json_scan__peek(scan) != c || scan->at == scan->end) {
		fail(scan);
		return false;
	}
	scan->at++;
	return true;
}

bool json_scan__done(struct json_scan *scan)
{
	json_scan__peek(scan);
	return !scan->bad && scan->at == scan->end && !scan->depth;
}

void json_scan__enter(struct json_scan *scan, char open)
{
	if (scan->depth == JSON_DEPTH_MAX)
		fail(scan);
	else if (take(scan, open))
		scan->depth++;
	scan->first = true;
}

bool json_scan__next(struct json_scan *scan, char close)
{
	bool first = scan->first;

	scan->first = false;
	if (scan->bad)
		return false;
	if (json_scan__peek(scan) == close) {
		scan->at++;
		scan->depth--;
		return false;
	}
	return first ? json_scan__peek(scan) != '\0' || (fail(scan), false) : take(scan, ',');
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits behind "\u"; -1: they are not there. */
static int take_unit(struct json_scan *scan)
{
	int unit = 0, i, digit;

	if (scan->end - scan->at < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		digit = hex_digit(scan->at[i]);
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	scan->at += 4;
	return unit;
}

static void append_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf__append_char(out, (char)c);
	} else if (c < 0x800) {
		buf__append_char(out, (char)(0xc0 | c >> 6));
		buf__append_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf__append_char(out, (char)(0xe0 | c >> 12));
		buf__append_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf__append_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf__append_char(out, (char)(0xf0 | c >> 18));
		buf__append_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf__append_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf__append_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* What follows "\u", the second half of a surrogate pair included. Halves alone become U+FFFD, NUL as well. */
static void take_escaped(struct json_scan *scan, struct buf *out)
{
	int high = take_unit(scan), low;

	if (high < 0) {
		fail(scan);
		return;
	}
	if (high >= 0xd800 && high < 0xdc00 && scan->end - scan->at >= 6 && scan->at[0] == '\\' &&
	    scan->at[1] == 'u') {
		scan->at += 2;
		low = take_unit(scan);
		if (low >= 0xdc00 && low < 0xe000) {
			append_utf8(out, 0x10000u + ((uint32_t)(high - 0xd800) << 10) +
						 (uint32_t)(low - 0xdc00));
			return;
		}
		high = 0xfffd;
	}
	append_utf8(out, !high || (high >= 0xd800 && high < 0xe000) ? 0xfffd : (uint32_t)high);
}

static void take_escape(struct json_scan *scan, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	char c;

	if (scan->at == scan->end) {
		fail(scan);
		return;
	}
	c = *scan->at++;
	if (c == 'u') {
		take_escaped(scan, out);
		return;
	}
	at = c ? strchr(from, c) : NULL;
	if (at)
		buf__append_char(out, to[at - from]);
	else
		fail(scan);
}

void json_scan__string(struct json_scan *scan, struct buf *out)
{
	const char *from;

	buf__reset(out);
	if (!take(scan, '"'))
		return;
	while (!scan->bad) {
		for (from = scan->at; scan->at < scan->end && *scan->at != '"' && *scan->at != '\\';
		     scan->at++)
			;
		buf__append(out, from, (size_t)(scan->at - from));
		if (scan->at == scan->end) {
			fail(scan);
			return;
		}
		if (*scan->at++ == '"')
			return;
		take_escape(scan, out);
	}
}

void json_scan__key(struct json_scan *scan, struct buf *out)
{
	json_scan__string(scan, out);
	take(scan, ':');
}

/* The characters of a number, NUL-terminated; 0 and a fault if there are none. */
static size_t take_number(struct json_scan *scan, char out[NUMBER_MAX])
{
	size_t len = 0;

	json_scan__peek(scan);
	while (scan->at < scan->end && *scan->at && strchr("+-.0123456789eE", *scan->at)) {
		if (len == NUMBER_MAX - 1)
			break;
		out[len++] = *scan->at++;
	}
	out[len] = '\0';
	if (!len)
		fail(scan);
	return len;
}

double json_scan__double(struct json_scan *scan)
{
	char text[NUMBER_MAX], *end;
	double value;

	if (!take_number(scan, text))
		return 0;
	value = strtod(text, &end);
	if (*end || !isfinite(value)) {
		fail(scan);
		return 0;
	}
	return value;
}

int64_t json_scan__int(struct json_scan *scan)
{
	char text[NUMBER_MAX], *end;
	long long whole;
	double value;

	if (!take_number(scan, text))
		return 0;
	errno = 0;
	whole = strtoll(text, &end, 10);
	if (!*end && !errno)
		return whole;
	value = strtod(text, &end);
	if (*end || !(fabs(value) < 9.2e18)) {
		fail(scan);
		return 0;
	}
	return llround(value);
}

static void skip_word(struct json_scan *scan)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i, len;

	for (i = 0; i < 3; i++) {
		len = strlen(words[i]);
		if ((size_t)(scan->end - scan->at) >= len && !memcmp(scan->at, words[i], len)) {
			scan->at += len;
			return;
		}
	}
	fail(scan);
}

static void skip_string(struct json_scan *scan)
{
	scan->at++;
	while (scan->at < scan->end && *scan->at != '"')
		scan->at += *scan->at == '\\' && scan->end - scan->at > 1 ? 2 : 1;
	if (scan->at == scan->end)
		fail(scan);
	else
		scan->at++;
}

/* Not by recursion: the depth is bounded, but so is our stack. */
void json_scan__skip(struct json_scan *scan)
{
	unsigned depth = 0;
	char text[NUMBER_MAX], c;

	do {
		c = json_scan__peek(scan);
		if (!c) {
			fail(scan);
		} else if (c == '{' || c == '[') {
			depth++;
			scan->at++;
		} else if (c == '}' || c == ']') {
			if (depth)
				depth--;
			else
				fail(scan);
			scan->at += !scan->bad;
		} else if (c == ',' || c == ':') {
			if (!depth)
				fail(scan);
			scan->at += !scan->bad;
		} else if (c == '"') {
			skip_string(scan);
		} else if (strchr("-0123456789", c)) {
			take_number(scan, text);
		} else {
			skip_word(scan);
		}
	} while (depth && !scan->bad);
	scan->first = false;
}
