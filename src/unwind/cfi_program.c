// SPDX-License-Identifier: Apache-2.0
#include "unwind/cfi_program.h"

#include <errno.h>

#include "unwind/cfi_cursor.h"

/* DWARF 5, table 7.29. The upper two bits select three opcodes with an operand in the lower six. */
#define DW_CFA_advance_loc                     0x40
#define DW_CFA_offset                          0x80
#define DW_CFA_restore                         0xc0
#define DW_CFA_nop                             0x00
#define DW_CFA_set_loc                         0x01
#define DW_CFA_advance_loc1                    0x02
#define DW_CFA_advance_loc2                    0x03
#define DW_CFA_advance_loc4                    0x04
#define DW_CFA_offset_extended                 0x05
#define DW_CFA_restore_extended                0x06
#define DW_CFA_undefined                       0x07
#define DW_CFA_same_value                      0x08
#define DW_CFA_register                        0x09
#define DW_CFA_remember_state                  0x0a
#define DW_CFA_restore_state                   0x0b
#define DW_CFA_def_cfa                         0x0c
#define DW_CFA_def_cfa_register                0x0d
#define DW_CFA_def_cfa_offset                  0x0e
#define DW_CFA_def_cfa_expression              0x0f
#define DW_CFA_expression                      0x10
#define DW_CFA_offset_extended_sf              0x11
#define DW_CFA_def_cfa_sf                      0x12
#define DW_CFA_def_cfa_offset_sf               0x13
#define DW_CFA_val_offset                      0x14
#define DW_CFA_val_offset_sf                   0x15
#define DW_CFA_val_expression                  0x16
/* Vendors' range, binutils include/dwarf2.def and the DWARF for the Arm 64-bit Architecture
 * (AADWARF64). */
#define DW_CFA_MIPS_advance_loc8               0x1d
#define DW_CFA_AARCH64_set_ra_state            0x2b
#define DW_CFA_AARCH64_negate_ra_state_with_pc 0x2c
#define DW_CFA_AARCH64_negate_ra_state         0x2d /* elsewhere DW_CFA_GNU_window_save */
#define DW_CFA_GNU_args_size                   0x2e
#define DW_CFA_GNU_negative_offset_extended    0x2f

static struct cfi_reg *cfi_tracked_reg(struct cfi_run *run, uint64_t reg)
{
	const struct cfi_machine *machine = run->ctx->machine;

	for (int i = 0; i < CFI_TRACKED_CNT; i++)
		if (machine->reg[i] == reg)
			return &run->state.regs[i];
	return NULL;
}

static void cfi_set(struct cfi_run *run, uint64_t reg, enum cfi_where where, int64_t off)
{
	struct cfi_reg *tracked = cfi_tracked_reg(run, reg);

	if (tracked)
		*tracked = (struct cfi_reg){ .where = where, .off = off };
}

static void cfi_set_expr(struct cfi_run *run, uint64_t reg, enum cfi_where where,
			 struct cfi_cursor *cur)
{
	struct cfi_reg *tracked = cfi_tracked_reg(run, reg);
	uint64_t len_bytes = cfi_cursor__uleb(cur);
	const uint8_t *at = cfi_cursor__take(cur, len_bytes);

	if (tracked && at)
		*tracked = (struct cfi_reg){ .where = where, .expr = { at, len_bytes } };
}

static void cfi_restore(struct cfi_run *run, uint64_t reg)
{
	struct cfi_reg *tracked = cfi_tracked_reg(run, reg);

	if (tracked)
		*tracked = run->ctx->initial.regs[tracked - run->state.regs];
}

/* Products of hostile factors wrap; the result is then merely as wrong as the input. */
static int64_t cfi_scaled(const struct cfi_run *run, int64_t factored)
{
	return (int64_t)((uint64_t)factored * (uint64_t)run->ctx->cie.data_align);
}

static void cfi_set_cfa(struct cfi_run *run, uint64_t reg, int64_t off)
{
	run->state.cfa_is_expr = false;
	run->state.cfa_reg = reg;
	run->state.cfa_off = off;
}

