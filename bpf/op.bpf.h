/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "arch.bpf.h"
#include "thread.bpf.h"
#include "walk.bpf.h"

/* Is the call of the function asked for still running, seen from the entry of one beneath it? */
static inline __attribute__((always_inline)) bool op_is_running(struct thread *thread, __u32 image,
								__u64 sp, __u64 fp, __u64 lr)
{
	__u64 ra;

	if (!thread->op_sp)
		return false;
	if (sp < thread->op_sp) {
		ra = ARCH_RA_BYTES ? arch_return_address(thread->op_sp, 0)
				   : walk_return_of(image, sp, fp, lr, thread->op_sp);
		if (ra == thread->op_ra || (!ARCH_RA_BYTES && ra == WALK_UNKNOWN))
			return true;
	}
	thread->op_sp = 0;
	return false;
}
int op_allocated(__u32 image, __u64 bytes);
