// SPDX-License-Identifier: Apache-2.0
#include "elf/build_id.h"

#include <errno.h>
#include <string.h>

#include "elf/elf_file.h"

/* Of one note section or segment, and of all: a build id is among the first notes of a sane file.
 */
#define NOTES_READ_BYTES  65536u
#define NOTES_TOTAL_BYTES (1u << 20)

static uint64_t note_pad(uint64_t bytes, uint64_t align)
{
	return (bytes + align - 1) & ~(align - 1);
}

/* gABI, "Note Section": namesz, descsz, type, then name and descriptor, each padded. */
static int notes_find_build_id(const uint8_t *notes, size_t len_bytes, uint64_t align,
			       struct build_id *ret)
{
	uint64_t pos = 0, desc, next;
	Elf64_Nhdr nhdr;

	align = align == 8 ? 8 : 4;
	while (len_bytes - pos >= sizeof(nhdr)) {
		memcpy(&nhdr, notes + pos, sizeof(nhdr));
		desc = note_pad(pos + sizeof(nhdr) + nhdr.n_namesz, align);
		if (desc > len_bytes || nhdr.n_descsz > len_bytes - desc)
			return -ENOENT;
		if (nhdr.n_type == NT_GNU_BUILD_ID && nhdr.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(notes + pos + sizeof(nhdr), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
		    nhdr.n_descsz && nhdr.n_descsz <= BUILD_ID_MAX_BYTES) {
			*ret = (struct build_id){ .len_bytes = nhdr.n_descsz };
			memcpy(ret->bytes, notes + desc, nhdr.n_descsz);
			return 0;
		}
		next = note_pad(desc + nhdr.n_descsz, align);
		if (next > len_bytes)
			return -ENOENT;
		pos = next;
	}
	return -ENOENT;
}

static int build_id_read_range(const struct elf_file *elf, uint64_t off, uint64_t len_bytes,
			       uint64_t align, size_t *budget_bytes, struct build_id *ret)
{
	uint8_t *notes __free_mem = NULL;
	int err;

	if (len_bytes > NOTES_READ_BYTES)
		len_bytes = NOTES_READ_BYTES;
	if (len_bytes > *budget_bytes)
		return -ENOENT;
	*budget_bytes -= len_bytes;
	notes = malloc(len_bytes + 1);
	if (!notes)
		return -ENOMEM;
	err = elf_file__read(elf, off, notes, len_bytes);
	if (err)
		return err == -ENODATA ? -ENOENT : err;
	return notes_find_build_id(notes, len_bytes, align, ret);
}

int build_id_read(const struct elf_file *elf, struct build_id *ret)
{
	size_t budget_bytes = NOTES_TOTAL_BYTES;
	const Elf64_Shdr *section;
	const Elf64_Phdr *phdr;
	int err;

	/* Sections first: the program headers of a separate debug file point at bytes that are not
	 * there. */
	for (size_t i = 1; i < elf_file__section_cnt(elf); i++) {
		section = elf_file__section(elf, i);
		if (section->sh_type != SHT_NOTE)
			continue;
		err = build_id_read_range(elf, section->sh_offset, section->sh_size,
					  section->sh_addralign, &budget_bytes, ret);
		if (err != -ENOENT)
			return err;
	}
	for (size_t i = 0; i < elf_file__phdr_cnt(elf); i++) {
		phdr = elf_file__phdr(elf, i);
		if (phdr->p_type != PT_NOTE)
			continue;
		err = build_id_read_range(elf, phdr->p_offset, phdr->p_filesz, phdr->p_align,
					  &budget_bytes, ret);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

bool build_id_equal(const struct build_id *a, const struct build_id *b)
{
	return a->len_bytes == b->len_bytes && memcmp(a->bytes, b->bytes, a->len_bytes) == 0;
}

const char *build_id_format(const struct build_id *id, char out[static BUILD_ID_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out;

	for (uint32_t i = 0; i < id->len_bytes && i < BUILD_ID_MAX_BYTES; i++) {
		*p++ = digits[id->bytes[i] >> 4];
		*p++ = digits[id->bytes[i] & 15];
	}
	*p = '\0';
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int build_id_parse(const char *hex, struct build_id *ret)
{
	struct build_id id = {};
	int high, low;

	for (; *hex; hex += 2) {
		high = hex_digit(hex[0]);
		low = high < 0 ? -1 : hex_digit(hex[1]);
		if (low < 0 || id.len_bytes == BUILD_ID_MAX_BYTES)
			return -EINVAL;
		id.bytes[id.len_bytes++] = (uint8_t)(high << 4 | low);
	}
	if (!id.len_bytes)
		return -EINVAL;
	*ret = id;
	return 0;
}
