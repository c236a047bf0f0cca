/* SPDX-License-Identifier: Apache-2.0 */
/* What an x86-64 instruction does to the frame of its function. */
#pragma once

#include <capstone/capstone.h>
#include <stdbool.h>
#include <stdint.h>

/* Distances from the CFA down to it, in words; 0 is "unknown" or "no". */
struct x86_frame {
	uint16_t sp;
	uint16_t fp;    /* where the frame pointer points, if it is ours */
	uint16_t saved; /* where the caller's frame pointer was saved */
	uint8_t flags;  /* FRAME_* */
	uint8_t len;    /* of the instruction; 0: not visited */
};
_Static_assert(sizeof(struct x86_frame) == 8, "one word per byte of code");

#define FRAME_FP_LOST    1 /* the frame pointer is nobody's, and the caller's was not saved */
#define FRAME_AFTER_CALL 2 /* only right if the call before returns */
#define FRAME_CORRECTED  4 /* a branch has shown that it does not */
#define FRAME_FAILED     8 /* visited, but its function failed */

/* What @insn (with details) does to @frame; jumps and returns do nothing. False if that cannot be
 * followed. */
bool x86_frame__execute(struct x86_frame *frame, csh capstone, const cs_insn *insn);
bool x86_frame__equal(const struct x86_frame *a, const struct x86_frame *b);
/* The stack is as it was at the entry: a return, or a jump to another function, may follow. */
bool x86_frame__is_initial(const struct x86_frame *frame);
/* As a rule word of abi/unwind.h: UNWIND_NONE if nothing is known. */
uint32_t x86_frame__rule(const struct x86_frame *frame);
