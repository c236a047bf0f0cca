/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's machine code, looked at in ascending order through a window, so that a program of any
 * size costs a fixed amount of memory and each byte is read once. Answers the table builder's
 * question: can a return address point into this code?
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

#define CODE_WINDOW_BYTES   (256u << 10)
/* No call is longer, from its opcode on: ModRM, SIB and 32 bits of displacement. */
#define CODE_CALL_MAX_BYTES 7u

struct code_window;

/* @elf must outlive it. 0 or -ENOMEM. */
int code_window__new(const struct elf_file *elf, struct code_window **ret);
void code_window__free(struct code_window *code);
DEFINE_CLEANUP(code_window);

/* @len_bytes (at most CODE_WINDOW_BYTES) at file offset @off, until the next call. NULL if they
 * cannot be read. */
const uint8_t *code_window__get(struct code_window *code, uint64_t off, size_t len_bytes);

/*
 * Can a call instruction lie in [@off, @end), which is mapped at @vaddr? Only a "no" is certain.
 * Bytes that cannot be read hold calls. See code_window.c for what counts.
 */
bool code_window__may_call(struct code_window *code, uint64_t off, uint64_t end, uint64_t vaddr);

/* The length of the indirect call (FF /2) that the @len_bytes at @p start with, 0 if there is none.
 * x86-64. */
size_t code_x86_indirect_call_len(const uint8_t *p, size_t len_bytes);