/* Opcodes that change how registers are found. False for an unknown one. */
static bool cfi_exec_register(struct cfi_run *run, uint8_t op, struct cfi_cursor *cur)
{
	uint64_t reg = cfi_cursor__uleb(cur);

	switch (op) {
	case DW_CFA_offset_extended:
		cfi_set(run, reg, CFI_AT_CFA, cfi_scaled(run, (int64_t)cfi_cursor__uleb(cur)));
		return true;
	case DW_CFA_offset_extended_sf:
		cfi_set(run, reg, CFI_AT_CFA, cfi_scaled(run, cfi_cursor__sleb(cur)));
		return true;
	case DW_CFA_GNU_negative_offset_extended:
		cfi_set(run, reg, CFI_AT_CFA,
			cfi_scaled(run, (int64_t)(0 - cfi_cursor__uleb(cur))));
		return true;
	case DW_CFA_val_offset:
		cfi_set(run, reg, CFI_IS_CFA, cfi_scaled(run, (int64_t)cfi_cursor__uleb(cur)));
		return true;
	case DW_CFA_val_offset_sf:
		cfi_set(run, reg, CFI_IS_CFA, cfi_scaled(run, cfi_cursor__sleb(cur)));
		return true;
	case DW_CFA_restore_extended:
		cfi_restore(run, reg);
		return true;
	case DW_CFA_undefined:
		cfi_set(run, reg, CFI_UNDEFINED, 0);
		return true;
	case DW_CFA_same_value:
		cfi_set(run, reg, CFI_UNCHANGED, 0);
		return true;
	case DW_CFA_register:
		cfi_set(run, reg, CFI_IN_REGISTER, (int64_t)cfi_cursor__uleb(cur));
		return true;
	case DW_CFA_expression:
		cfi_set_expr(run, reg, CFI_AT_EXPR, cur);
		return true;
	case DW_CFA_val_expression:
		cfi_set_expr(run, reg, CFI_IS_EXPR, cur);
		return true;
	default:
		return false;
	}
}

/* Opcodes that change the CFA, or nothing. False for any other. */
static bool cfi_exec_cfa(struct cfi_run *run, uint8_t op, struct cfi_cursor *cur)
{
	struct cfi_state *state = &run->state;
	uint64_t reg, len_bytes;
	const uint8_t *at;

	switch (op) {
	case DW_CFA_nop:
	case DW_CFA_AARCH64_negate_ra_state:
	case DW_CFA_AARCH64_negate_ra_state_with_pc:
		return true;
	case DW_CFA_AARCH64_set_ra_state:
		cfi_cursor__uleb(cur);
		cfi_cursor__uleb(cur);
		return true;
	case DW_CFA_GNU_args_size:
		cfi_cursor__uleb(cur);
		return true;
	case DW_CFA_def_cfa:
		reg = cfi_cursor__uleb(cur);
		cfi_set_cfa(run, reg, (int64_t)cfi_cursor__uleb(cur));
		return true;
	case DW_CFA_def_cfa_sf:
		reg = cfi_cursor__uleb(cur);
		cfi_set_cfa(run, reg, cfi_scaled(run, cfi_cursor__sleb(cur)));
		return true;
	case DW_CFA_def_cfa_register:
		state->cfa_is_expr = false;
		state->cfa_reg = cfi_cursor__uleb(cur);
		return true;
	case DW_CFA_def_cfa_offset:
		state->cfa_off = (int64_t)cfi_cursor__uleb(cur);
		return true;
	case DW_CFA_def_cfa_offset_sf:
		state->cfa_off = cfi_scaled(run, cfi_cursor__sleb(cur));
		return true;
	case DW_CFA_def_cfa_expression:
		len_bytes = cfi_cursor__uleb(cur);
		at = cfi_cursor__take(cur, len_bytes);
		if (at) {
			state->cfa_is_expr = true;
			state->cfa_expr = (struct elf_span){ at, len_bytes };
		}
		return true;
	default:
		return false;
	}
}

static bool cfi_exec_stack(struct cfi_run *run, uint8_t op)
{
	if (op == DW_CFA_remember_state && run->remembered_cnt < CFI_REMEMBER_MAX) {
		run->remembered[run->remembered_cnt++] = run->state;
		return true;
	}
	if (op == DW_CFA_restore_state && run->remembered_cnt) {
		run->state = run->remembered[--run->remembered_cnt];
		return true;
	}
	return false;
}

