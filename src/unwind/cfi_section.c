// SPDX-License-Identifier: Apache-2.0
#include "unwind/cfi_section.h"

#include <errno.h>

#include "unwind/cfi_cursor.h"

/* LSB Core, "DWARF Exception Header Encoding". */
#define DW_EH_PE_absptr   0x00
#define DW_EH_PE_uleb128  0x01
#define DW_EH_PE_udata2   0x02
#define DW_EH_PE_udata4   0x03
#define DW_EH_PE_udata8   0x04
#define DW_EH_PE_sleb128  0x09
#define DW_EH_PE_sdata2   0x0a
#define DW_EH_PE_sdata4   0x0b
#define DW_EH_PE_sdata8   0x0c
#define DW_EH_PE_pcrel    0x10
#define DW_EH_PE_indirect 0x80
#define DW_EH_PE_omit     0xff

/* --- where the sections are -------------------------------------------------------------- */

static int cfi_section_by_name(const struct elf_file *elf, const char *name,
			       struct cfi_section *ret)
{
	struct cfi_section section = {};
	size_t idx;
	int err = elf_file__find_section(elf, name, &idx);

	if (err)
		return err;
	err = elf_file__section_data(elf, idx, &section.bytes);
	if (err)
		return err == -ENODATA ? -ENOENT : err;
	if (section.bytes.len_bytes > CFI_SECTION_MAX_BYTES)
		return -EFBIG;
	section.vaddr = elf_file__section(elf, idx)->sh_addr;
	*ret = section;
	return section.bytes.len_bytes ? 0 : -ENOENT;
}

/* LSB Core, "Exception Frame Header": version 1, three encodings, then the address of .eh_frame. */
static int cfi_eh_frame_vaddr(const struct elf_file *elf, uint64_t *ret)
{
	const Elf64_Phdr *phdr = elf_file__find_phdr(elf, PT_GNU_EH_FRAME);
	struct cfi_section header = {};
	const uint8_t *at;
	int err;

	if (!phdr || phdr->p_filesz < 8)
		return -ENOENT;
	err = elf_file__bytes(elf, phdr->p_offset, phdr->p_filesz < 12 ? phdr->p_filesz : 12,
			      &header.bytes);
	if (err)
		return err == -ENODATA ? -ENOENT : err;
	header.vaddr = phdr->p_vaddr;
	if (header.bytes.at[0] != 1)
		return -ENOENT;
	at = header.bytes.at + 4;
	return cfi_section_pointer(&header, header.bytes.at[1], &at,
				   header.bytes.at + header.bytes.len_bytes, ret)
		       ? -ENOENT
		       : 0;
}

int cfi_section_find_eh_frame(const struct elf_file *elf, struct cfi_section *ret)
{
	struct cfi_section section = { .ends_at_zero = true };
	const Elf64_Phdr *load;
	uint64_t left, in_load;
	int err = cfi_section_by_name(elf, ".eh_frame", ret);

	if (err != -ENOENT)
		return err;
	err = cfi_eh_frame_vaddr(elf, &section.vaddr);
	if (err)
		return err;
	load = elf_file__load_by_vaddr(elf, section.vaddr);
	if (!load)
		return -ENOENT;
	in_load = section.vaddr - load->p_vaddr;
	left = load->p_filesz - in_load;
	if (left > CFI_SECTION_MAX_BYTES)
		left = CFI_SECTION_MAX_BYTES;
	err = elf_file__bytes(elf, load->p_offset + in_load, left, &section.bytes);
	if (err)
		return err == -ENODATA ? -ENOENT : err;
	*ret = section;
	return 0;
}

int cfi_section_find_debug_frame(const struct elf_file *elf, struct cfi_section *ret)
{
	int err = cfi_section_by_name(elf, ".debug_frame", ret);

	if (err)
		return err;
	ret->vaddr = 0;
	ret->debug_frame = true;
	return 0;
}

/* --- entries ----------------------------------------------------------------------------- */

/* The head that CIEs and FDEs share. */
struct cfi_entry {
	struct cfi_cursor body; /* behind the id */
	uint64_t id;            /* tells a CIE, or leads from an FDE to its CIE */
	uint32_t id_pos;
	bool is_cie;
	bool is_64bit;
};

static uint32_t cfi_pos(const struct cfi_section *section, const uint8_t *at)
{
	return (uint32_t)(at - section->bytes.at);
}

