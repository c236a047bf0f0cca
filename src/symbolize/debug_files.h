/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the symbols and the DWARF of a stripped file lie: below /usr/lib/debug by build id, or
 * where its .gnu_debuglink points; .dwo and .dwp files; what dwz took out (GDB manual, "Separate
 * Debug Files"). Every file found is checked to belong: by build id, checksum or, for split DWARF,
 * unit id.
 */
#pragma once

#include <stddef.h>

#include "elf/build_id.h"
#include "elf/elf_file.h"

#define DEBUG_DIR "/usr/lib/debug"

struct sym_opener;

/* The trees to look in, in this order: ours, then the one the file was mapped from if another. */
struct debug_roots {
	int fds[2];
	size_t cnt;
	const struct sym_opener *opener; /* instead of fds, or NULL */
	const char *debug_dir;           /* DEBUG_DIR */
};

/* A debug file and its own path in its root, which the caller frees; elf_file__free() the other. */
struct debug_file {
	struct elf_file *elf;
	char *path;
};

/* @path in tree @root, for reading. 0 or -errno. */
int debug_roots_open(const struct debug_roots *roots, size_t root, const char *path, int *ret_fd);

/* All return 0, -ENOENT if there is no such file that belongs, or -ENOMEM. */

int debug_files_by_build_id(const struct debug_roots *roots, const struct build_id *id,
			    struct debug_file *ret);
/* @path: of @elf, in any of the roots. @id: its build id, or NULL. */
int debug_files_by_link(const struct debug_roots *roots, const struct elf_file *elf,
			const char *path, const struct build_id *id, struct debug_file *ret);
/* The common file that dwz took out of @file and others. */
int debug_files_alt(const struct debug_roots *roots, const struct debug_file *file,
		    struct elf_file **ret);
/* @name as DW_AT_dwo_name has it, relative to @comp_dir or, if that is NULL, to the folder of
 * @path. */
int debug_files_dwo(const struct debug_roots *roots, const char *path, const char *comp_dir,
		    const char *name, struct elf_file **ret);
/* The .dwp of @path. */
int debug_files_dwp(const struct debug_roots *roots, const char *path, struct elf_file **ret);
