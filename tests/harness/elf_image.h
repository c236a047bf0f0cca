/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files made up in memory. Every allocated section gets a PT_LOAD of its own, at an address
 * that differs from its file offset by another amount than its neighbours': who takes "the first
 * segment's bias" is found out.
 */
#pragma once

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct elf_image;

/* Never NULL: tests end when memory does. */
struct elf_image *elf_image__new(uint16_t machine);
void elf_image__free(struct elf_image *image);
DEFINE_CLEANUP(elf_image);

/* Where the next section will be. */
uint64_t elf_image__next_vaddr(const struct elf_image *image);
uint64_t elf_image__next_off(const struct elf_image *image);
/* Append one; returns its index. ".eh_frame_hdr", ".dynamic" and SHT_NOTE get their program header,
 * too. */
uint32_t elf_image__section(struct elf_image *image, const char *name, uint32_t type,
			    uint64_t flags, const void *data, size_t len_bytes);
/* To patch what __section() chose, before __finish(). */
Elf64_Shdr *elf_image__shdr(struct elf_image *image, uint32_t idx);
/* With @sections false the file says it has none. The bytes live as long as @image; they may be
 * patched. */
uint8_t *elf_image__finish(struct elf_image *image, int sections, size_t *ret_len_bytes);
