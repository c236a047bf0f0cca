/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the dynamic linker reads: needed libraries, relocations, the dynamic symbol table. All
 * through PT_DYNAMIC, so that it also works on files without sections (gABI, chapter 5, "Dynamic
 * Section").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

/* Symbols and the strings that name them; both live as long as the elf_file. */
struct elf_symtab {
	struct elf_span syms; /* a whole number of Elf64_Sym */
	struct elf_span strs; /* ends in a NUL */
};

/* The value of the first DT_ entry with @tag; -ENOENT. */
int elf_dyn_value(const struct elf_file *elf, int64_t tag, uint64_t *ret);

/* .dynsym by section, else by DT_SYMTAB with the count from the hash table. -ENOENT if static. */
int elf_dyn_symtab(const struct elf_file *elf, struct elf_symtab *ret);

/* Cut @strs behind its last NUL, so that every string that starts inside it also ends there. */
void elf_span_trim_strs(struct elf_span *strs);

/* The symbol's name, "" if @idx or the name is out of bounds. Lives as long as the elf_file. */
const char *elf_symtab_name(const struct elf_symtab *tab, uint32_t idx);

/* Strings of one tag: DT_NEEDED, DT_SONAME, DT_RUNPATH. The fields are private. */
struct elf_dyn_str_iter {
	struct elf_span dyns, strs;
	int64_t tag;
	size_t pos;
};

/* 0, or -ENOENT if there is no dynamic table (then the iterator is empty), or -errno. */
int elf_dyn_str_iter__init(struct elf_dyn_str_iter *it, const struct elf_file *elf, int64_t tag);
/* NULL at the end. */
const char *elf_dyn_str_iter__next(struct elf_dyn_str_iter *it);

struct elf_reloc {
	uint64_t vaddr;   /* the place, for a PLT entry its GOT slot */
	uint32_t type;    /* R_X86_64_* or R_AARCH64_* */
	uint32_t sym_idx; /* 0: none */
	int64_t addend;
	const char *sym_name; /* "" if none */
	uint64_t sym_vaddr;   /* where this file defines it; 0 if it does not */
};

/* DT_JMPREL (.rela.plt) first, then DT_RELA (.rela.dyn). The fields are private. */
struct elf_reloc_iter {
	struct elf_span tables[2];
	struct elf_symtab symtab;
	unsigned table;
	size_t pos;
};

/* As above. */
int elf_reloc_iter__init(struct elf_reloc_iter *it, const struct elf_file *elf);
bool elf_reloc_iter__next(struct elf_reloc_iter *it, struct elf_reloc *ret);
