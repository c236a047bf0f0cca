/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * One step of the walk: from a frame's registers and its unwind rule to its caller's. Portable C: the BPF walker
 * and the host tests compile this very file. The includer defines, before including it,
 *
 *	UNWIND_READ(ctx, addr, ret)	read the 8-byte word at @addr into *@ret; true if it could be read
 *
 * Register layouts: System V x86-64 ABI; the signal frame is struct rt_sigframe of
 * arch/x86/include/asm/sigframe.h, of which sp points at the ucontext once the handler has returned.
 */
#pragma once

#include "abi/unwind.h"
#include "unwind_regs.h"
#include "unwind_result.h"

#define UCONTEXT_X86_BP 120
#define UCONTEXT_X86_SP 160
#define UCONTEXT_X86_IP 168

/* By the frame pointer; on this stack it has to point if it is but a @guess. */
static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step_fp(struct unwind_regs *regs, int guess, void *ctx)
{
	__u64 fp = regs->fp, caller_fp = 0, ra = 0;

	/* The ABI's mark for the outermost frame. */
	if (!fp)
		return UNWIND_STEP_ROOT;
	if ((fp & 7) || (guess && (fp < regs->sp || fp - regs->sp > UNWIND_FP_FRAME_MAX)))
		return UNWIND_STEP_NO_ROW;
	if (!UNWIND_READ(ctx, fp + 8, &ra) || !UNWIND_READ(ctx, fp, &caller_fp))
		return UNWIND_STEP_BAD_READ;
	if (!ra)
		return UNWIND_STEP_ROOT;
	regs->pc = ra;
	regs->sp = fp + 16;
	regs->fp = caller_fp;
	return UNWIND_STEP_OK;
}

static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step_signal(struct unwind_regs *regs, void *ctx)
{
	__u64 pc = 0, sp = 0, fp = 0;

	if (!UNWIND_READ(ctx, regs->sp + UCONTEXT_X86_BP, &fp) ||
	    !UNWIND_READ(ctx, regs->sp + UCONTEXT_X86_SP, &sp) ||
	    !UNWIND_READ(ctx, regs->sp + UCONTEXT_X86_IP, &pc))
		return UNWIND_STEP_BAD_READ;
	regs->pc = pc;
	regs->sp = sp;
	regs->fp = fp;
	return UNWIND_STEP_EXACT;
}

static inline __attribute__((always_inline)) enum unwind_step_result
unwind_step(struct unwind_regs *regs, __u32 rule, void *ctx)
{
	__u32 kind = UNWIND_RULE_KIND(rule), fp_slot = UNWIND_RULE_FP(rule);
	__u64 cfa, ra = 0, fp = regs->fp;

	if (kind == UNWIND_SP)
		cfa = regs->sp + 8ull * UNWIND_RULE_OFF(rule);
	else if (kind == UNWIND_FP)
		cfa = regs->fp + 8ull * UNWIND_RULE_OFF(rule);
	else if (kind == UNWIND_NONE || kind == UNWIND_FP_RECORD)
		return unwind_step_fp(regs, kind == UNWIND_NONE, ctx);
	else if (kind == UNWIND_ROOT)
		return UNWIND_STEP_ROOT;
	else if (kind == UNWIND_SIGNAL)
		return unwind_step_signal(regs, ctx);
	else if (kind == UNWIND_PLT)
		cfa = regs->sp + 8 + ((regs->pc & 15) >= UNWIND_RULE_OFF(rule) ? 8 : 0);
	else if (kind == UNWIND_SP_DEREF || kind == UNWIND_FP_DEREF) {
		cfa = kind == UNWIND_SP_DEREF ? regs->sp : regs->fp;
		if (!UNWIND_READ(ctx, cfa + 8ll * UNWIND_DEREF_OFF(rule), &cfa))
			return UNWIND_STEP_BAD_READ;
		cfa += 8ull * UNWIND_DEREF_ADD(rule);
	} else {
		return UNWIND_STEP_NO_ROW;
	}

	if (cfa <= regs->sp)
		return UNWIND_STEP_NOT_MONOTONIC;
	if (!UNWIND_READ(ctx, cfa - 8, &ra))
		return UNWIND_STEP_BAD_READ;
	if (fp_slot && fp_slot != UNWIND_FP_LOST &&
	    !UNWIND_READ(ctx, fp_slot == UNWIND_FP_CHAIN ? regs->fp : cfa - 8ull * fp_slot, &fp))
		return UNWIND_STEP_BAD_READ;
	if (!ra)
		return UNWIND_STEP_ROOT;
	regs->pc = ra;
	regs->sp = cfa;
	regs->fp = fp;
	return UNWIND_STEP_OK;
}
