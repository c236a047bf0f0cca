/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * One step of the walk on arm64; see bpf/x86/unwind_step.h for what the includer defines.
 *
 * A call leaves the return address in x30 and the stack as it is. A function that calls on saves x29 and x30 side by
 * side (the frame record) and lets x29 point there: AAPCS64, section 6.4.6. The record is at the lower end of its
 * frame, so a frame walked by x29 alone does not tell its caller's sp. From then on sp_is_guess, and rules that say
 * where in the frame the record is are read the other way round, until one gives the CFA.
 *
 * The signal frame is struct rt_sigframe of arch/arm64/kernel/signal.c: sp points at it once the handler has returned.
 */
#pragma once

#include "abi/unwind.h"
#include "unwind_regs.h"
#include "unwind_result.h"

/* siginfo (128 bytes), ucontext up to uc_mcontext (176), fault_address; then x0 … x30, sp, pc. */
#define SIGFRAME_ARM64_REGS 312
#define SIGFRAME_ARM64_FP   (SIGFRAME_ARM64_REGS + 8 * 29)
#define SIGFRAME_ARM64_LR   (SIGFRAME_ARM64_REGS + 8 * 30)
#define SIGFRAME_ARM64_SP   (SIGFRAME_ARM64_REGS + 8 * 31)
#define SIGFRAME_ARM64_PC   (SIGFRAME_ARM64_REGS + 8 * 32)

/* The caller's registers are known. */
static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step_to(struct unwind_regs *regs, __u64 ra, __u64 sp, __u64 fp, __u64 sp_is_guess)
{
	ra &= regs->addr_mask;
	/* The ABI's mark for the outermost frame. */
	if (!ra)
		return UNWIND_STEP_ROOT;
	regs->pc = ra;
	regs->sp = sp;
	regs->fp = fp;
	regs->lr = 0;
	regs->sp_is_guess = sp_is_guess;
	return UNWIND_STEP_OK;
}

static inline __attribute__((always_inline)) int unwind_fp_is_sane(const struct unwind_regs *regs)
{
	return !(regs->fp & 7) && regs->fp >= regs->sp &&
	       regs->fp - regs->sp <= UNWIND_FP_FRAME_MAX;
}

static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step_fp(struct unwind_regs *regs, int guess, void *ctx)
{
	__u64 record = regs->fp, fp = 0, ra = 0;

	if (!record)
		return UNWIND_STEP_ROOT;
	if ((record & 7) || (guess && !unwind_fp_is_sane(regs)))
		return UNWIND_STEP_NO_ROW;
	if (!UNWIND_READ(ctx, record + 8, &ra) || !UNWIND_READ(ctx, record, &fp))
		return UNWIND_STEP_BAD_READ;
	return unwind_step_to(regs, ra, record + 16, fp, 1);
}

static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step_signal(struct unwind_regs *regs, void *ctx)
{
	__u64 pc = 0, sp = 0, fp = 0, lr = 0, frame = regs->sp;

	if (regs->sp_is_guess)
		return UNWIND_STEP_NO_ROW;
	if (!UNWIND_READ(ctx, frame + SIGFRAME_ARM64_FP, &fp) ||
	    !UNWIND_READ(ctx, frame + SIGFRAME_ARM64_LR, &lr) ||
	    !UNWIND_READ(ctx, frame + SIGFRAME_ARM64_SP, &sp) ||
	    !UNWIND_READ(ctx, frame + SIGFRAME_ARM64_PC, &pc))
		return UNWIND_STEP_BAD_READ;
	regs->pc = pc;
	regs->sp = sp;
	regs->fp = fp;
	regs->lr = lr;
	return UNWIND_STEP_EXACT;
}

