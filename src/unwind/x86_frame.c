// SPDX-License-Identifier: Apache-2.0
#include "unwind/x86_frame.h"

#include "abi/unwind.h"

/* Words; larger frames are not followed. */
#define FRAME_WORDS_MAX 0xffff

static bool op_is_reg(const cs_x86_op *op, x86_reg reg)
{
	return op->type == X86_OP_REG && op->reg == reg;
}

/* disp(reg) */
static bool op_is_slot(const cs_x86_op *op, x86_reg reg)
{
	return op->type == X86_OP_MEM && op->mem.base == reg && op->mem.index == X86_REG_INVALID &&
	       op->mem.segment == X86_REG_INVALID;
}

/* Is @reg, or a part of it, among what the instruction writes? */
static bool insn_writes(csh capstone, const cs_insn *insn, x86_reg reg, x86_reg half)
{
	cs_regs read, write;
	uint8_t read_cnt, write_cnt;

	if (cs_regs_access(capstone, insn, read, &read_cnt, write, &write_cnt))
		return true;
	for (uint8_t i = 0; i < write_cnt; i++)
		if (write[i] == reg || write[i] == half)
			return true;
	return false;
}

/* Words below the CFA of what is @disp_bytes above a place that is @words below it; 0 if that is
 * nowhere. */
static uint16_t frame_words(uint16_t words, int64_t disp_bytes)
{
	int64_t result = words - disp_bytes / 8;

	if (!words || disp_bytes % 8 || result <= 0 || result > FRAME_WORDS_MAX)
		return 0;
	return (uint16_t)result;
}

static bool frame_fp_is_callers(const struct x86_frame *frame)
{
	return !frame->saved && !frame->fp && !(frame->flags & FRAME_FP_LOST);
}

/* The frame pointer gets a new value: it points @words below the CFA, or (0) is of no use. */
static void frame_set_fp(struct x86_frame *frame, uint16_t words)
{
	frame->fp = words;
	if (!frame->saved)
		frame->flags |= FRAME_FP_LOST;
}

static void frame_push(struct x86_frame *frame, const cs_x86_op *op)
{
	frame->sp = op->size == 8 || op->type == X86_OP_IMM ? frame_words(frame->sp, -8) : 0;
	if (op_is_reg(op, X86_REG_RBP) && frame_fp_is_callers(frame))
		frame->saved = frame->sp;
}

/* The frame pointer is loaded from @words below the CFA. */
static void frame_load_fp(struct x86_frame *frame, uint16_t words)
{
	frame_set_fp(frame, 0);
	if (words && words == frame->saved)
		frame->saved = 0;
}

/* Moves that involve the stack or frame pointer. False: @insn is none. */
static bool frame_move(struct x86_frame *frame, const cs_insn *insn)
{
	const cs_x86_op *to = &insn->detail->x86.operands[0], *from = to + 1;
	bool lea = insn->id == X86_INS_LEA;
	uint16_t words = 0;

	if (insn->detail->x86.op_count != 2 || (insn->id != X86_INS_MOV && !lea))
		return false;
	if (!lea && op_is_slot(to, X86_REG_RSP) && op_is_reg(from, X86_REG_RBP)) {
		if (frame_fp_is_callers(frame))
			frame->saved = frame_words(frame->sp, to->mem.disp);
		return true;
	}
	if (op_is_slot(from, X86_REG_RSP))
		words = frame_words(frame->sp, from->mem.disp);
	else if (op_is_slot(from, X86_REG_RBP))
		words = frame_words(frame->fp, from->mem.disp);
	else if (!lea && op_is_reg(from, X86_REG_RSP))
		words = frame->sp;
	else if (!lea && op_is_reg(from, X86_REG_RBP))
		words = frame->fp;
	if (op_is_reg(to, X86_REG_RSP)) {
		frame->sp = lea || from->type == X86_OP_REG ? words : 0;
		return true;
	}
	if (!op_is_reg(to, X86_REG_RBP))
		return false;
	if (!lea && from->type == X86_OP_MEM)
		frame_load_fp(frame, words);
	else
		frame_set_fp(frame, words);
	return true;
}

static void frame_leave(struct x86_frame *frame)
{
	uint16_t words = frame->fp;

	frame->sp = frame_words(words, 8);
	frame_load_fp(frame, words);
}

bool x86_frame__execute(struct x86_frame *frame, csh capstone, const cs_insn *insn)
{
	const cs_x86_op *ops = insn->detail->x86.operands;
	int64_t by;

	switch (insn->id) {
	case X86_INS_CALL:
	case X86_INS_RET: /* judged by the state before it */
		return true;
	case X86_INS_PUSH:
		frame_push(frame, &ops[0]);
		return true;
	case X86_INS_POP:
		if (op_is_reg(&ops[0], X86_REG_RSP) || ops[0].size != 8)
			return false;
		if (op_is_reg(&ops[0], X86_REG_RBP))
			frame_load_fp(frame, frame->sp);
		frame->sp = frame_words(frame->sp, 8);
		return true;
	case X86_INS_PUSHFQ:
		frame->sp = frame_words(frame->sp, -8);
		return true;
	case X86_INS_POPFQ:
		frame->sp = frame_words(frame->sp, 8);
		return true;
	case X86_INS_LEAVE:
		frame_leave(frame);
		return true;
	case X86_INS_ADD:
	case X86_INS_SUB:
		if (!op_is_reg(&ops[0], X86_REG_RSP))
			break;
		by = insn->id == X86_INS_ADD ? ops[1].imm : -ops[1].imm;
		frame->sp = ops[1].type == X86_OP_IMM ? frame_words(frame->sp, by) : 0;
		return true;
	default:
		if (frame_move(frame, insn))
			return true;
	}
	if (insn_writes(capstone, insn, X86_REG_RSP, X86_REG_ESP))
		frame->sp = 0;
	if (insn_writes(capstone, insn, X86_REG_RBP, X86_REG_EBP))
		frame_set_fp(frame, 0);
	return true;
}

bool x86_frame__equal(const struct x86_frame *a, const struct x86_frame *b)
{
	return a->sp == b->sp && a->fp == b->fp && a->saved == b->saved &&
	       (a->flags & FRAME_FP_LOST) == (b->flags & FRAME_FP_LOST);
}

bool x86_frame__is_initial(const struct x86_frame *frame)
{
	return frame->sp == 1 && frame_fp_is_callers(frame);
}

uint32_t x86_frame__rule(const struct x86_frame *frame)
{
	uint32_t saved = frame->saved;

	if (!frame->len || (frame->flags & FRAME_FAILED))
		return UNWIND_RULE(UNWIND_NONE, 0, 0);
	if ((frame->flags & FRAME_FP_LOST) || saved > UNWIND_FP_SLOT_MAX)
		saved = UNWIND_FP_LOST;
	/* A true frame pointer, or all that there is. */
	if (frame->fp && (frame->fp == frame->saved || !frame->sp))
		return UNWIND_RULE(UNWIND_FP, saved, frame->fp);
	return UNWIND_RULE(UNWIND_SP, saved, frame->sp);
}
