// SPDX-License-Identifier: Apache-2.0
/* What a stripped file has instead of symbols: links to other files, and a packed one inside. */
#include <stdlib.h>
#include <string.h>

#include "elf/debuglink.h"
#include "elf/elf_file.h"
#include "elf/gnu_debugdata.h"
#include "symbolize/sym_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct elf_file *elf)
{
	struct sym_table *table __free(sym_table) = sym_table__new();
	struct sym sym;
	uint64_t vaddr;

	if (!table)
		return;
	sym_table__add(table, elf, SHT_SYMTAB);
	sym_table__add(table, elf, SHT_DYNSYM);
	if (sym_table__seal(table))
		return;
	for (vaddr = 0; vaddr < 0x10000; vaddr += 0x40)
		if (!sym_table__find(table, vaddr, &sym) &&
		    strnlen(sym.name, sym.name_len) != sym.name_len)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *elf __free(elf_file) = NULL, *mini __free(elf_file) = NULL;
	uint8_t *image __free_mem = NULL;
	struct debugaltlink alt;
	struct debuglink link;
	uint32_t crc;
	size_t len;

	if (elf_file__open_mem(data, size, &elf))
		return 0;
	if (!debuglink_read(elf, &link) && (!*link.name || strchr(link.name, '/')))
		abort();
	if (!debugaltlink_read(elf, &alt) && !strlen(alt.path))
		abort();
	debuglink_crc(elf, &crc);
	look_up(elf);
	if (!gnu_debugdata_unpack(elf, &image, &len) && !elf_file__open_mem(image, len, &mini)) {
		look_up(mini);
		elf_file__free(TAKE_PTR(mini)); /* before its image */
	}
	return 0;
}
