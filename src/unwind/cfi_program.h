/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a CFA program (DWARF 5 section 6.4.2, and the GNU, LLVM and arm64 additions) and tells, step
 * by step, how the registers that a return address walk needs can be recovered. Nothing is
 * evaluated here: a state is a description.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "unwind/cfi_section.h"

/* Deeper DW_CFA_remember_state nesting is refused; compilers need one or two. */
#define CFI_REMEMBER_MAX 64

/* Where a register of the caller is. */
enum cfi_where {
	CFI_UNCHANGED, /* no rule, or DW_CFA_same_value */
	CFI_UNDEFINED,
	CFI_AT_CFA,      /* saved at CFA + off */
	CFI_IS_CFA,      /* is CFA + off */
	CFI_IN_REGISTER, /* in register off */
	CFI_AT_EXPR,     /* saved where the expression says */
	CFI_IS_EXPR,     /* is what the expression says */
};

struct cfi_reg {
	enum cfi_where where;
	int64_t off;
	struct elf_span expr;
};

/* The registers followed, by their DWARF numbers for the machine. */
enum cfi_tracked { CFI_FP, CFI_SP, CFI_RA, CFI_TRACKED_CNT };

struct cfi_machine {
	uint64_t reg[CFI_TRACKED_CNT];
};

struct cfi_state {
	bool cfa_is_expr;
	uint64_t cfa_reg;
	int64_t cfa_off;
	struct elf_span cfa_expr;
	struct cfi_reg regs[CFI_TRACKED_CNT];
};

/* The state in which every function of a CIE starts, and all that is needed to run its FDEs. */
struct cfi_context {
	const struct cfi_section *section;
	const struct cfi_machine *machine;
	struct cfi_cie cie;
	struct cfi_state initial;
};

/* Instructions that may still be run: FDEs share CIEs and may overlap, so time is bounded by this
 * alone. */
struct cfi_budget {
	uint64_t ops;
};

/* Run @cie's program. 0, -EBADMSG, or -E2BIG if the budget is used up. */
int cfi_context_init(const struct cfi_section *section, const struct cfi_machine *machine,
		     const struct cfi_cie *cie, struct cfi_budget *budget, struct cfi_context *ret);

/* Steps through one function. The fields are private. */
struct cfi_run {
	const struct cfi_context *ctx;
	struct cfi_budget *budget;
	const uint8_t *at, *end;
	uint64_t vaddr, vaddr_end;
	bool done;
	unsigned remembered_cnt;
	struct cfi_state state;
	struct cfi_state remembered[CFI_REMEMBER_MAX];
};

/* [start, end) in which one state holds. */
struct cfi_piece {
	uint64_t vaddr, vaddr_end;
	const struct cfi_state *state; /* until the next step */
};

/* @ctx and @budget must outlive the run. */
void cfi_run__init(struct cfi_run *run, const struct cfi_context *ctx, const struct cfi_fde *fde,
		   struct cfi_budget *budget);
/* 1 and the next piece, never empty, in ascending order and without gaps; 0 at the end; -EBADMSG if
 * the program is broken from there on; -E2BIG if the budget is used up. */
int cfi_run__next(struct cfi_run *run, struct cfi_piece *ret);
/* Up to where pieces were given: behind an error the rest of the function is unknown. */
uint64_t cfi_run__vaddr(const struct cfi_run *run);
