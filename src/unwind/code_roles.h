/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that has no call frame information and yet is known, because it is how C libraries begin a
 * stack or interrupt one: where a walk arrives there, it has come to the end, or must go on with
 * the registers that a signal saved.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "unwind/code_window.h"

enum code_role {
	CODE_SIGNAL_RESTORER, /* what signal handlers return to */
	CODE_OUTERMOST,       /* the first frame of a process or a thread */
};

struct code_roles;

/* @elf and @code must outlive it. 0 or -ENOMEM. */
int code_roles__new(const struct elf_file *elf, struct code_window *code, struct code_roles **ret);
void code_roles__free(struct code_roles *roles);
DEFINE_CLEANUP(code_roles);

struct code_place {
	uint64_t off, end; /* in the file */
	enum code_role role;
};

/*
 * The first such code in [@off, @end), which is mapped at @vaddr. False if there is none. Costs a
 * window's length even when the next one is near: callers limit how often they ask.
 */
bool code_roles__find(struct code_roles *roles, uint64_t off, uint64_t end, uint64_t vaddr,
		      struct code_place *ret);

/* Where the entry code that starts at @off ends: behind its first return or at @end, but not far
 * from @off. */
uint64_t code_roles__entry_end(struct code_roles *roles, uint64_t off, uint64_t end);

/* Is the function at @off one that makecontext() leaves as a return address (glibc's
 * __start_context), so that a walk arrives at the byte before it? */
bool code_roles__ends_context(struct code_roles *roles, uint64_t off, uint64_t len_bytes);
