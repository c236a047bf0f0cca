// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one call of a function allocates (`stat --op`): the function's outermost call on a thread is an operation, what it
 * calls of itself is part of it. It has ended when one of its return instructions comes by; or, if it was left by a
 * jump, an exception or a longjmp, when its return address is no longer where it was: a caller that goes on to call
 * anything puts another one there.
 */
#include "op.bpf.h"

#include <bpf/bpf_helpers.h>

#include "arch.bpf.h"
#include "config.bpf.h"
#include "own_stack.bpf.h"
#include "process.bpf.h"
#include "walk.bpf.h"

OWN_STACK_MAP(op_stack);

int op_allocated(__u32 image, __u64 bytes)
{
	struct image *info = process_image_at(image);

	if (!info)
		return 0;
	__sync_fetch_and_add(&info->op_alloc_cnt, 1);
	__sync_fetch_and_add(&info->op_bytes, bytes);
	return 0;
}

SEC("uprobe")
int heaptap_op(struct pt_regs *ctx)
{
	__u32 image;
	struct image *info;
	struct thread *thread;

	OWN_STACK(ctx, op_stack);
	if (!control.active)
		return 0;
	info = process_current(&image);
	thread = info ? thread_current() : NULL;
	if (!thread || op_is_running(thread, image, ARCH_SP(ctx), ARCH_FP(ctx), ARCH_LR(ctx)))
		return 0;
	thread->op_sp = ARCH_SP(ctx);
	thread->op_ra = arch_return_address(ARCH_SP(ctx), ARCH_LR(ctx));
	__sync_fetch_and_add(&info->op_cnt, 1);
	return 0;
}

/* One of its return instructions; only the outermost call's counts. */
SEC("uprobe")
int heaptap_op_ret(struct pt_regs *ctx)
{
	struct thread *thread;
	__u32 image;

	OWN_STACK(ctx, op_stack);
	if (!process_current(&image))
		return 0;
	thread = thread_current();
	if (thread && thread->op_sp == ARCH_SP(ctx))
		thread->op_sp = 0;
	return 0;
}
