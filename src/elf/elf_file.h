/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linked ELF64 little-endian file (x86-64 or arm64) read with bounds checks. The file is the
 * target's choice: every offset and size in it may lie. It is read with pread, never mapped, so
 * that one that is cut while we look costs an error and not a SIGBUS.
 *
 * Program headers are required; the section table may be absent or nonsense, and then there are no
 * sections. Layout: System V gABI, chapters 4 and 5, and <elf.h>. Not for use by two threads at
 * once.
 */
#pragma once

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Limits on what a file may make us hold: one range (a section, inflated or not), and all of them.
 */
#define ELF_RANGE_MAX_BYTES (512u << 20)
#define ELF_FILE_MAX_BYTES  (1024u << 20)
#define ELF_PHDR_MAX        4096u
#define ELF_SECTION_MAX     65536u

struct elf_file;

/* Bytes inside a file or copied from it: they live as long as the elf_file. */
struct elf_span {
	const uint8_t *at;
	size_t len_bytes;
};

/*
 * 0; -ENOEXEC: not an ELF file, or its headers are broken; -ENOTSUP: 32 bit, big endian, another
 * machine, or not linked (.o, core); -EINVAL: not a regular file; or -errno.
 */
int elf_file__open(const char *path, struct elf_file **ret);
/* @fd stays the caller's. Its position is neither used nor moved. */
int elf_file__open_fd(int fd, struct elf_file **ret);
/* The same for files that hold nothing but debug data and so need no program headers: .dwo, .dwp,
 * what dwz makes. */
int elf_file__open_debug_fd(int fd, struct elf_file **ret);
/* An image that is in memory as it would be in a file (the vdso, unpacked debug data). @image stays
 * the caller's and must outlive the elf_file. */
int elf_file__open_mem(const void *image, size_t len_bytes, struct elf_file **ret);
void elf_file__free(struct elf_file *elf);
DEFINE_CLEANUP(elf_file);

uint16_t elf_file__machine(const struct elf_file *elf); /* EM_X86_64 or EM_AARCH64 */
uint16_t elf_file__type(const struct elf_file *elf);    /* ET_EXEC or ET_DYN */
uint64_t elf_file__entry(const struct elf_file *elf);
uint64_t elf_file__size_bytes(const struct elf_file *elf);
/* For libraries that want one. Owned by @elf; -1 for an image in memory. */
int elf_file__fd(const struct elf_file *elf);

/* Exactly @len_bytes from file offset @off. 0, -ENODATA if the file ends before, or -errno. */
int elf_file__read(const struct elf_file *elf, uint64_t off, void *data, size_t len_bytes);
/* The same for an address; all bytes must lie in the file part of one PT_LOAD, or -EFAULT. */
int elf_file__read_vaddr(const struct elf_file *elf, uint64_t vaddr, void *data, size_t len_bytes);
/* A range that stays readable as long as @elf; read once. Besides the above, -EFBIG over the
 * limits. */
int elf_file__bytes(const struct elf_file *elf, uint64_t off, size_t len_bytes,
		    struct elf_span *ret);

size_t elf_file__phdr_cnt(const struct elf_file *elf);
const Elf64_Phdr *elf_file__phdr(const struct elf_file *elf, size_t idx);
/* The first of @type (PT_DYNAMIC, PT_GNU_EH_FRAME, ...), or NULL. */
const Elf64_Phdr *elf_file__find_phdr(const struct elf_file *elf, uint32_t type);
/* The PT_LOAD whose file part holds @vaddr or @off, or NULL. Where two share file bytes, the
 * executable one. */
const Elf64_Phdr *elf_file__load_by_vaddr(const struct elf_file *elf, uint64_t vaddr);
const Elf64_Phdr *elf_file__load_by_off(const struct elf_file *elf, uint64_t off);

/* Through the PT_LOAD that covers it; -ENOENT if none does. */
int elf_file__vaddr_to_off(const struct elf_file *elf, uint64_t vaddr, uint64_t *ret_off);
int elf_file__off_to_vaddr(const struct elf_file *elf, uint64_t off, uint64_t *ret_vaddr);

/* 0 for a file without a (sane) section table. */
size_t elf_file__section_cnt(const struct elf_file *elf);
/* @idx below the count. */
const Elf64_Shdr *elf_file__section(const struct elf_file *elf, size_t idx);
const char *elf_file__section_name(const struct elf_file *elf, size_t idx);
/* The first of that name; -ENOENT. */
int elf_file__find_section(const struct elf_file *elf, const char *name, size_t *ret_idx);
/*
 * The section's contents, SHF_COMPRESSED ones inflated. -ENODATA: no bytes in the file (SHT_NOBITS,
 * as in separate debug files) or fewer than it says; -ENOTSUP: compressed otherwise than by zlib;
 * -EBADMSG: bad compressed data; -EFBIG over the limits.
 */
int elf_file__section_data(const struct elf_file *elf, size_t idx, struct elf_span *ret);
/* Both in one: -ENOENT or any of section_data's. */
int elf_file__section_data_by_name(const struct elf_file *elf, const char *name,
				   struct elf_span *ret);
