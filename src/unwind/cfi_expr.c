// SPDX-License-Identifier: Apache-2.0
#include "unwind/cfi_expr.h"

#include "unwind/cfi_cursor.h"

/* DWARF 5, section 7.7.1. */
#define DW_OP_deref       0x06
#define DW_OP_const1u     0x08
#define DW_OP_constu      0x10
#define DW_OP_and         0x1a
#define DW_OP_plus        0x22
#define DW_OP_plus_uconst 0x23
#define DW_OP_shl         0x24
#define DW_OP_ge          0x2a
#define DW_OP_lit0        0x30
#define DW_OP_breg0       0x70
#define DW_OP_bregx       0x92

static uint8_t expr_op(struct cfi_cursor *cur)
{
	return (uint8_t)cfi_cursor__uint(cur, 1);
}

static bool expr_breg(struct cfi_cursor *cur, uint64_t *ret_reg, int64_t *ret_off)
{
	uint8_t op = expr_op(cur);

	if (op >= DW_OP_breg0 && op < DW_OP_breg0 + 32)
		*ret_reg = op - DW_OP_breg0;
	else if (op == DW_OP_bregx)
		*ret_reg = cfi_cursor__uleb(cur);
	else
		return false;
	*ret_off = cfi_cursor__sleb(cur);
	return true;
}

static bool expr_constant(struct cfi_cursor *cur, uint64_t *ret)
{
	uint8_t op = expr_op(cur);

	if (op >= DW_OP_lit0 && op < DW_OP_lit0 + 32)
		*ret = op - DW_OP_lit0;
	else if (op == DW_OP_const1u)
		*ret = cfi_cursor__uint(cur, 1);
	else if (op == DW_OP_constu)
		*ret = cfi_cursor__uleb(cur);
	else
		return false;
	return true;
}

/* Behind a deref: nothing, plus_uconst N, or a constant and plus. */
static bool expr_addition(struct cfi_cursor *cur, uint64_t *ret)
{
	if (!cfi_cursor__left(cur)) {
		*ret = 0;
		return true;
	}
	if (*cur->at == DW_OP_plus_uconst) {
		expr_op(cur);
		*ret = cfi_cursor__uleb(cur);
		return true;
	}
	return expr_constant(cur, ret) && expr_op(cur) == DW_OP_plus;
}

/*
 * What linkers write for a lazy PLT, whose entries push one word on the way: breg pc 0, lit15, and,
 * lit N, ge, lit3, shl, plus. N is where in the 16 bytes of an entry the push is done.
 */
static bool expr_plt_tail(struct cfi_cursor *cur, uint64_t pc_reg, uint64_t *ret_add)
{
	uint64_t reg, mask, shift;
	int64_t off;

	return expr_breg(cur, &reg, &off) && reg == pc_reg && !off && expr_constant(cur, &mask) &&
	       mask == 15 && expr_op(cur) == DW_OP_and && expr_constant(cur, ret_add) &&
	       expr_op(cur) == DW_OP_ge && expr_constant(cur, &shift) && shift == 3 &&
	       expr_op(cur) == DW_OP_shl && expr_op(cur) == DW_OP_plus;
}

struct cfi_expr cfi_expr_classify(struct elf_span bytes, uint64_t pc_reg)
{
	struct cfi_cursor cur = { bytes.at, bytes.at + bytes.len_bytes, false };
	const struct cfi_expr unknown = { .kind = CFI_EXPR_UNKNOWN };
	struct cfi_expr expr = unknown;

	if (!expr_breg(&cur, &expr.reg, &expr.off))
		return unknown;
	if (!cfi_cursor__left(&cur)) {
		expr.kind = CFI_EXPR_REG;
	} else if (*cur.at == DW_OP_deref) {
		expr_op(&cur);
		expr.kind = CFI_EXPR_DEREF;
		if (!expr_addition(&cur, &expr.add))
			return unknown;
	} else {
		expr.kind = CFI_EXPR_PLT;
		if (!expr_plt_tail(&cur, pc_reg, &expr.add))
			return unknown;
	}
	return cur.bad || cfi_cursor__left(&cur) ? unknown : expr;
}