static struct cfi_cursor cfi_cursor_at(const struct cfi_section *section, uint32_t pos)
{
	const uint8_t *end = section->bytes.at + section->bytes.len_bytes;

	if (pos > section->bytes.len_bytes)
		return (struct cfi_cursor){ end, end, true };
	return (struct cfi_cursor){ section->bytes.at + pos, end, false };
}

/* False: the entry runs over the end of the section, or is a zero length. */
static bool cfi_entry_open(const struct cfi_section *section, uint32_t pos, struct cfi_entry *ret)
{
	struct cfi_cursor cur = cfi_cursor_at(section, pos);
	struct cfi_entry entry = {};
	uint64_t len_bytes = cfi_cursor__uint(&cur, 4);

	if (len_bytes == 0xffffffff) {
		entry.is_64bit = true;
		len_bytes = cfi_cursor__uint(&cur, 8);
	}
	if (cur.bad || !len_bytes || len_bytes > cfi_cursor__left(&cur))
		return false;
	cur.end = cur.at + len_bytes;
	entry.id_pos = cfi_pos(section, cur.at);
	entry.id = cfi_cursor__uint(&cur, section->debug_frame && entry.is_64bit ? 8 : 4);
	if (cur.bad)
		return false;
	if (section->debug_frame)
		entry.is_cie = entry.id == (entry.is_64bit ? UINT64_MAX : UINT32_MAX);
	else
		entry.is_cie = entry.id == 0;
	entry.body = cur;
	*ret = entry;
	return true;
}

enum cfi_entry_kind cfi_section_next(const struct cfi_section *section, uint32_t *pos,
				     uint32_t *ret_start)
{
	struct cfi_entry entry;
	uint32_t length;

	for (;;) {
		if (*pos >= section->bytes.len_bytes)
			return CFI_ENTRY_END;
		if (section->bytes.len_bytes - *pos < 4)
			return CFI_ENTRY_BAD;
		memcpy(&length, section->bytes.at + *pos, 4);
		if (length)
			break;
		/* crtend.o ends .eh_frame with a zero, and linkers may leave that in the middle. */
		if (section->ends_at_zero)
			return CFI_ENTRY_END;
		*pos += 4;
	}
	if (!cfi_entry_open(section, *pos, &entry))
		return CFI_ENTRY_BAD;
	*ret_start = *pos;
	*pos = cfi_pos(section, entry.body.end);
	return entry.is_cie ? CFI_ENTRY_CIE : CFI_ENTRY_FDE;
}

static uint64_t cfi_read_encoded(struct cfi_cursor *cur, uint8_t enc)
{
	switch (enc & 0x0f) {
	case DW_EH_PE_uleb128:
		return cfi_cursor__uleb(cur);
	case DW_EH_PE_sleb128:
		return (uint64_t)cfi_cursor__sleb(cur);
	case DW_EH_PE_udata2:
		return cfi_cursor__uint(cur, 2);
	case DW_EH_PE_udata4:
		return cfi_cursor__uint(cur, 4);
	case DW_EH_PE_sdata2:
		return (uint64_t)cfi_cursor__sint(cur, 2);
	case DW_EH_PE_sdata4:
		return (uint64_t)cfi_cursor__sint(cur, 4);
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return cfi_cursor__uint(cur, 8);
	default:
		cur->bad = true;
		return 0;
	}
}

static uint64_t cfi_read_pointer(const struct cfi_section *section, struct cfi_cursor *cur,
				 uint8_t enc)
{
	uint64_t here = section->vaddr + cfi_pos(section, cur->at);
	uint64_t value = cfi_read_encoded(cur, enc);

	if ((enc & 0xf0) == DW_EH_PE_pcrel)
		return here + value;
	/* Relative to text, data or the function, or indirect: no linker writes code addresses so.
	 */
	if (enc & 0xf0)
		cur->bad = true;
	return value;
}

int cfi_section_pointer(const struct cfi_section *section, uint8_t enc, const uint8_t **at,
			const uint8_t *end, uint64_t *ret)
{
	struct cfi_cursor cur = { *at, end, false };
	uint64_t value = cfi_read_pointer(section, &cur, enc);

	if (cur.bad)
		return -EBADMSG;
	*at = cur.at;
	*ret = value;
	return 0;
}