/* Is @op one that moves the location? Then *@ret is the new one, wrapped around if it is absurd. */
static bool cfi_exec_location(const struct cfi_run *run, uint8_t op, struct cfi_cursor *cur,
			      uint64_t *ret)
{
	uint64_t delta;

	switch (op) {
	case DW_CFA_advance_loc1:
		delta = cfi_cursor__uint(cur, 1);
		break;
	case DW_CFA_advance_loc2:
		delta = cfi_cursor__uint(cur, 2);
		break;
	case DW_CFA_advance_loc4:
		delta = cfi_cursor__uint(cur, 4);
		break;
	case DW_CFA_MIPS_advance_loc8:
		delta = cfi_cursor__uint(cur, 8);
		break;
	case DW_CFA_set_loc:
		if (cfi_section_pointer(run->ctx->section, run->ctx->cie.pointer_enc, &cur->at,
					cur->end, ret))
			cur->bad = true;
		return true;
	default:
		if ((op & 0xc0) != DW_CFA_advance_loc)
			return false;
		delta = op & 0x3f;
		break;
	}
	*ret = run->vaddr + delta * run->ctx->cie.code_align;
	return true;
}

/* One instruction that is no advance. False: unknown, so that its length is unknown, too. */
static bool cfi_exec(struct cfi_run *run, uint8_t op, struct cfi_cursor *cur)
{
	switch (op & 0xc0) {
	case DW_CFA_offset:
		cfi_set(run, op & 0x3f, CFI_AT_CFA,
			cfi_scaled(run, (int64_t)cfi_cursor__uleb(cur)));
		return true;
	case DW_CFA_restore:
		cfi_restore(run, op & 0x3f);
		return true;
	default:
		break;
	}
	if (cfi_exec_cfa(run, op, cur) || cfi_exec_stack(run, op))
		return true;
	return cfi_exec_register(run, op, cur);
}

int cfi_run__next(struct cfi_run *run, struct cfi_piece *ret)
{
	struct cfi_cursor cur = { run->at, run->end, false };
	uint64_t next;
	uint8_t op;

	if (run->done)
		return 0;
	while (cfi_cursor__left(&cur)) {
		if (!run->budget->ops)
			return -E2BIG;
		run->budget->ops--;
		op = *cur.at++;
		if (cfi_exec_location(run, op, &cur, &next)) {
			if (cur.bad || next < run->vaddr)
				return -EBADMSG;
			/* What a program says beyond its function is nobody's rule. */
			if (next >= run->vaddr_end)
				break;
			run->at = cur.at;
			if (next == run->vaddr)
				continue;
			*ret = (struct cfi_piece){ run->vaddr, next, &run->state };
			run->vaddr = next;
			return 1;
		}
		if (!cfi_exec(run, op, &cur) || cur.bad)
			return -EBADMSG;
	}
	run->done = true;
	*ret = (struct cfi_piece){ run->vaddr, run->vaddr_end, &run->state };
	run->vaddr = run->vaddr_end;
	return ret->vaddr < ret->vaddr_end;
}

uint64_t cfi_run__vaddr(const struct cfi_run *run)
{
	return run->vaddr;
}

void cfi_run__init(struct cfi_run *run, const struct cfi_context *ctx, const struct cfi_fde *fde,
		   struct cfi_budget *budget)
{
	run->ctx = ctx;
	run->budget = budget;
	run->at = fde->program.at;
	run->end = fde->program.at + fde->program.len_bytes;
	run->vaddr = fde->vaddr;
	run->vaddr_end = fde->vaddr + fde->len_bytes;
	run->done = false;
	run->remembered_cnt = 0;
	run->state = ctx->initial;
}

int cfi_context_init(const struct cfi_section *section, const struct cfi_machine *machine,
		     const struct cfi_cie *cie, struct cfi_budget *budget, struct cfi_context *ret)
{
	/* A CIE's program is run as that of a function of one byte. */
	const struct cfi_fde whole = { .program = cie->program, .len_bytes = 1 };
	struct cfi_context ctx = { .section = section, .machine = machine, .cie = *cie };
	struct cfi_piece piece;
	struct cfi_run run;
	int err;

	cfi_run__init(&run, &ctx, &whole, budget);
	err = cfi_run__next(&run, &piece);
	if (err < 0)
		return err;
	ctx.initial = *piece.state;
	*ret = ctx;
	return 0;
}
