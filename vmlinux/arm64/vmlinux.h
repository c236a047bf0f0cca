/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64: registers as the kernel shows them to a debugger (struct user_pt_regs), with which its own struct begins. */
#pragma once
#define __VMLINUX_H__

#include "../kernel_types.h"

struct pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};
