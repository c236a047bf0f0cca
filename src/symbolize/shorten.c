// SPDX-License-Identifier: Apache-2.0
#include "symbolize/shorten.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

#define KEPT_ARGS_BYTES 8
#define ELLIPSIS        "<\xe2\x80\xa6>"

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* The length of the operator's name at @s, if that is where one starts: "operator<<", "operator()".
 */
static size_t operator_len(const char *s, const char *start)
{
	static const char *const symbols[] = { "()", "[]", "<=>", "<<=", ">>=", "->*", "<<",
					       ">>", "<=", ">=",  "->",  "<",   ">" };
	size_t len = strlen("operator"), i;

	if (!starts(s, "operator") || (s > start && is_word(s[-1])) || is_word(s[len]))
		return 0;
	for (i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		if (starts(s + len, symbols[i]))
			return len + strlen(symbols[i]);
	return len;
}

/*
 * Bytes from the bracket at @s to its match, both included; 0 if it has none. Inside "<...>" the
 * '>' of "->" and of operators does not count.
 */
static size_t bracket_len(const char *s)
{
	const char *p = s;
	size_t angle = 0, round = 0, op;

	while (*p) {
		op = operator_len(p, s);
		if (op) {
			p += op;
			continue;
		}
		if (*p == '(' || *p == '{' || *p == '[')
			round++;
		else if ((*p == ')' || *p == '}' || *p == ']') && round)
			round--;
		else if (*p == '<' && (!round || *s == '<'))
			angle++;
		else if (*p == '>' && p[-1] != '-' && angle)
			angle--;
		p++;
		if (!angle && !round)
			return (size_t)(p - s);
	}
	return 0;
}

/* libstdc++'s and libc++'s inline namespaces, and ABI tags: noise wherever they stand. */
static size_t noise_len(const char *s)
{
	static const char *const inline_ns[] = { "__cxx11::", "__1::", "__ndk1::", "_V2::" };
	size_t i;

	for (i = 0; i < sizeof(inline_ns) / sizeof(*inline_ns); i++)
		if (starts(s, inline_ns[i]))
			return strlen(inline_ns[i]);
	return starts(s, "[abi:") ? bracket_len(s) : 0;
}

/* "basic_string<char, ...>" behind "std::": the one template everybody knows by another name. */
static size_t string_len(const char *s, const struct buf *out)
{
	static const char head[] = "basic_string<char, ";
	size_t len = buf__len(out);

	if (len < 5 || memcmp(buf__data(out) + len - 5, "std::", 5) || !starts(s, head))
		return 0;
	s += strlen("basic_string");
	len = bracket_len(s);
	return len ? strlen("basic_string") + len : 0;
}

/* "{lambda(int, std::map<...>)#2}" -> "{lambda#2}" */
static size_t lambda_len(const char *s, struct buf *out)
{
	const char *params = s + strlen("{lambda");
	size_t len;

	if (!starts(s, "{lambda("))
		return 0;
	len = bracket_len(params);
	if (!len)
		return 0;
	buf__append_str(out, "{lambda");
	return (size_t)(params - s) + len;
}

static bool is_parameters(const char *s, size_t len)
{
	return *s == '(' && starts(s + len, "::") && !starts(s, "(anonymous namespace)");
}

static void template_args(const char *s, size_t len, struct buf *out)
{
	if (len <= KEPT_ARGS_BYTES + 2)
		buf__append(out, s, len);
	else
		buf__append_str(out, ELLIPSIS);
}

/* What stands at @s, appended to @out in its short form. Returns how many bytes it was. */
static size_t shorten_piece(const char *s, const char *start, struct buf *out)
{
	size_t len;

	if ((len = operator_len(s, start))) {
		buf__append(out, s, len);
		return len;
	}
	if ((s == start || !is_word(s[-1])) && (len = noise_len(s)))
		return len;
	if (*s == '[' && (len = noise_len(s)))
		return len;
	if ((len = string_len(s, out))) {
		buf__append_str(out, "string");
		return len;
	}
	if ((len = lambda_len(s, out)))
		return len;
	if (*s == '(' && (len = bracket_len(s)) && is_parameters(s, len))
		return len;
	/* A Rust path starts with '<', or has it behind "::" (a turbofish); there the types are the
	 * name. */
	if (*s == '<' && s > start && s[-1] != ' ' && s[-1] != '<' && (len = bracket_len(s))) {
		template_args(s, len, out);
		return len;
	}
	buf__append_char(out, *s);
	return 1;
}

char *shorten(const char *name)
{
	struct buf *out __free(buf) = buf__new(0);
	const char *s = name;

	if (!out)
		return NULL;
	while (*s)
		s += shorten_piece(s, name, out);
	return buf__take(out, NULL);
}
