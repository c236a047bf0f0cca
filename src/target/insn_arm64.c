// SPDX-License-Identifier: Apache-2.0
/*
 * A uprobe replaces an instruction by brk. Most instructions are then executed out of line: the
 * kernel copies them to a page of the process, steps them, and takes a second exception behind
 * them. Those whose result depends on where they stand it executes itself, in the first exception.
 *
 * Which ones: arch/arm64/kernel/probes/decode-insn.c, arm_probe_decode_insn(), the same from Linux
 * 4.10 on. Loads of literals are left out, as they read the process's memory, and nop, which only
 * later kernels simulate.
 *
 * A return address is in x30 until it is signed (paciasp) or the function uses the register
 * otherwise. A return probe that put its own address there behind that would make the function's
 * authentication fail and end the process. So what writes x30 counts as moving the stack pointer
 * does on x86-64: no site lies behind it.
 */
#include "target/insn_arm64.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <string.h>

#include "target/insn.h"

#define INSN_BYTES 4ull

static const struct {
	uint32_t mask, value;
	uint8_t flow;
	bool emulated;
} words[] = {
	{ 0xfc000000, 0x14000000, INSN_JUMP, true },    /* b */
	{ 0xfc000000, 0x94000000, INSN_CALL, true },    /* bl */
	{ 0xff000000, 0x54000000, INSN_BRANCH, true },  /* b.cond, bc.cond */
	{ 0x7e000000, 0x34000000, INSN_BRANCH, true },  /* cbz, cbnz */
	{ 0x7e000000, 0x36000000, INSN_BRANCH, true },  /* tbz, tbnz */
	{ 0xfffffc1f, 0xd61f0000, INSN_JUMP, true },    /* br */
	{ 0xfffffc1f, 0xd63f0000, INSN_CALL, true },    /* blr */
	{ 0xfffffc1f, 0xd65f0000, INSN_RETURN, true },  /* ret */
	{ 0xfefff800, 0xd61f0800, INSN_JUMP, false },   /* braa, brab, braaz, brabz */
	{ 0xfefff800, 0xd63f0800, INSN_CALL, false },   /* blraa, blrab, blraaz, blrabz */
	{ 0xfffffbff, 0xd65f0bff, INSN_RETURN, false }, /* retaa, retab */
	{ 0xffe0001f, 0xd4200000, INSN_STOP, false },   /* brk */
	{ 0xffff0000, 0x00000000, INSN_STOP, false },   /* udf */
	{ 0x1f000000, 0x10000000, INSN_NEXT, true },    /* adr, adrp */
};

/* hint numbers that write x30: pacia/b and autia/b with sp or zero; xpaclri. */
#define HINT_MASK    0xfffff01fu
#define HINT         0xd503201fu
#define HINT_NR(w)   ((w) >> 5 & 0x7f)
#define HINT_XPACLRI 7u
#define HINT_PACIAZ  24u
#define HINT_AUTIBSP 31u

static uint32_t word_at(const uint8_t *code)
{
	uint32_t word;

	memcpy(&word, code, sizeof(word));
	return word;
}

static int64_t sign_extend(uint32_t value, unsigned bits)
{
	return (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);
}

int insn_arm64_open(size_t *ret_handle)
{
	csh handle;

	if (cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &handle) != CS_ERR_OK)
		return -ENOMEM;
	if (cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK) {
		cs_close(&handle);
		return -ENOMEM;
	}
	*ret_handle = handle;
	return 0;
}

void insn_arm64_close(size_t handle)
{
	csh owned = handle;

	cs_close(&owned);
}

/* Arm ARM C4.1: the 26, 19 or 14 bits of a direct jump, in words. */
static uint64_t direct_target(uint32_t word, uint64_t addr)
{
	if ((word & 0x7c000000) == 0x14000000)
		return addr + (uint64_t)(sign_extend(word & 0x3ffffff, 26) * 4);
	if ((word & 0xff000000) == 0x54000000 || (word & 0x7e000000) == 0x34000000)
		return addr + (uint64_t)(sign_extend(word >> 5 & 0x7ffff, 19) * 4);
	if ((word & 0x7e000000) == 0x36000000)
		return addr + (uint64_t)(sign_extend(word >> 5 & 0x3fff, 14) * 4);
	return 0;
}

static void set_flow(uint32_t word, struct insn *insn)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((word & words[i].mask) != words[i].value)
			continue;
		insn->flow = words[i].flow;
		insn->emulated = words[i].emulated;
		insn->target = direct_target(word, insn->addr);
		return;
	}
}

/*
 * adrp x16, page; ldr x17, [x16, #off]; add x16, x16, #off; br x17: what the linker makes for a
 * call of another file's function (AAELF64, "PLT sequences"). Taken as one jump.
 */
