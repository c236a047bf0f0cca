/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of x86-64 code that has no call frame information, found by following what its
 * instructions do to the stack pointer. For C libraries that are built without it: musl above all.
 */
#pragma once

#include <stdint.h>

#include "elf/elf_file.h"
#include "base/cleanup.h"

/* More code than this is not looked at: about a second. */
#define CODE_FRAMES_MAX_BYTES (2u << 20)

struct code_frames;

/* @elf must outlive it. 0; -ENOTSUP: another machine, or Go, whose code keeps a frame pointer;
 * -ENOMEM. */
int code_frames__new(const struct elf_file *elf, struct code_frames **ret);
void code_frames__free(struct code_frames *frames);
DEFINE_CLEANUP(code_frames);

/* Study the code in [@off, @end), mapped at @vaddr; forgets what was studied before. Code that
 * cannot be read, or that is too much, is merely not known afterwards. 0 or -ENOMEM. Besides the
 * code it reads the symbol tables. */
int code_frames__study(struct code_frames *frames, uint64_t off, uint64_t end, uint64_t vaddr);

/* The rule (abi/unwind.h) of the code at @off and up to where it holds, at most @end. UNWIND_NONE
 * if not known. */
uint32_t code_frames__rule(const struct code_frames *frames, uint64_t off, uint64_t end,
			   uint64_t *ret_end);
