/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64; see bpf/x86/arch.bpf.h. */
#pragma once

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "abi/unwind.h"
#include "unwind_regs.h"

/* A call puts the return address into x30 alone. Probes are on functions' first instructions, before it is signed. */
#define ARCH_RA_BYTES 0

#define ARCH_PC(ctx)     ((ctx)->pc)
#define ARCH_SP(ctx)     ((ctx)->sp)
#define ARCH_FP(ctx)     ((ctx)->regs[29])
#define ARCH_LR(ctx)     ((ctx)->regs[30])
#define ARCH_RESULT(ctx) ((ctx)->regs[0])

static inline __attribute__((always_inline)) void arch_args(__u64 args[8],
							    const struct pt_regs *ctx)
{
	args[0] = 0;
	args[1] = ctx->regs[0];
	args[2] = ctx->regs[1];
	args[3] = ctx->regs[2];
	args[4] = ctx->regs[3];
	args[5] = ctx->regs[4];
	args[6] = ctx->regs[5];
	args[7] = 0;
}

static inline __attribute__((always_inline)) __u64 arch_return_address(__u64 sp, __u64 lr)
{
	return lr;
}

/* The bits of a pointer that say an address: what is above them is a signature or a tag. */
static inline __attribute__((always_inline)) void arch_regs_begin(struct unwind_regs *regs,
								  __u64 sp, __u64 fp)
{
	struct task_struct *task = bpf_get_current_task_btf();

	regs->sp = sp;
	regs->fp = fp;
	regs->lr = 0;
	regs->sp_is_guess = 0;
	regs->addr_mask = task->mm->task_size - 1;
}

static inline __attribute__((always_inline)) __u64 arch_code_address(const struct unwind_regs *regs,
								     __u64 addr)
{
	return addr & regs->addr_mask;
}

/*
 * Signal handlers return to code of the kernel's that has no call frame information (the vDSO's __kernel_rt_sigreturn),
 * known by its bytes: mov x8, #139; svc #0. @pc is the byte before.
 */
static inline __attribute__((always_inline)) __u32 arch_rule_without_file(__u64 pc)
{
	__u64 code = 0;

	bpf_probe_read_user(&code, sizeof(code), (void *)(pc + 1));
	return code == 0xd4000001d2801168ull ? UNWIND_SIGNAL : UNWIND_NONE;
}
