/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF expressions are programs; the few that compilers and assemblers write in call frame
 * information have fixed shapes. These are recognised, anything else is "unknown".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

enum cfi_expr_kind {
	CFI_EXPR_UNKNOWN,
	CFI_EXPR_REG,   /* reg + off */
	CFI_EXPR_DEREF, /* *(reg + off) + add */
	CFI_EXPR_PLT,   /* reg + off + ((pc & 15) >= add ? 8 : 0) */
};

struct cfi_expr {
	enum cfi_expr_kind kind;
	uint64_t reg; /* DWARF number */
	int64_t off;
	uint64_t add;
};

/* @pc_reg: the DWARF number that means the pc, for the PLT's shape. */
struct cfi_expr cfi_expr_classify(struct elf_span bytes, uint64_t pc_reg);
