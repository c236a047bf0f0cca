// SPDX-License-Identifier: Apache-2.0
#include "symbolize/demangle.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

/* Longest name tried: libiberty keeps ~100 bytes of stack per byte of it. */
#define MANGLED_MAX_BYTES   ((size_t)16 << 10)
/* Substitutions make a name's readable form exponential in its length: stop printing here. */
#define DEMANGLED_MAX_BYTES ((size_t)16 << 10)

struct output {
	char *text;
	size_t len;
	jmp_buf overflow;
};

/*
 * libiberty has no way to abort printing, and a name of 200 bytes can print for years. Its C++
 * printer owns nothing but stack while it calls us, so leaving by longjmp is clean; the Rust one
 * may lose one buffer (an identifier in punycode), once per hostile name.
 */
static void collect(const char *piece, size_t len, void *opaque)
{
	struct output *out = opaque;

	if (len > DEMANGLED_MAX_BYTES - out->len)
		longjmp(out->overflow, 1);
	if (!len)
		return; /* and then @piece may be NULL */
	memcpy(out->text + out->len, piece, len);
	out->len += len;
}

static bool print_cxx(const char *name, struct output *out)
{
	return cplus_demangle_v3_callback(name, DMGL_NO_OPTS, collect, out);
}

static bool print_rust(const char *name, struct output *out)
{
	return rust_demangle_callback(name, DMGL_NO_OPTS, collect, out);
}

/* NULL if @name is no such name, or prints too much. */
static char *run(bool (*print)(const char *, struct output *), const char *name)
{
	struct output *out = malloc(sizeof(*out));
	char *volatile text = malloc(DEMANGLED_MAX_BYTES + 1);
	char *ret = NULL;

	if (out && text) {
		out->text = text;
		out->len = 0;
		if (!setjmp(out->overflow) && print(name, out) && out->len)
			ret = strndup(out->text, out->len);
	}
	free(text);
	free(out);
	return ret;
}

static bool all_digits(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	return len > 0;
}

/* Is [@word, @word + @len) one of @words? */
static bool is_one_of(const char *const *words, const char *word, size_t len)
{
	for (; *words; words++)
		if (strlen(*words) == len && !memcmp(*words, word, len))
			return true;
	return false;
}

/*
 * The length of @name without one clone's ending, ".WORD.N" or ".WORD". Names of other languages
 * have dots of their own (Go, OCaml), so only known words go, and most only with their number.
 */
static size_t without_clone(const char *name, size_t len)
{
	static const char *const numbered[] = { "constprop", "isra", "part",   "cold", "clone",
						"lto_priv",  "llvm", "__uniq", NULL };
	static const char *const bare[] = { "cold", "localalias", NULL };
	const char *dot = memrchr(name, '.', len), *end = name + len;
	const char *const *words = bare;

	if (dot && dot > name && all_digits(dot + 1, (size_t)(end - dot - 1))) {
		words = numbered;
		end = dot;
		dot = memrchr(name, '.', (size_t)(end - name));
	}
	if (!dot || dot == name || !is_one_of(words, dot + 1, (size_t)(end - dot - 1)))
		return len;
	return (size_t)(dot - name);
}

static char *strip_clones(const char *name)
{
	size_t len = strlen(name), shorter;

	while ((shorter = without_clone(name, len)) != len)
		len = shorter;
	return strndup(name, len);
}

char *demangle(const char *name)
{
	char *base = strip_clones(name), *readable = NULL;

	if (!base || strlen(base) > MANGLED_MAX_BYTES)
		return base;
	/* Legacy Rust names are valid C++ names too: Rust goes first, it knows its hash. */
	if (!strncmp(base, "_R", 2) || !strncmp(base, "_ZN", 3))
		readable = run(print_rust, base);
	if (!readable && (!strncmp(base, "_Z", 2) || !strncmp(base, "_GLOBAL_", 8)))
		readable = run(print_cxx, base);
	if (!readable)
		return base;
	free(base);
	return readable;
}
