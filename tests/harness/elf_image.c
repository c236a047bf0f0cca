// SPDX-License-Identifier: Apache-2.0
#include "harness/elf_image.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"

#define IMAGE_VADDR    0x10000u
#define SECTION_STRIDE 0x100000u /* added to the difference of address and offset, per section */

struct elf_image {
	uint16_t machine;
	struct buf *bytes;
	struct buf *names;
	VEC(Elf64_Shdr) sections;
	VEC(Elf64_Phdr) phdrs;
	uint8_t *finished;
};

struct elf_image *elf_image__new(uint16_t machine)
{
	static const Elf64_Ehdr room;
	struct elf_image *image = calloc(1, sizeof(*image));

	assert(image);
	image->machine = machine;
	image->bytes = buf__new(0);
	image->names = buf__new(0);
	assert(image->bytes && image->names);
	buf__append(image->bytes, &room, sizeof(room));
	buf__append_char(image->names, '\0');
	vec__push(&image->sections, (Elf64_Shdr){});
	return image;
}

void elf_image__free(struct elf_image *image)
{
	if (!image)
		return;
	buf__free(image->bytes);
	buf__free(image->names);
	vec__done(&image->sections);
	vec__done(&image->phdrs);
	free(image->finished);
	free(image);
}

static void elf_image_align(struct elf_image *image)
{
	while (buf__len(image->bytes) % 16)
		buf__append_char(image->bytes, '\0');
}

uint64_t elf_image__next_off(const struct elf_image *image)
{
	return (buf__len(image->bytes) + 15) & ~15ull;
}

uint64_t elf_image__next_vaddr(const struct elf_image *image)
{
	return IMAGE_VADDR + elf_image__next_off(image) + SECTION_STRIDE * image->sections.cnt;
}

static void elf_image_phdr(struct elf_image *image, uint32_t type, const Elf64_Shdr *shdr)
{
	vec__push(&image->phdrs,
		  (Elf64_Phdr){
			  .p_type = type,
			  .p_flags = PF_R | (shdr->sh_flags & SHF_EXECINSTR ? PF_X : 0),
			  .p_offset = shdr->sh_offset,
			  .p_vaddr = shdr->sh_addr,
			  .p_paddr = shdr->sh_addr,
			  .p_filesz = shdr->sh_size,
			  .p_memsz = shdr->sh_size,
			  .p_align = shdr->sh_addralign,
		  });
}

uint32_t elf_image__section(struct elf_image *image, const char *name, uint32_t type,
			    uint64_t flags, const void *data, size_t len_bytes)
{
	uint64_t vaddr = elf_image__next_vaddr(image);
	Elf64_Shdr shdr = {
		.sh_name = (uint32_t)buf__len(image->names),
		.sh_type = type,
		.sh_flags = flags,
		.sh_addr = flags & SHF_ALLOC ? vaddr : 0,
		.sh_size = len_bytes,
		.sh_addralign = type == SHT_NOTE ? 4 : 16,
	};

	elf_image_align(image);
	shdr.sh_offset = buf__len(image->bytes);
	buf__append(image->bytes, data, len_bytes);
	buf__append(image->names, name, strlen(name) + 1);
	if (flags & SHF_ALLOC)
		elf_image_phdr(image, PT_LOAD, &shdr);
	if (strcmp(name, ".eh_frame_hdr") == 0)
		elf_image_phdr(image, PT_GNU_EH_FRAME, &shdr);
	if (strcmp(name, ".dynamic") == 0)
		elf_image_phdr(image, PT_DYNAMIC, &shdr);
	if (type == SHT_NOTE)
		elf_image_phdr(image, PT_NOTE, &shdr);
	vec__push(&image->sections, shdr);
	return (uint32_t)image->sections.cnt - 1;
}

Elf64_Shdr *elf_image__shdr(struct elf_image *image, uint32_t idx)
{
	return &image->sections.at[idx];
}

uint8_t *elf_image__finish(struct elf_image *image, int sections, size_t *ret_len_bytes)
{
	uint32_t names_idx = elf_image__section(image, ".shstrtab", SHT_STRTAB, 0, "", 0);
	Elf64_Shdr *names = &image->sections.at[names_idx];
	Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = image->machine,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)image->phdrs.cnt,
	};

	names->sh_offset = buf__len(image->bytes);
	names->sh_size = buf__len(image->names);
	buf__append(image->bytes, buf__data(image->names), buf__len(image->names));
	elf_image_align(image);
	ehdr.e_phoff = buf__len(image->bytes);
	buf__append(image->bytes, image->phdrs.at, image->phdrs.cnt * sizeof(Elf64_Phdr));
	if (sections) {
		ehdr.e_shoff = buf__len(image->bytes);
		ehdr.e_shentsize = sizeof(Elf64_Shdr);
		ehdr.e_shnum = (uint16_t)image->sections.cnt;
		ehdr.e_shstrndx = (uint16_t)names_idx;
		buf__append(image->bytes, image->sections.at,
			    image->sections.cnt * sizeof(Elf64_Shdr));
	}
	image->finished = (uint8_t *)buf__take(image->bytes, ret_len_bytes);
	assert(image->finished);
	memcpy(image->finished, &ehdr, sizeof(ehdr));
	return image->finished;
}
