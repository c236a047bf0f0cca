/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once

#include "abi/types.h"

/* What a step of the walk goes from and comes to. */
struct unwind_regs {
	__u64 pc; /* of the frame; for callers already the return address minus one */
	__u64 sp;
	__u64 fp;
};
