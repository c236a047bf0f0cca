// SPDX-License-Identifier: Apache-2.0
#include "base/shorten.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

#define KEPT_ARGS_BYTES 8
#define MAX_NESTING     256
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

static char opener_of(char c)
{
	switch (c) {
	case ')':
		return '(';
	case ']':
		return '[';
	case '}':
		return '{';
	case '>':
		return '<';
	default:
		return 0;
	}
}

/*
 * Bytes from the bracket at @s to its match, both included; 0 if it has none. '<' and '>' may also
 * be comparisons, but only within round brackets, whose end closes all that is still open in them;
 * the
 * '>' of "->" and of operators does not count.
 */
static size_t bracket_len(const char *s)
{
	char open[MAX_NESTING];
	size_t depth = 0, op;
	const char *p = s;
	char opener;

	while (*p) {
		op = operator_len(p, s);
		if (op) {
			p += op;
			continue;
		}
		opener = opener_of(*p);
		if (strchr("([{<", *p)) {
			if (depth == MAX_NESTING)
				return 0;
			open[depth++] = *p;
		} else if (*p == '>') {
			if (depth && p[-1] != '-' && open[depth - 1] == '<')
				depth--;
		} else if (opener && memrchr(open, opener, depth)) {
			/* memrchr() saw it. NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
			while (open[--depth] != opener)
				;
		}
		p++;
		if (!depth)
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

/* An operator's name; its template arguments, if any, stand behind a blank. */
static size_t operator_piece(const char *s, size_t len, struct buf *out)
{
	size_t args_len;

	buf__append(out, s, len);
	if (!starts(s + len, " <") || !(args_len = bracket_len(s + len + 1)))
		return len;
	buf__append_char(out, ' ');
	template_args(s + len + 1, args_len, out);
	return len + 1 + args_len;
}

/* What stands at @s, appended to @out in its short form. Returns how many bytes it was. */
static size_t shorten_piece(const char *s, const char *start, struct buf *out)
{
	size_t len;

	if ((len = operator_len(s, start)))
		return operator_piece(s, len, out);
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