static bool is_stub(const uint8_t *code, size_t len_bytes, struct insn *insn)
{
	uint32_t adrp, ldr;
	int64_t page;

	if (len_bytes < 4 * INSN_BYTES)
		return false;
	adrp = word_at(code);
	ldr = word_at(code + 4);
	if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211 ||
	    (word_at(code + 8) & 0xff8003ff) != 0x91000210 || word_at(code + 12) != 0xd61f0220)
		return false;
	page = sign_extend((adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3), 21);
	insn->slot = (insn->addr & ~0xfffull) + ((uint64_t)page << 12) +
		     (uint64_t)(ldr >> 10 & 0xfff) * 8;
	insn->flow = INSN_JUMP;
	insn->len_bytes = 4 * INSN_BYTES;
	insn->emulated = true; /* its first instruction */
	return true;
}

/* 1..INSN_ARG_CNT for x0 to x5 and w0 to w5, or 0. */
static uint8_t arg_of(unsigned int reg)
{
	if (reg >= ARM64_REG_X0 && reg < ARM64_REG_X0 + INSN_ARG_CNT)
		return (uint8_t)(reg - ARM64_REG_X0 + 1);
	if (reg >= ARM64_REG_W0 && reg < ARM64_REG_W0 + INSN_ARG_CNT)
		return (uint8_t)(reg - ARM64_REG_W0 + 1);
	return 0;
}

static void note_write(unsigned int reg, struct insn *insn)
{
	uint8_t arg = arg_of(reg);

	if (reg == ARM64_REG_SP || reg == ARM64_REG_WSP || reg == ARM64_REG_X30 ||
	    reg == ARM64_REG_W30)
		insn->writes_sp = true;
	if (arg)
		insn->args_written |= (uint8_t)(1u << (arg - 1));
}

/* An operand whose access the decoder does not know counts as written. */
static void set_writes(const cs_insn *cs, struct insn *insn)
{
	const cs_arm64 *arm64 = &cs->detail->arm64;
	unsigned int i;

	for (i = 0; i < cs->detail->regs_write_count; i++)
		note_write(cs->detail->regs_write[i], insn);
	for (i = 0; i < arm64->op_count; i++) {
		if (arm64->operands[i].type == ARM64_OP_REG &&
		    (arm64->operands[i].access & CS_AC_WRITE || !arm64->operands[i].access))
			note_write(arm64->operands[i].reg, insn);
		if (arm64->operands[i].type == ARM64_OP_MEM && arm64->writeback)
			note_write(arm64->operands[i].mem.base, insn);
	}
	if (cs->id == ARM64_INS_SVC)
		insn->args_written = 0xff;
}

/* mov xd, xm, which is orr xd, xzr, xm. */
static void set_copy(uint32_t word, struct insn *insn)
{
	uint32_t from = word >> 16 & 31, to = word & 31;

	if ((word & 0xffe0ffe0) != 0xaa0003e0 || from >= INSN_ARG_CNT || to >= INSN_ARG_CNT)
		return;
	insn->copy_from = (uint8_t)(from + 1);
	insn->copy_to = (uint8_t)(to + 1);
}

/* cmp, cmn and tst: adds, subs and ands into no register, whose first operand some decoders take
 * for a result. */
static bool only_compares(uint32_t word)
{
	return (word & 31) == 31 &&
	       ((word & 0x3f000000) == 0x2b000000 || (word & 0x3f800000) == 0x31000000 ||
		(word & 0x7f000000) == 0x6a000000 || (word & 0x7f800000) == 0x72000000);
}

static bool hint_writes_x30(uint32_t word)
{
	uint32_t nr = HINT_NR(word);

	return nr == HINT_XPACLRI || (nr >= HINT_PACIAZ && nr <= HINT_AUTIBSP);
}

int insn_arm64_decode(size_t handle, const uint8_t *code, size_t len_bytes, uint64_t addr,
		      struct insn *ret)
{
	struct insn insn = { .addr = addr, .len_bytes = INSN_BYTES };
	uint32_t word;
	cs_insn *cs;

	if (len_bytes < INSN_BYTES || addr % INSN_BYTES)
		return -EILSEQ;
	if (is_stub(code, len_bytes, &insn)) {
		*ret = insn;
		return 0;
	}
	word = word_at(code);
	set_flow(word, &insn);
	if ((word & HINT_MASK) == HINT) {
		insn.writes_sp = hint_writes_x30(word);
	} else if (only_compares(word)) {
		/* Nothing is written. */
	} else if (cs_disasm(handle, code, INSN_BYTES, addr, 1, &cs) == 1) {
		set_writes(cs, &insn);
		cs_free(cs, 1);
	} else if (insn.flow == INSN_NEXT) {
		/* Younger than the decoder. Its length is known, what it does is not. */
		insn.args_written = 0xff;
		insn.writes_sp = true;
	}
	set_copy(word, &insn);
	*ret = insn;
	return 0;
}
