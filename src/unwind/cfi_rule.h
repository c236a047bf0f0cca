/* SPDX-License-Identifier: Apache-2.0 */
/* From what CFI says about a range of code to the one word that the BPF walker acts on
 * (abi/unwind.h). */
#pragma once

#include <stdint.h>

#include "abi/unwind.h"
#include "unwind/cfi_program.h"

/* Why code has the rule UNWIND_NONE, and with what words to say so. */
#define UNWIND_NONE_REASONS(X)                                                                     \
	X(GAP, "no call frame information for this code")                                          \
	X(CFA_REGISTER, "CFA is relative to a register that is not followed")                      \
	X(CFA_EXPRESSION, "CFA is an expression of unknown shape")                                 \
	X(CFA_RANGE, "CFA offset does not fit: negative, odd or too large")                        \
	X(RA_REGISTER, "return address is in a register")                                          \
	X(RA_PLACE, "return address is not where calls put it")                                    \
	X(SP_RULE, "the caller's stack pointer is not the CFA")                                    \
	X(BAD_PROGRAM, "call frame program is broken or uses an unknown instruction")

enum unwind_none_reason {
#define X(id, text) UNWIND_NONE_##id,
	UNWIND_NONE_REASONS(X)
#undef X
		UNWIND_NONE_REASON_CNT,
};

const char *unwind_none_reason_text(enum unwind_none_reason reason);

/* What differs between machines. */
struct unwind_arch {
	struct cfi_machine machine;
	/* @state as a rule word. UNWIND_NONE has a @ret_reason, other kinds do not touch it. */
	uint32_t (*rule)(const struct cfi_context *ctx, const struct cfi_state *state,
			 enum unwind_none_reason *ret_reason);
};

extern const struct unwind_arch unwind_arch_x86;
extern const struct unwind_arch unwind_arch_arm64;

/* By e_machine; NULL for others. */
const struct unwind_arch *unwind_arch_find(uint16_t machine);