/* Return address in x30 still: of a leaf function, which only a signal can have interrupted. */
static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step_lr(struct unwind_regs *regs, __u32 rule, void *ctx)
{
	__u32 fp_slot = UNWIND_RULE_FP(rule);
	__u64 cfa = regs->sp + 8ull * UNWIND_RULE_OFF(rule), fp = regs->fp;

	/* It has called, though it saved nothing: a function that does not return. Its caller is lost, its caller's not. */
	if (!regs->lr)
		return unwind_step_fp(regs, 1, ctx);
	if (cfa < regs->sp)
		return UNWIND_STEP_NOT_MONOTONIC;
	if (fp_slot && fp_slot < UNWIND_FP_CHAIN && !UNWIND_READ(ctx, cfa - 8ull * fp_slot, &fp))
		return UNWIND_STEP_BAD_READ;
	return unwind_step_to(regs, regs->lr, cfa, fp, 0);
}

/* Where the frame record is, and the CFA. False: the rule does not say, as far as sp and fp are known. */
static inline __attribute__((always_inline)) int
unwind_find_record(const struct unwind_regs *regs, __u32 rule, __u64 *ret_record, __u64 *ret_cfa)
{
	__u32 kind = UNWIND_RULE_KIND(rule), slot = UNWIND_RULE_FP(rule);
	__u64 off = 8ull * UNWIND_RULE_OFF(rule), slot_bytes = 8ull * slot;

	if (kind == UNWIND_FP_FRAME) {
		*ret_cfa = regs->fp + off;
		*ret_record = slot == UNWIND_FP_CHAIN ? regs->fp : *ret_cfa - slot_bytes;
	} else if (kind == UNWIND_FRAME) {
		*ret_cfa = regs->sp_is_guess ? regs->fp + slot_bytes : regs->sp + off;
		*ret_record = *ret_cfa - slot_bytes;
	} else if (kind == UNWIND_FRAME_SP) {
		*ret_record = regs->sp_is_guess ? regs->fp : regs->sp + slot_bytes;
		*ret_cfa = *ret_record - slot_bytes + off;
	} else {
		return 0;
	}
	return !regs->sp_is_guess || unwind_fp_is_sane(regs);
}

/*
 * The return address alone is saved, in code that has no use for x29. If sp is a guess, it is taken to be right: code made
 * at run time, which frames are guessed in, has its records at the upper end of them.
 */
static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step_saved(struct unwind_regs *regs, __u32 rule, void *ctx)
{
	__u64 cfa = regs->sp + 8ull * UNWIND_RULE_OFF(rule), slot = 8ull * UNWIND_RULE_FP(rule);
	__u64 ra = 0;

	if (cfa <= regs->sp)
		return UNWIND_STEP_NOT_MONOTONIC;
	slot = UNWIND_RULE_KIND(rule) == UNWIND_LR_SAVED ? cfa - slot : regs->sp + slot;
	if (!UNWIND_READ(ctx, slot, &ra))
		return UNWIND_STEP_BAD_READ;
	return unwind_step_to(regs, ra, cfa, regs->fp, 0);
}

static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step(struct unwind_regs *regs, __u32 rule, void *ctx)
{
	__u32 kind = UNWIND_RULE_KIND(rule);
	__u64 record = 0, cfa = 0, fp = 0, ra = 0;

	if (kind == UNWIND_NONE || kind == UNWIND_FP_RECORD)
		return unwind_step_fp(regs, kind == UNWIND_NONE, ctx);
	if (kind == UNWIND_ROOT)
		return UNWIND_STEP_ROOT;
	if (kind == UNWIND_SIGNAL)
		return unwind_step_signal(regs, ctx);
	if (kind == UNWIND_LR)
		return unwind_step_lr(regs, rule, ctx);
	if (kind == UNWIND_LR_SAVED || kind == UNWIND_LR_SAVED_SP)
		return unwind_step_saved(regs, rule, ctx);
	if (!unwind_find_record(regs, rule, &record, &cfa))
		return UNWIND_STEP_NO_ROW;
	if (cfa <= regs->sp)
		return UNWIND_STEP_NOT_MONOTONIC;
	if (!UNWIND_READ(ctx, record + 8, &ra) || !UNWIND_READ(ctx, record, &fp))
		return UNWIND_STEP_BAD_READ;
	return unwind_step_to(regs, ra, cfa, fp, 0);
}
