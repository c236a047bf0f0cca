/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* How a step of the walk can end; MACHINE/unwind_step.h makes it. */
#pragma once

enum unwind_step_result {
	UNWIND_STEP_OK, /* regs are the caller's; pc is a return address: the caller's code is at pc - 1 */
	UNWIND_STEP_EXACT, /* regs are those of the interrupted code: pc itself is where it was */
	UNWIND_STEP_ROOT,  /* there is no caller */
	UNWIND_STEP_BAD_READ,
	UNWIND_STEP_NOT_MONOTONIC,
	UNWIND_STEP_NO_ROW, /* no CFI, and the frame pointer cannot be one */
};

/* A frame larger than this is taken for a wild frame pointer, not for a frame. */
#define UNWIND_FP_FRAME_MAX (1ull << 20)
