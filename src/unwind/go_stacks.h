/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Go code changes stacks. C code, and so whatever calls malloc, runs on the stack of the thread; the goroutine that
 * called it has a stack of its own, elsewhere and often below. runtime.asmcgocall and runtime.systemstack lead from
 * one to the other, in ways call frame information has no words for; but the frame pointer passes through them
 * untouched, or is pushed before, so it leads to the last frame on the other stack (Go's asm_amd64.s).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

/* Each of them has two names at most, for two calling conventions. */
#define GO_SWITCH_MAX 4u

struct go_stacks {
	bool is_go;
	uint64_t switches[GO_SWITCH_MAX]; /* addresses of functions */
	unsigned switch_cnt;
};

/* Of a file that is not Go's, or of a machine this is not known for, nothing. */
void go_stacks_read(const struct elf_file *elf, struct go_stacks *ret);
/* Does the function at @vaddr change stacks? */
bool go_stacks__switches(const struct go_stacks *go, uint64_t vaddr);
