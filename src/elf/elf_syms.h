/* SPDX-License-Identifier: Apache-2.0 */
/* The symbols of a file, one at a time: `while (elf_sym_iter__next(&it, &sym))`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_dyn.h"
#include "elf/elf_file.h"

struct elf_sym {
	const char *name;    /* lives as long as the elf_file; "" if it has none */
	uint64_t value;      /* an address, unless shndx is SHN_ABS or the type is STT_TLS */
	uint64_t size_bytes; /* 0: unknown */
	uint32_t idx;
	uint16_t shndx;  /* SHN_UNDEF: defined elsewhere */
	uint8_t type;    /* STT_* */
	uint8_t bind;    /* STB_* */
	bool executable; /* value lies in executable code of this file */
};

/* Private. */
struct elf_sym_iter {
	const struct elf_file *elf;
	struct elf_symtab tab;
	uint32_t idx;
};

/*
 * @section_type is SHT_SYMTAB or SHT_DYNSYM; the latter also works on files without sections. 0,
 * -ENOENT if the file has no such table (then the iterator is empty), or elf_file__section_data's
 * errors.
 */
int elf_sym_iter__init(struct elf_sym_iter *it, const struct elf_file *elf, uint32_t section_type);
/* The symbol table in section @idx, whatever it is called. -EINVAL if it is none. */
int elf_sym_iter__init_section(struct elf_sym_iter *it, const struct elf_file *elf, size_t idx);
/* The null symbol (index 0) is skipped. */
bool elf_sym_iter__next(struct elf_sym_iter *it, struct elf_sym *ret);
