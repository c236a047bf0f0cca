// SPDX-License-Identifier: Apache-2.0
/*
 * A uprobe replaces an instruction by int3. Most instructions are then executed out of line: the
 * kernel copies them to a page of the process, sets the trap flag, and takes a second trap behind
 * them. Some it executes itself, in the first trap. The difference is a factor of about 7 in a
 * virtual machine.
 *
 * Which ones: arch/x86/kernel/uprobes.c, branch_setup_xol_ops() and push_setup_xol_ops(), the same
 * from Linux 4.x on. Later kernels add the multi-byte nops; those are left out, so that the choice
 * is right on every kernel. endbr64 is in neither list, and with it the first instruction of most
 * functions of a distribution built for CET.
 */
#include "target/insn_x86.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <string.h>

#include "target/insn.h"

enum prefix_rule {
	NO_PREFIX,       /* none at all, but REX.B */
	NO_OPERAND_SIZE, /* any that can be probed but 66 */
	ANY_BUT_REX,     /* any that can be probed; with REX.B this nop is xchg %r8,%rax */
};

static const struct {
	uint8_t first, last; /* opcode bytes; after 0f if two_bytes */
	bool two_bytes;
	uint8_t prefixes; /* enum prefix_rule */
} emulated[] = {
	{ 0x50, 0x57, false, NO_PREFIX },       /* push r64 */
	{ 0x70, 0x7f, false, NO_OPERAND_SIZE }, /* jcc rel8 */
	{ 0x80, 0x8f, true, NO_OPERAND_SIZE },  /* jcc rel32 */
	{ 0x90, 0x90, false, ANY_BUT_REX },     /* nop, pause */
	{ 0xe8, 0xe9, false, NO_OPERAND_SIZE }, /* call rel32, jmp rel32 */
	{ 0xeb, 0xeb, false, NO_OPERAND_SIZE }, /* jmp rel8 */
};

/* Calling order of the System V ABI, x86-64 supplement, 3.2.3; every width of each. */
static const x86_reg args[INSN_ARG_CNT][5] = {
	{ X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL },
	{ X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL },
	{ X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH },
	{ X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH },
	{ X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B },
	{ X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B },
};

bool insn_x86_is_emulated(const uint8_t *code, size_t len_bytes)
{
	bool operand_size = false, two_bytes;
	size_t pos = 0, prefix_cnt, i;
	uint8_t rex = 0, opcode;

	for (; pos < len_bytes; pos++) {
		/* es, cs, ss, ds, lock: is_prefix_bad() refuses the probe. */
		if (code[pos] == 0x26 || code[pos] == 0x2e || code[pos] == 0x36 ||
		    code[pos] == 0x3e || code[pos] == 0xf0)
			return false;
		if (code[pos] == 0x66)
			operand_size = true;
		else if (code[pos] != 0x64 && code[pos] != 0x65 && code[pos] != 0x67 &&
			 code[pos] != 0xf2 && code[pos] != 0xf3)
			break;
	}
	prefix_cnt = pos;
	if (pos < len_bytes && (code[pos] & 0xf0) == 0x40)
		rex = code[pos++];
	two_bytes = pos < len_bytes && code[pos] == 0x0f;
	pos += two_bytes;
	if (pos >= len_bytes)
		return false;
	opcode = code[pos];
	for (i = 0; i < sizeof(emulated) / sizeof(emulated[0]); i++) {
		if (two_bytes != emulated[i].two_bytes || opcode < emulated[i].first ||
		    opcode > emulated[i].last)
			continue;
		switch ((enum prefix_rule)emulated[i].prefixes) {
		case NO_PREFIX:
			return !prefix_cnt && (!rex || rex == 0x41);
		case NO_OPERAND_SIZE:
			return !operand_size;
		case ANY_BUT_REX:
			return !rex;
		}
	}
	return false;
}

int insn_x86_open(size_t *ret_handle)
{
	csh handle;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
		return -ENOMEM;
	if (cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK) {
		cs_close(&handle);
		return -ENOMEM;
	}
	*ret_handle = handle;
	return 0;
}

void insn_x86_close(size_t handle)
{
	csh owned = handle;

	cs_close(&owned);
}

static bool is_conditional(const cs_insn *cs)
{
	/* loop and jrcxz are branches too, but not emulated ones. */
	return cs->id != X86_INS_JMP && cs->id != X86_INS_LJMP;
}