/* 'z' comes first and makes unknown letters harmless: the data's length is known. */
static void cfi_read_augmentation(struct cfi_cursor *cur, const char *letters, struct cfi_cie *cie)
{
	struct cfi_cursor data = *cur;
	uint64_t len_bytes;
	uint8_t enc;

	if (!*letters)
		return;
	if (*letters != 'z') {
		cur->bad = true;
		return;
	}
	len_bytes = cfi_cursor__uleb(cur);
	data.at = cur->at;
	if (!cfi_cursor__take(cur, len_bytes))
		return;
	data.end = cur->at;
	cie->has_aug_data = true;
	for (letters++; *letters; letters++) {
		switch (*letters) {
		case 'R':
			cie->pointer_enc = (uint8_t)cfi_cursor__uint(&data, 1);
			break;
		case 'P': /* the personality routine: a pointer in an encoding of its own */
			enc = (uint8_t)cfi_cursor__uint(&data, 1);
			if (enc != DW_EH_PE_omit)
				cfi_read_encoded(&data, enc);
			break;
		case 'L':
			cfi_cursor__uint(&data, 1);
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B': /* arm64: return addresses are signed with key B */
		case 'G': /* arm64: tagged stack frame */
			break;
		default:
			return;
		}
	}
	if (data.bad)
		cur->bad = true;
}

int cfi_section_cie(const struct cfi_section *section, uint32_t pos, struct cfi_cie *ret)
{
	struct cfi_cie cie = { .pointer_enc = DW_EH_PE_absptr };
	struct cfi_entry entry;
	struct cfi_cursor *cur = &entry.body;
	const char *augmentation;
	uint8_t version;

	if (!cfi_entry_open(section, pos, &entry) || !entry.is_cie)
		return -EBADMSG;
	version = (uint8_t)cfi_cursor__uint(cur, 1);
	if (version != 1 && version != 3 && version != 4)
		return -EBADMSG;
	augmentation = cfi_cursor__str(cur);
	/* Version 4: the size of an address and of a segment selector. */
	/* Two bytes, one after the other. NOLINTNEXTLINE(misc-redundant-expression) */
	if (version == 4 && (cfi_cursor__uint(cur, 1) != 8 || cfi_cursor__uint(cur, 1) != 0))
		return -EBADMSG;
	cie.code_align = cfi_cursor__uleb(cur);
	cie.data_align = cfi_cursor__sleb(cur);
	cie.ra_reg = version == 1 ? cfi_cursor__uint(cur, 1) : cfi_cursor__uleb(cur);
	cfi_read_augmentation(cur, augmentation, &cie);
	if (cur->bad)
		return -EBADMSG;
	cie.program = (struct elf_span){ cur->at, cfi_cursor__left(cur) };
	*ret = cie;
	return 0;
}

int cfi_section_fde_cie_pos(const struct cfi_section *section, uint32_t pos, uint32_t *ret)
{
	struct cfi_entry entry;
	uint64_t cie_pos;

	if (!cfi_entry_open(section, pos, &entry) || entry.is_cie)
		return -EBADMSG;
	if (!section->debug_frame && entry.id > entry.id_pos)
		return -EBADMSG;
	cie_pos = section->debug_frame ? entry.id : entry.id_pos - entry.id;
	if (cie_pos >= section->bytes.len_bytes)
		return -EBADMSG;
	*ret = (uint32_t)cie_pos;
	return 0;
}

int cfi_section_fde(const struct cfi_section *section, uint32_t pos, const struct cfi_cie *cie,
		    struct cfi_fde *ret)
{
	struct cfi_fde fde = {};
	struct cfi_entry entry;
	struct cfi_cursor *cur = &entry.body;

	if (!cfi_entry_open(section, pos, &entry) || entry.is_cie)
		return -EBADMSG;
	fde.vaddr = cfi_read_pointer(section, cur, cie->pointer_enc);
	/* A length has the format of the address but is not relative to anything. */
	fde.len_bytes = cfi_read_encoded(cur, cie->pointer_enc);
	if (cie->has_aug_data)
		cfi_cursor__take(cur, cfi_cursor__uleb(cur));
	if (cur->bad)
		return -EBADMSG;
	fde.program = (struct elf_span){ cur->at, cfi_cursor__left(cur) };
	*ret = fde;
	return 0;
}
