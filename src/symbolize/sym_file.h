/* SPDX-License-Identifier: Apache-2.0 */
/* One file with all its sources of symbols and lines, opened when first asked and droppable again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/build_id.h"
#include "elf/elf_file.h"
#include "symbolize/debug_files.h"
#include "symbolize/dwarf.h"
#include "symbolize/sym_table.h"

struct debuginfod;
struct sym_file;

/* Which sources to use. Borrowed, as are the descriptors in it. */
struct sym_sources {
	struct debug_roots roots;
	struct debuginfod *debuginfod; /* or NULL */
	bool no_lines, no_debug_files;
};

/* What is known of a place; strings live until the file is dropped. Zero-initialise;
 * sym_place_done(). */
struct sym_place {
	struct dwarf_frames frames; /* innermost first; none: no DWARF there */
	struct sym sym;             /* of the function, if has_sym */
	bool has_sym;
	bool limited;   /* a limit on DWARF was hit */
	bool has_start; /* without a symbol: where the function begins is known all the same */
	uint64_t start;
	uint64_t vaddr; /* the offset itself if the file cannot be read */
};

void sym_place_done(struct sym_place *place);

/* @fd is duplicated (-1: there is none), @path and @id (NULL: read from the file) are copied. NULL:
 * -ENOMEM. */
struct sym_file *sym_file__new(const struct sym_sources *sources, int fd, const char *path,
			       const struct build_id *id);
/* A file that is in memory for as long as the program runs: the vdso. */
struct sym_file *sym_file__new_mem(const struct sym_sources *sources, const void *image,
				   size_t len_bytes, const char *path);
void sym_file__free(struct sym_file *file);
DEFINE_CLEANUP(sym_file);

/* What it was made of; -1: nothing that is open. */
int sym_file__fd(const struct sym_file *file);
const char *sym_file__path(const struct sym_file *file);
const struct sym_sources *sym_file__sources(const struct sym_file *file);
/* Last component of the path; never "". */
const char *sym_file__basename(const struct sym_file *file);
/* 0 also if nothing is known, which @ret then says; -ENOMEM. */
int sym_file__find(struct sym_file *file, uint64_t file_offset, struct sym_place *ret);
/* Release all that was read; the next find reads it again. */
void sym_file__drop(struct sym_file *file);
/* Nor will the file be opened again: whatever is asked of it from now on is not found. */
void sym_file__close(struct sym_file *file);
