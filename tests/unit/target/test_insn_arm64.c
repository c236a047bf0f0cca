// SPDX-License-Identifier: Apache-2.0
/* arm64 instructions, word by word: encodings from the Arm ARM, by way of the GNU assembler. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "target/insn.h"

#define AT 0x10000u

static struct insn_decoder *decoder;

static int set_up(void **state)
{
	return insn_decoder__new(EM_AARCH64, &decoder);
}

static int tear_down(void **state)
{
	insn_decoder__free(decoder);
	return 0;
}

static struct insn decode(uint32_t word)
{
	uint8_t code[4];
	struct insn insn;

	memcpy(code, &word, sizeof(code));
	assert_int_equal(insn_decoder__decode(decoder, code, sizeof(code), AT, &insn), 0);
	assert_int_equal(insn.addr, AT);
	assert_int_equal(insn.len_bytes, 4);
	return insn;
}

static void test_flow(void **state)
{
	static const struct {
		uint32_t word;
		enum insn_flow flow;
		bool emulated;
		uint64_t target;
	} cases[] = {
		{ 0x14000002, INSN_JUMP, true, AT + 8 },    /* b .+8 */
		{ 0x17ffffff, INSN_JUMP, true, AT - 4 },    /* b .-4 */
		{ 0x94000001, INSN_CALL, true, AT + 4 },    /* bl .+4 */
		{ 0x54000060, INSN_BRANCH, true, AT + 12 }, /* b.eq .+12 */
		{ 0xb4000040, INSN_BRANCH, true, AT + 8 },  /* cbz x0, .+8 */
		{ 0x35ffffe1, INSN_BRANCH, true, AT - 4 },  /* cbnz w1, .-4 */
		{ 0x36000040, INSN_BRANCH, true, AT + 8 },  /* tbz w0, #0, .+8 */
		{ 0xb707ffe0, INSN_BRANCH, true, AT - 4 },  /* tbnz x0, #32, .-4 */
		{ 0xd61f0220, INSN_JUMP, true, 0 },         /* br x17 */
		{ 0xd63f0020, INSN_CALL, true, 0 },         /* blr x1 */
		{ 0xd73f0822, INSN_CALL, false, 0 },        /* blraa x1, x2 */
		{ 0xd65f03c0, INSN_RETURN, true, 0 },       /* ret */
		{ 0xd65f0bff, INSN_RETURN, false, 0 },      /* retaa */
		{ 0xd4200000, INSN_STOP, false, 0 },        /* brk #0 */
		{ 0x00000000, INSN_STOP, false, 0 },        /* udf #0 */
		{ 0x90000000, INSN_NEXT, true, 0 },         /* adrp x0, . */
		{ 0xd503201f, INSN_NEXT, false, 0 }, /* nop: simulated by later kernels only */
		{ 0xaa0103e0, INSN_NEXT, false, 0 }, /* mov x0, x1 */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct insn insn = decode(cases[i].word);

		if (insn.flow != cases[i].flow || insn.emulated != cases[i].emulated ||
		    insn.target != cases[i].target)
			fail_msg("%08x", cases[i].word);
	}
}

static void test_writes(void **state)
{
	static const struct {
		uint32_t word;
		uint8_t args;
		bool sp;
	} cases[] = {
		{ 0xaa0103e0, 1, false },      /* mov x0, x1 */
		{ 0x52800021, 2, false },      /* mov w1, #1 */
		{ 0x8b010002, 4, false },      /* add x2, x0, x1 */
		{ 0xf9400023, 8, false },      /* ldr x3, [x1] */
		{ 0xf8408424, 16 | 2, false }, /* ldr x4, [x1], #8 */
		{ 0xa9400420, 1 | 2, false },  /* ldp x0, x1, [x1] */
		{ 0xf9000020, 0, false },      /* str x0, [x1] */
		{ 0xeb01001f, 0, false },      /* cmp x0, x1 */
		{ 0xf100041f, 0, false },      /* cmp x0, #1 */
		{ 0xf240001f, 0, false },      /* tst x0, #1 */
		{ 0xf1000400, 1, false },      /* subs x0, x0, #1 */
		{ 0xaa0003e9, 0, false },      /* mov x9, x0 */
		{ 0xa9bf7bfd, 0, true },       /* stp x29, x30, [sp, #-16]! */
		{ 0xd10043ff, 0, true },       /* sub sp, sp, #16 */
		{ 0xaa0003fe, 0, true },       /* mov x30, x0 */
		{ 0xd503233f, 0, true },       /* paciasp */
		{ 0xd503237f, 0, true },       /* pacibsp */
		{ 0xd50320ff, 0, true },       /* xpaclri */
		{ 0xd503245f, 0, false },      /* bti c */
		{ 0xd503201f, 0, false },      /* nop */
		{ 0xd4000001, 0xff, true },    /* svc #0: anything */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct insn insn = decode(cases[i].word);

		if (insn.args_written != cases[i].args || insn.writes_sp != cases[i].sp)
			fail_msg("%08x writes %x, %d", cases[i].word, insn.args_written,
				 insn.writes_sp);
	}
}

static void test_copies(void **state)
{
	struct insn insn = decode(0xaa0003e1); /* mov x1, x0 */

	assert_int_equal(insn.copy_from, 1);
	assert_int_equal(insn.copy_to, 2);
	insn = decode(0x2a0003e1); /* mov w1, w0: not the whole register */
	assert_int_equal(insn.copy_to, 0);
	insn = decode(0xaa0003f3); /* mov x19, x0: no argument's */
	assert_int_equal(insn.copy_to, 0);
}

static void test_stub(void **state)
{
	/* adrp x16, .+0x3000; ldr x17, [x16, #0xff8]; add x16, x16, #0xff8; br x17 */
	uint32_t stub[] = { 0xf0000010, 0xf947fe11, 0x913fe210, 0xd61f0220 };
	struct insn insn;

	/* Of its page and the third behind that. */
	stub[0] = 0x90000010 | 3u << 29;
	assert_int_equal(
		insn_decoder__decode(decoder, (const uint8_t *)stub, sizeof(stub), AT, &insn), 0);
	assert_int_equal(insn.flow, INSN_JUMP);
	assert_int_equal(insn.len_bytes, 16);
	assert_int_equal(insn.slot, AT + 0x3000 + 0xff8);
	/* Another register: code like any other. */
	stub[3] = 0xd61f0200;
	assert_int_equal(
		insn_decoder__decode(decoder, (const uint8_t *)stub, sizeof(stub), AT, &insn), 0);
	assert_int_equal(insn.len_bytes, 4);
	assert_int_equal(insn.slot, 0);
}

static void test_what_is_none(void **state)
{
	const uint8_t code[] = { 0x1f, 0x20, 0x03, 0xd5 };
	/* A word that no decoder knows, with a length all the same: anything may be written. */
	struct insn insn = decode(0x1effffff);

	assert_true(insn.writes_sp);
	assert_int_equal(insn.args_written, 0xff);
	assert_int_equal(insn_decoder__decode(decoder, code, 3, AT, &insn), -EILSEQ);
	assert_int_equal(insn_decoder__decode(decoder, code, 4, AT + 2, &insn), -EILSEQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flow),         cmocka_unit_test(test_writes),
		cmocka_unit_test(test_copies),       cmocka_unit_test(test_stub),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
