/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs know of the machine they run on. bpf/arm64/arch.bpf.h has the same for another; the Makefile's
 * include path chooses.
 */
#pragma once

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "abi/unwind.h"
#include "unwind_regs.h"

/* A call puts the return address on the stack, and a return takes it off: so much is between sp at entry and after. */
#define ARCH_RA_BYTES 8

#define ARCH_PC(ctx)     ((ctx)->ip)
#define ARCH_SP(ctx)     ((ctx)->sp)
#define ARCH_FP(ctx)     ((ctx)->bp)
#define ARCH_LR(ctx)     0 /* the return address at entry, where a register holds it */
#define ARCH_RESULT(ctx) ((ctx)->ax)

/* Arguments by number; args[0] and args[7] are none. */
static inline __attribute__((always_inline)) void arch_args(__u64 args[8],
							    const struct pt_regs *ctx)
{
	args[0] = 0;
	args[1] = ctx->di;
	args[2] = ctx->si;
	args[3] = ctx->dx;
	args[4] = ctx->cx;
	args[5] = ctx->r8;
	args[6] = ctx->r9;
	args[7] = 0;
}

/* The return address of the function that has just been entered; @lr is ARCH_LR. 0: it cannot be read. */
static inline __attribute__((always_inline)) __u64 arch_return_address(__u64 sp, __u64 lr)
{
	__u64 ra = 0;

	bpf_probe_read_user(&ra, sizeof(ra), (void *)sp);
	return ra;
}

/* The registers of a walk that begins at a function's entry, but for pc. */
static inline __attribute__((always_inline)) void arch_regs_begin(struct unwind_regs *regs,
								  __u64 sp, __u64 fp)
{
	regs->sp = sp + ARCH_RA_BYTES;
	regs->fp = fp;
}

/* A return address as it was before it was signed. */
static inline __attribute__((always_inline)) __u64 arch_code_address(const struct unwind_regs *regs,
								     __u64 addr)
{
	return addr;
}

/* The rule of code that is in no file. */
static inline __attribute__((always_inline)) __u32 arch_rule_without_file(__u64 pc)
{
	return UNWIND_NONE;
}
