/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of a file by address, from one or several of its symbol tables. Where several names
 * share an address, the one people use is chosen, always the same: malloc rather than
 * __libc_malloc.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct elf_file;
struct sym_table;

/* How far behind its start a symbol without a size is believed. */
#define SYM_SIZELESS_MAX_BYTES 65536u
/* Longer names are cut, symbols past the number are not looked at. */
#define SYM_NAME_MAX_BYTES     65536u
#define SYM_TABLE_MAX          ((size_t)8 << 20)

struct sym {
	const char *name; /* without "@VERSION"; lives as long as the elf_file it came from */
	size_t name_len;  /* at most SYM_NAME_MAX_BYTES */
	uint64_t start;
	bool sized; /* the table says how long it is */
};

struct sym_table *sym_table__new(void);
void sym_table__free(struct sym_table *table);
DEFINE_CLEANUP(sym_table);

/*
 * Add the functions in @elf's table of @section_type (SHT_SYMTAB, SHT_DYNSYM). Later tables fill
 * gaps and add aliases; the same symbol twice does no harm. 0, -ENOENT if there is no such table,
 * -errno.
 */
int sym_table__add(struct sym_table *table, const struct elf_file *elf, uint32_t section_type);
/* Sort; once, after the last add. 0 or -ENOMEM. */
int sym_table__seal(struct sym_table *table);

/* The function that @vaddr is in. 0 or -ENOENT. */
int sym_table__find(const struct sym_table *table, uint64_t vaddr, struct sym *ret);
size_t sym_table__cnt(const struct sym_table *table);
