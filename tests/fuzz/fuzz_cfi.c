// SPDX-License-Identifier: Apache-2.0
/*
 * The compiler of call frame information on any bytes, in an otherwise good file. The first byte is
 * what kind of file that is, the second how much of the rest is .debug_frame; the others are
 * .eh_frame. The whole file is mapped at 0 and executable, so that the bytes are the code as well.
 *
 * Beyond memory safety: tables are sorted, indexed right, and no row of the reduced one is for code
 * the full one does not know.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_file.h"
#include "unwind/unwind_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

#define KIND_ARM64       1
#define KIND_NO_SECTIONS 2

#define NAMES "\0.eh_frame\0.debug_frame\0.shstrtab"

enum { SECTION_NULL, SECTION_EH, SECTION_DEBUG, SECTION_NAMES, SECTION_CNT };

struct image {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdrs[2];
	Elf64_Shdr shdrs[SECTION_CNT];
	char names[40];
	uint8_t eh_frame_hdr[16];
	uint8_t data[];
};
_Static_assert(sizeof(struct image) == offsetof(struct image, data), "no padding");

static void fill_headers(struct image *image, uint8_t kind, size_t debug_bytes, size_t len_bytes)
{
	uint64_t all = sizeof(*image) + len_bytes;
	int32_t rel = sizeof(image->eh_frame_hdr) - 4;

	image->ehdr = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
		.e_type = ET_DYN,
		.e_machine = kind & KIND_ARM64 ? EM_AARCH64 : EM_X86_64,
		.e_entry = sizeof(*image),
		.e_phoff = offsetof(struct image, phdrs),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
		.e_shoff = kind & KIND_NO_SECTIONS ? 0 : offsetof(struct image, shdrs),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTION_CNT,
		.e_shstrndx = SECTION_NAMES,
	};
	image->phdrs[0] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = all, .p_memsz = all
	};
	image->phdrs[1] = (Elf64_Phdr){
		.p_type = PT_GNU_EH_FRAME,
		.p_offset = offsetof(struct image, eh_frame_hdr),
		.p_vaddr = offsetof(struct image, eh_frame_hdr),
		.p_filesz = sizeof(image->eh_frame_hdr),
	};
	image->shdrs[SECTION_EH] = (Elf64_Shdr){
		.sh_name = 1,
		.sh_type = SHT_PROGBITS,
		.sh_addr = sizeof(*image),
		.sh_offset = sizeof(*image),
		.sh_size = len_bytes - debug_bytes,
	};
	image->shdrs[SECTION_DEBUG] = (Elf64_Shdr){
		.sh_name = 11,
		.sh_type = SHT_PROGBITS,
		.sh_offset = all - debug_bytes,
		.sh_size = debug_bytes,
	};
	image->shdrs[SECTION_NAMES] = (Elf64_Shdr){
		.sh_name = 24,
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct image, names),
		.sh_size = sizeof(NAMES),
	};
	memcpy(image->names, NAMES, sizeof(NAMES));
	memcpy(image->eh_frame_hdr, "\1\x1b\xff\xff", 4);
	memcpy(image->eh_frame_hdr + 4, &rel, sizeof(rel));
}

static void check_table(const struct unwind_table *table)
{
	const struct unwind_row *rows = unwind_table__rows(table);
	const uint32_t *pages = unwind_table__pages(table);
	uint32_t page_cnt = unwind_table__page_cnt(table), base = unwind_table__page_base(table);
	size_t cnt = unwind_table__row_cnt(table);

	if (cnt < 2 || !page_cnt || rows[cnt - 1].rule != 0 || pages[0] != 0 ||
	    pages[page_cnt] != cnt)
		abort();
	for (size_t i = 0; i < cnt; i++) {
		if (i && (rows[i].off <= rows[i - 1].off || rows[i].rule == rows[i - 1].rule))
			abort();
		if (unwind_table__find(table, rows[i].off) != rows[i].rule)
			abort();
		if (rows[i].off &&
		    unwind_table__find(table, rows[i].off - 1ull) != (i ? rows[i - 1].rule : 0))
			abort();
	}
	for (uint32_t page = 0; page < page_cnt; page++)
		if (pages[page] > pages[page + 1] ||
		    (pages[page] < cnt && rows[pages[page]].off >> UNWIND_PAGE_SHIFT < base + page))
			abort();
}

/* Where the reduced table has a row other than its end, the full one has the same rule. */
static void check_reduced(const struct unwind_table *reduced, const struct unwind_table *full)
{
	const struct unwind_row *rows = unwind_table__rows(reduced);

	for (size_t i = 0; i + 1 < unwind_table__row_cnt(reduced); i++)
		if (unwind_table__find(full, rows[i].off) != rows[i].rule)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct unwind_table *reduced __free(unwind_table) = NULL;
	struct unwind_table *full __free(unwind_table) = NULL;
	struct elf_file *elf __free(elf_file) = NULL;
	struct image *image __free_mem = NULL;
	int err, full_err;

	if (len_bytes < 2)
		return 0;
	image = malloc(sizeof(*image) + len_bytes - 2);
	if (!image)
		return 0;
	memset(image, 0, sizeof(*image));
	memcpy(image->data, data + 2, len_bytes - 2);
	fill_headers(image, data[0], (len_bytes - 2) * data[1] / 256, len_bytes - 2);
	err = elf_file__open_mem(image, sizeof(*image) + len_bytes - 2, &elf);
	if (err == -ENOMEM)
		return 0;
	if (err)
		abort();
	full_err = unwind_table__build(elf, UNWIND_FULL, &full);
	err = unwind_table__build(elf, 0, &reduced);
	if (full_err == -ENOMEM || err == -ENOMEM)
		return 0;
	if (full)
		check_table(full);
	if (reduced)
		check_table(reduced);
	if (reduced && !full)
		abort();
	if (reduced)
		check_reduced(reduced, full);
	if (full_err == UNWIND_NO_CFI && err != UNWIND_NO_CFI)
		abort();
	return 0;
}
