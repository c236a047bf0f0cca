/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and their strings: each string is there once, cleaned (UTF-8, no control characters, bounded); a line stays
 * where it is as long as all of them live. Functions return 0 or -ENOMEM.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "symbolize/symbolizer.h"

struct sym_lines;

struct sym_lines *sym_lines__new(void);
void sym_lines__free(struct sym_lines *lines);
DEFINE_CLEANUP(sym_lines);

/* @cnt empty lines side by side, or NULL. */
struct sym_line *sym_lines__alloc(struct sym_lines *lines, size_t cnt);

/* Name @line: by a linker name, which is demangled; by a name as it stands; by a place, "libfoo.so+0x1234". */
int sym_lines__name_symbol(struct sym_lines *lines, const char *name, size_t len,
			   struct sym_line *line);
int sym_lines__name(struct sym_lines *lines, const char *name, size_t len, struct sym_line *line);
int sym_lines__name_place(struct sym_lines *lines, const char *base, const char *sign,
			  uint64_t place, struct sym_line *line);
int sym_lines__set_path(struct sym_lines *lines, const char *path, struct sym_line *line);
/* @to becomes @from, whose strings somebody else has made. */
int sym_lines__copy(struct sym_lines *lines, const struct sym_line *from, struct sym_line *to);
