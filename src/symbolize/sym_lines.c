// SPDX-License-Identifier: Apache-2.0
#include "symbolize/sym_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/hashmap.h"
#include "base/intern.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "symbolize/demangle.h"

#define LINES_PER_CHUNK 1024u
#define NAME_MAX_BYTES  65536u

struct sym_lines {
	VEC(struct sym_line *) chunks; /* lines never move: the newest is filled, full ones stay */
	size_t chunk_used, chunk_cap;
	struct intern *strings;
	struct hashmap
		*demangled; /* string id of a linker name -> string id of its readable form */
	struct buf *scratch;
};

struct sym_lines *sym_lines__new(void)
{
	struct sym_lines *lines __free(sym_lines) = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->strings = intern__new();
	lines->demangled = hashmap__new();
	lines->scratch = buf__new(0);
	return lines->strings && lines->demangled && lines->scratch ? TAKE_PTR(lines) : NULL;
}

void sym_lines__free(struct sym_lines *lines)
{
	size_t i;

	if (!lines)
		return;
	for (i = 0; i < lines->chunks.cnt; i++)
		free(lines->chunks.at[i]);
	vec__done(&lines->chunks);
	intern__free(lines->strings);
	hashmap__free(lines->demangled);
	buf__free(lines->scratch);
	free(lines);
}

struct sym_line *sym_lines__alloc(struct sym_lines *lines, size_t cnt)
{
	struct sym_line *chunk;
	size_t cap;

	if (!lines->chunks.cnt || lines->chunk_cap - lines->chunk_used < cnt) {
		cap = cnt > LINES_PER_CHUNK ? cnt : LINES_PER_CHUNK;
		chunk = calloc(cap, sizeof(*chunk));
		if (!chunk || vec__push(&lines->chunks, chunk)) {
			free(chunk);
			return NULL;
		}
		lines->chunk_used = 0;
		lines->chunk_cap = cap;
	}
	chunk = lines->chunks.at[lines->chunks.cnt - 1] + lines->chunk_used;
	lines->chunk_used += cnt;
	return chunk;
}

/* The string, cleaned, by its number among the strings; 0 is "". */
static int keep(struct sym_lines *lines, const char *str, size_t len, uint32_t *ret_id)
{
	int err;

	buf__reset(lines->scratch);
	utf8_append_clean(lines->scratch, str, len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES);
	err = buf__error(lines->scratch);
	if (err)
		return err;
	return intern__add_n(lines->strings, buf__data(lines->scratch), buf__len(lines->scratch),
			     ret_id);
}

/* Each distinct name is demangled once. */
int sym_lines__name_symbol(struct sym_lines *lines, const char *name, size_t len,
			   struct sym_line *line)
{
	char *copy __free_mem = strndup(name, len), *readable __free_mem = NULL;
	uint32_t id, readable_id;
	uint64_t known;
	int err;

	if (!copy)
		return -ENOMEM;
	err = keep(lines, copy, strlen(copy), &id);
	if (err)
		return err;
	if (hashmap__get(lines->demangled, id, &known)) {
		readable_id = (uint32_t)known;
	} else {
		readable = demangle(copy);
		if (!readable)
			return -ENOMEM;
		err = keep(lines, readable, strlen(readable), &readable_id);
		if (!err)
			err = hashmap__set(lines->demangled, id, readable_id);
		if (err)
			return err;
	}
	line->system_name = intern__str(lines->strings, id);
	line->name = intern__str(lines->strings, readable_id ? readable_id : id);
	return 0;
}

int sym_lines__name(struct sym_lines *lines, const char *name, size_t len, struct sym_line *line)
{
	uint32_t id;
	int err = keep(lines, name, len, &id);

	if (!err)
		line->name = line->system_name = intern__str(lines->strings, id);
	return err;
}

int sym_lines__name_place(struct sym_lines *lines, const char *base, const char *sign,
			  uint64_t place, struct sym_line *line)
{
	char *name __free_mem = NULL;

	if (format_alloc(&name, "%s%s0x%llx", base, sign, (unsigned long long)place) < 0)
		return -ENOMEM;
	line->flags |= SYM_LINE_FALLBACK;
	return sym_lines__name(lines, name, strlen(name), line);
}

int sym_lines__set_path(struct sym_lines *lines, const char *path, struct sym_line *line)
{
	uint32_t id;
	int err = keep(lines, path, strlen(path), &id);

	if (!err)
		line->path = intern__str(lines->strings, id);
	return err;
}

int sym_lines__copy(struct sym_lines *lines, const struct sym_line *from, struct sym_line *to)
{
	const char *name = *from->name ? from->name : "[unknown]";
	uint32_t id;
	int err;

	*to = *from;
	err = sym_lines__name(lines, name, strlen(name), to);
	if (!err && strcmp(from->system_name, from->name)) {
		err = keep(lines, from->system_name, strlen(from->system_name), &id);
		if (!err)
			to->system_name = intern__str(lines->strings, id);
	}
	return err ? err : sym_lines__set_path(lines, from->path, to);
}
