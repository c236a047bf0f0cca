/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions begin, as .eh_frame_hdr says: a sorted table of the functions that have call frame information, which a
 * stripped file still has (Linux Standard Base 5.0 Core, "Exception Frames").
 */
#pragma once

#include <stdint.h>

struct elf_file;

/* The first address of the function that covers @vaddr. 0; -ENOENT: none does, or it cannot be told. */
int eh_frame_hdr_find(const struct elf_file *elf, uint64_t vaddr, uint64_t *ret_start);
