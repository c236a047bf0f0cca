// SPDX-License-Identifier: Apache-2.0
#include "unwind/cfi_rule.h"

#include <elf.h>

#include "unwind/cfi_expr.h"

#define WORD_BYTES 8

const char *unwind_none_reason_text(enum unwind_none_reason reason)
{
	static const char *const text[] = {
/* A string. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define X(id, words) [UNWIND_NONE_##id] = words,
		UNWIND_NONE_REASONS(X)
#undef X
	};

	return text[reason];
}

static uint32_t rule_none(enum unwind_none_reason reason, enum unwind_none_reason *ret_reason)
{
	*ret_reason = reason;
	return UNWIND_RULE(UNWIND_NONE, 0, 0);
}

/* A place below the CFA as a number of words, 0 if it is none. */
static uint64_t rule_words_below(int64_t off)
{
	return off >= 0 || off % WORD_BYTES ? 0 : (0 - (uint64_t)off) / WORD_BYTES;
}

/* The same, and 0 if it does not fit a rule. */
static uint32_t rule_slot(int64_t off)
{
	uint64_t words = rule_words_below(off);

	return words <= UNWIND_FP_SLOT_MAX ? (uint32_t)words : 0;
}

static uint32_t rule_fp(const struct cfi_context *ctx, const struct cfi_state *state)
{
	const struct cfi_machine *machine = ctx->machine;
	const struct cfi_reg *fp = &state->regs[CFI_FP];
	struct cfi_expr expr;

	switch (fp->where) {
	case CFI_UNCHANGED:
		return 0;
	case CFI_AT_CFA:
		return rule_slot(fp->off) ?: UNWIND_FP_LOST;
	case CFI_AT_EXPR:
		expr = cfi_expr_classify(fp->expr, machine->reg[CFI_RA]);
		if (expr.kind == CFI_EXPR_REG && expr.reg == machine->reg[CFI_FP] && !expr.off)
			return UNWIND_FP_CHAIN;
		return UNWIND_FP_LOST;
	default:
		return UNWIND_FP_LOST;
	}
}

static bool rule_word_off(int64_t off, uint32_t *ret)
{
	if (off < 0 || off % WORD_BYTES || off / WORD_BYTES > UNWIND_CFA_OFF_MAX)
		return false;
	*ret = (uint32_t)(off / WORD_BYTES);
	return true;
}

static bool rule_deref(const struct cfi_expr *expr, uint32_t *ret)
{
	int64_t off = expr->off / WORD_BYTES;

	if (expr->off % WORD_BYTES || off < -2048 || off > 2047 || expr->add % WORD_BYTES ||
	    expr->add / WORD_BYTES > 255)
		return false;
	*ret = UNWIND_DEREF(off, expr->add / WORD_BYTES);
	return true;
}

static uint32_t rule_cfa_expr(const struct cfi_context *ctx, const struct cfi_state *state,
			      uint32_t fp, enum unwind_none_reason *ret_reason)
{
	const struct cfi_machine *machine = ctx->machine;
	struct cfi_expr expr = cfi_expr_classify(state->cfa_expr, machine->reg[CFI_RA]);
	bool by_sp = expr.reg == machine->reg[CFI_SP], by_fp = expr.reg == machine->reg[CFI_FP];
	uint32_t off;

	if (expr.kind == CFI_EXPR_UNKNOWN)
		return rule_none(UNWIND_NONE_CFA_EXPRESSION, ret_reason);
	if (!by_sp && !by_fp)
		return rule_none(UNWIND_NONE_CFA_REGISTER, ret_reason);
	if (expr.kind == CFI_EXPR_PLT && by_sp && expr.off == WORD_BYTES && expr.add <= 15)
		return UNWIND_RULE(UNWIND_PLT, fp, expr.add);
	if (expr.kind == CFI_EXPR_DEREF && rule_deref(&expr, &off))
		return UNWIND_RULE(by_sp ? UNWIND_SP_DEREF : UNWIND_FP_DEREF, fp, off);
	if (expr.kind == CFI_EXPR_REG && rule_word_off(expr.off, &off))
		return UNWIND_RULE(by_sp ? UNWIND_SP : UNWIND_FP, fp, off);
	return rule_none(UNWIND_NONE_CFA_RANGE, ret_reason);
}

/* CFA = sp or fp + offset as @by_sp or @by_fp, or UNWIND_NONE. */
static uint32_t rule_cfa_reg(const struct cfi_context *ctx, const struct cfi_state *state,
			     enum unwind_kind by_sp, enum unwind_kind by_fp, uint32_t fp,
			     enum unwind_none_reason *ret_reason)
{
	bool is_sp = state->cfa_reg == ctx->machine->reg[CFI_SP];
	uint32_t off;

	if (!is_sp && state->cfa_reg != ctx->machine->reg[CFI_FP])
		return rule_none(UNWIND_NONE_CFA_REGISTER, ret_reason);
	if (!rule_word_off(state->cfa_off, &off))
		return rule_none(UNWIND_NONE_CFA_RANGE, ret_reason);
	return UNWIND_RULE(is_sp ? by_sp : by_fp, fp, off);
}

/* Both ABIs: the caller's stack pointer is the CFA, unless something says otherwise. */
static bool rule_sp_is_cfa(const struct cfi_state *state)
{
	const struct cfi_reg *sp = &state->regs[CFI_SP];

	return sp->where == CFI_UNCHANGED || (sp->where == CFI_IS_CFA && !sp->off);
}

/* --- x86-64: System V psABI, figure 3.36 (register numbers), section 4.2.4 --------------- */

static uint32_t rule_x86(const struct cfi_context *ctx, const struct cfi_state *state,
			 enum unwind_none_reason *ret_reason)
{
	const struct cfi_reg *ra = &state->regs[CFI_RA];
	uint32_t fp = rule_fp(ctx, state);

	if (ctx->cie.signal)
		return UNWIND_RULE(UNWIND_SIGNAL, 0, 0);
	if (ra->where == CFI_UNDEFINED)
		return UNWIND_RULE(UNWIND_ROOT, 0, 0);
	if (ra->where == CFI_IN_REGISTER)
		return rule_none(UNWIND_NONE_RA_REGISTER, ret_reason);
	if (ra->where != CFI_AT_CFA || ra->off != -WORD_BYTES)
		return rule_none(UNWIND_NONE_RA_PLACE, ret_reason);
	if (!rule_sp_is_cfa(state))
		return rule_none(UNWIND_NONE_SP_RULE, ret_reason);
	if (state->cfa_is_expr)
		return rule_cfa_expr(ctx, state, fp, ret_reason);
	return rule_cfa_reg(ctx, state, UNWIND_SP, UNWIND_FP, fp, ret_reason);
}

const struct unwind_arch unwind_arch_x86 = {
	.machine = { .reg = { [CFI_FP] = 6, [CFI_SP] = 7, [CFI_RA] = 16 } },
	.rule = rule_x86,
};

/* --- arm64: DWARF for the Arm 64-bit Architecture, section 4.1 --------------------------- */

/*
 * A frame record (fp, lr) @words below the CFA. It is the lowest part of a frame but for outgoing
 * arguments: in large frames it is too far from the CFA to be said so, but near sp, or where fp
 * points.
 */
static uint32_t rule_arm64_record(const struct cfi_context *ctx, const struct cfi_state *state,
				  uint64_t words, enum unwind_none_reason *ret_reason)
{
	bool by_sp = state->cfa_reg == ctx->machine->reg[CFI_SP];
	uint64_t cfa_words = (uint64_t)state->cfa_off / WORD_BYTES, above_sp = cfa_words - words;

	if (words <= UNWIND_FP_SLOT_MAX)
		return rule_cfa_reg(ctx, state, UNWIND_FRAME, UNWIND_FP_FRAME, (uint32_t)words,
				    ret_reason);
	if (state->cfa_off > 0 && by_sp && above_sp <= UNWIND_FP_SLOT_MAX)
		return rule_cfa_reg(ctx, state, UNWIND_FRAME_SP, UNWIND_NONE, (uint32_t)above_sp,
				    ret_reason);
	if (state->cfa_off > 0 && !by_sp && !above_sp)
		return rule_cfa_reg(ctx, state, UNWIND_NONE, UNWIND_FP_FRAME, UNWIND_FP_CHAIN,
				    ret_reason);
	return rule_none(UNWIND_NONE_RA_PLACE, ret_reason);
}

/* The return address alone, @words below the CFA, which is given by sp. */
static uint32_t rule_arm64_alone(const struct cfi_context *ctx, const struct cfi_state *state,
				 uint64_t words, enum unwind_none_reason *ret_reason)
{
	uint64_t above_sp = (uint64_t)state->cfa_off / WORD_BYTES - words;

	if (words <= UNWIND_FP_SLOT_MAX)
		return rule_cfa_reg(ctx, state, UNWIND_LR_SAVED, UNWIND_NONE, (uint32_t)words,
				    ret_reason);
	if (state->cfa_off > 0 && above_sp <= UNWIND_FP_SLOT_MAX)
		return rule_cfa_reg(ctx, state, UNWIND_LR_SAVED_SP, UNWIND_NONE, (uint32_t)above_sp,
				    ret_reason);
	return rule_none(UNWIND_NONE_RA_PLACE, ret_reason);
}

static uint32_t rule_arm64(const struct cfi_context *ctx, const struct cfi_state *state,
			   enum unwind_none_reason *ret_reason)
{
	const struct cfi_reg *lr = &state->regs[CFI_RA], *fp = &state->regs[CFI_FP];
	bool by_sp = state->cfa_reg == ctx->machine->reg[CFI_SP];
	uint64_t lr_words, fp_words;

	if (ctx->cie.signal)
		return UNWIND_RULE(UNWIND_SIGNAL, 0, 0);
	if (lr->where == CFI_UNDEFINED)
		return UNWIND_RULE(UNWIND_ROOT, 0, 0);
	if (lr->where == CFI_IN_REGISTER)
		return rule_none(UNWIND_NONE_RA_REGISTER, ret_reason);
	if (!rule_sp_is_cfa(state))
		return rule_none(UNWIND_NONE_SP_RULE, ret_reason);
	if (state->cfa_is_expr)
		return rule_none(UNWIND_NONE_CFA_EXPRESSION, ret_reason);
	/* Still in lr: only true for the innermost frame, whose CFA is not yet kept in fp. */
	if (lr->where == CFI_UNCHANGED && by_sp)
		return rule_cfa_reg(ctx, state, UNWIND_LR, UNWIND_LR, rule_fp(ctx, state),
				    ret_reason);
	lr_words = lr->where == CFI_AT_CFA ? rule_words_below(lr->off) : 0;
	fp_words = fp->where == CFI_AT_CFA ? rule_words_below(fp->off) : 0;
	if (by_sp && lr_words && fp->where == CFI_UNCHANGED)
		return rule_arm64_alone(ctx, state, lr_words, ret_reason);
	if (!lr_words || fp_words != lr_words + 1)
		return rule_none(UNWIND_NONE_RA_PLACE, ret_reason);
	return rule_arm64_record(ctx, state, fp_words, ret_reason);
}

const struct unwind_arch unwind_arch_arm64 = {
	.machine = { .reg = { [CFI_FP] = 29, [CFI_SP] = 31, [CFI_RA] = 30 } },
	.rule = rule_arm64,
};

const struct unwind_arch *unwind_arch_find(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return &unwind_arch_x86;
	case EM_AARCH64:
		return &unwind_arch_arm64;
	default:
		return NULL;
	}
}
