/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once

#include "abi/types.h"

/* What a step of the walk goes from and comes to. */
struct unwind_regs {
	__u64 pc; /* of the frame; for callers already the return address minus one */
	__u64 sp;
	__u64 fp; /* x29 */
	__u64 lr; /* x30 of interrupted code; 0 in frames that have called on, where it is not known */
	__u64 addr_mask; /* what of a return address is address and not signature */
	__u64 sp_is_guess; /* sp is merely not above the frame: the frame record, at fp, is what is known */
};
