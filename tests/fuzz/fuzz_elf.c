// SPDX-License-Identifier: Apache-2.0
/* Every reader of elf/ on any bytes: none may read outside of them, run for long or allocate more
 * than its limits. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf/build_id.h"
#include "elf/debuglink.h"
#include "elf/eh_frame_hdr.h"
#include "elf/elf_dyn.h"
#include "elf/elf_file.h"
#include "elf/elf_syms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

/* Touch what a span claims to hold, so that ASan sees a wrong claim. */
static unsigned touch(const void *at, size_t len_bytes)
{
	const uint8_t *p = at;

	return len_bytes ? p[0] + p[len_bytes - 1] : 0;
}

static unsigned walk_syms(const struct elf_file *elf, uint32_t type)
{
	struct elf_sym_iter it;
	struct elf_sym sym;
	unsigned sum = 0;

	if (elf_sym_iter__init(&it, elf, type))
		return 0;
	while (elf_sym_iter__next(&it, &sym))
		sum += (unsigned char)sym.name[0] + sym.executable;
	return sum;
}

static unsigned walk_dynamic(const struct elf_file *elf)
{
	struct elf_dyn_str_iter strs;
	struct elf_reloc_iter relocs;
	struct elf_reloc reloc;
	const char *str;
	unsigned sum = 0;

	if (!elf_dyn_str_iter__init(&strs, elf, DT_NEEDED))
		while ((str = elf_dyn_str_iter__next(&strs)))
			sum += (unsigned char)str[0];
	if (!elf_reloc_iter__init(&relocs, elf))
		while (elf_reloc_iter__next(&relocs, &reloc))
			sum += (unsigned char)reloc.sym_name[0];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct elf_file *elf __free(elf_file) = NULL;
	volatile unsigned sum = 0;
	struct elf_span span;
	struct debugaltlink alt;
	struct debuglink link;
	struct build_id id;
	uint32_t crc;
	uint64_t off;
	uint8_t byte;

	if (elf_file__open_mem(data, len_bytes, &elf))
		return 0;
	for (size_t i = 0; i < elf_file__section_cnt(elf) && i < 64; i++) {
		sum += (unsigned char)elf_file__section_name(elf, i)[0];
		if (!elf_file__section_data(elf, i, &span))
			sum += touch(span.at, span.len_bytes);
	}
	if (!build_id_read(elf, &id))
		sum += touch(id.bytes, id.len_bytes);
	if (!debuglink_read(elf, &link))
		sum += touch(link.name, strlen(link.name)) + link.crc;
	if (!debugaltlink_read(elf, &alt))
		sum += touch(alt.path, strlen(alt.path)) +
		       touch(alt.build_id.bytes, alt.build_id.len_bytes);
	if (!debuglink_crc(elf, &crc))
		sum += crc;
	if (!elf_file__read_vaddr(elf, elf_file__entry(elf), &byte, 1))
		sum += byte;
	if (!eh_frame_hdr_find(elf, elf_file__entry(elf), &off) && off > elf_file__entry(elf))
		abort();
	if (!elf_file__vaddr_to_off(elf, elf_file__entry(elf), &off))
		sum += elf_file__load_by_off(elf, off) != NULL;
	sum += walk_syms(elf, SHT_SYMTAB) + walk_syms(elf, SHT_DYNSYM) + walk_dynamic(elf);
	return 0;
}