static enum insn_flow flow_of(csh handle, const cs_insn *cs)
{
	switch (cs->id) {
	case X86_INS_HLT:
	case X86_INS_UD2:
	case X86_INS_UD2B:
	case X86_INS_INT3:
		return INSN_STOP;
	case X86_INS_CALL:
	case X86_INS_LCALL:
		return INSN_CALL;
	case X86_INS_LOOP:
	case X86_INS_LOOPE:
	case X86_INS_LOOPNE:
		return INSN_BRANCH;
	}
	if (cs_insn_group(handle, cs, CS_GRP_RET) || cs_insn_group(handle, cs, CS_GRP_IRET))
		return INSN_RETURN;
	if (cs_insn_group(handle, cs, CS_GRP_JUMP))
		return is_conditional(cs) ? INSN_BRANCH : INSN_JUMP;
	return INSN_NEXT;
}

static void set_target(const cs_insn *cs, struct insn *insn)
{
	const cs_x86 *x86 = &cs->detail->x86;
	const cs_x86_op *op = &x86->operands[0];

	if (!x86->op_count)
		return;
	if (op->type == X86_OP_IMM)
		insn->target = (uint64_t)op->imm;
	else if (op->type == X86_OP_MEM && op->mem.base == X86_REG_RIP &&
		 op->mem.index == X86_REG_INVALID && op->mem.segment == X86_REG_INVALID)
		insn->slot = cs->address + cs->size + (uint64_t)op->mem.disp;
}

static void note_write(unsigned int reg, struct insn *insn)
{
	unsigned int arg, width;

	if (reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_SP || reg == X86_REG_SPL)
		insn->writes_sp = true;
	for (arg = 0; arg < INSN_ARG_CNT; arg++) {
		for (width = 0; width < 5; width++) {
			if (reg != X86_REG_INVALID && reg == args[arg][width])
				insn->args_written |= (uint8_t)(1u << arg);
		}
	}
}

/* An operand whose access the decoder does not know counts as written. */
static void set_writes(const cs_insn *cs, struct insn *insn)
{
	const cs_x86 *x86 = &cs->detail->x86;
	unsigned int i;

	for (i = 0; i < cs->detail->regs_write_count; i++)
		note_write(cs->detail->regs_write[i], insn);
	for (i = 0; i < x86->op_count; i++) {
		if (x86->operands[i].type == X86_OP_REG &&
		    (x86->operands[i].access & CS_AC_WRITE || !x86->operands[i].access))
			note_write(x86->operands[i].reg, insn);
	}
	/* A system call and the like: whatever the tables say, nothing is sure behind it. */
	if (cs->id == X86_INS_SYSCALL || cs->id == X86_INS_SYSENTER || cs->id == X86_INS_INT)
		insn->args_written = 0xff;
}

/* 1..INSN_ARG_CNT, or 0. */
static uint8_t whole_arg(const cs_x86_op *op)
{
	uint8_t arg;

	for (arg = 0; arg < INSN_ARG_CNT; arg++) {
		if (op->type == X86_OP_REG && op->reg == args[arg][0])
			return arg + 1;
	}
	return 0;
}

static void set_copy(const cs_insn *cs, struct insn *insn)
{
	const cs_x86 *x86 = &cs->detail->x86;
	uint8_t to, from;

	if (cs->id != X86_INS_MOV || x86->op_count != 2)
		return;
	to = whole_arg(&x86->operands[0]);
	from = whole_arg(&x86->operands[1]);
	if (to && from) {
		insn->copy_to = to;
		insn->copy_from = from;
	}
}

int insn_x86_decode(size_t handle, const uint8_t *code, size_t len_bytes, uint64_t addr,
		    struct insn *ret)
{
	struct insn insn = { .addr = addr };
	cs_insn *cs;

	if (cs_disasm(handle, code, len_bytes, addr, 1, &cs) != 1) {
		/* endbr64 is younger than some decoders. */
		if (len_bytes < 4 || memcmp(code, "\xf3\x0f\x1e\xfa", 4))
			return -EILSEQ;
		insn.len_bytes = 4;
		*ret = insn;
		return 0;
	}
	insn.len_bytes = (uint8_t)cs->size;
	insn.flow = (uint8_t)flow_of(handle, cs);
	insn.emulated = insn_x86_is_emulated(code, cs->size);
	if (insn.flow == INSN_JUMP || insn.flow == INSN_BRANCH || insn.flow == INSN_CALL)
		set_target(cs, &insn);
	set_writes(cs, &insn);
	set_copy(cs, &insn);
	cs_free(cs, 1);
	*ret = insn;
	return 0;
}
