/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "MiniDebugInfo": an ELF file with the function symbols that .dynsym lacks, packed by xz into the
 * section .gnu_debugdata (GDB manual of that name). Fedora and its relatives ship every file so.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct elf_file;

/* The section may claim any size: limits on what unpacking it may take. */
#define GNU_DEBUGDATA_MAX_BYTES         ((size_t)128 << 20)
#define GNU_DEBUGDATA_DECODER_MAX_BYTES ((size_t)100 << 20)

/*
 * The unpacked file, which the caller frees. 0; -ENOENT: there is none; -EBADMSG: broken; -EFBIG:
 * over a limit; or elf_file__section_data's errors.
 */
int gnu_debugdata_unpack(const struct elf_file *elf, uint8_t **ret, size_t *ret_len_bytes);
