// SPDX-License-Identifier: Apache-2.0
/* Call frame instructions by hand, against what DWARF 5 section 6.4.2 says that they do. */
#include "unwind/cfi_program.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "unwind/cfi_rule.h"

#define START 0x1000
#define LEN   100

#define SPAN(bytes) ((struct elf_span){ (const uint8_t *)(bytes), sizeof(bytes) - 1 })
/* def_cfa rsp+8; offset ra at cfa-8 */
#define USUAL       "\x0c\x07\x08\x90\x01"

struct fixture {
	struct cfi_section section;
	struct cfi_budget budget;
	struct cfi_context ctx;
	struct cfi_run run;
};

static int fixture_init(struct fixture *f, struct elf_span cie_program)
{
	struct cfi_cie cie = { .code_align = 1, .data_align = -8, .ra_reg = 16 };

	memset(f, 0, sizeof(*f));
	cie.program = cie_program;
	f->budget.ops = 1000;
	return cfi_context_init(&f->section, &unwind_arch_x86.machine, &cie, &f->budget, &f->ctx);
}

/* Run @program for [START, START + LEN); the rule words of its pieces and where they start. The
 * last result of cfi_run__next() is returned: 0 or an error. */
static int run_program(struct elf_span program, uint64_t starts[], uint32_t rules[],
		       size_t *ret_cnt)
{
	const struct cfi_fde fde = { .program = program, .vaddr = START, .len_bytes = LEN };
	enum unwind_none_reason reason;
	struct cfi_piece piece;
	struct fixture f;
	uint64_t pos = START;
	int more;

	assert_int_equal(fixture_init(&f, SPAN(USUAL)), 0);
	cfi_run__init(&f.run, &f.ctx, &fde, &f.budget);
	for (*ret_cnt = 0; (more = cfi_run__next(&f.run, &piece)) > 0; ++*ret_cnt) {
		assert_int_equal(piece.vaddr, pos);
		assert_true(piece.vaddr_end > piece.vaddr && piece.vaddr_end <= START + LEN);
		pos = piece.vaddr_end;
		starts[*ret_cnt] = piece.vaddr - START;
		rules[*ret_cnt] = unwind_arch_x86.rule(&f.ctx, piece.state, &reason);
	}
	assert_int_equal(cfi_run__vaddr(&f.run), pos);
	if (!more)
		assert_int_equal(pos, START + LEN);
	return more;
}

#define SP(off, fp) UNWIND_RULE(UNWIND_SP, fp, (off) / 8)
#define FP(off, fp) UNWIND_RULE(UNWIND_FP, fp, (off) / 8)
#define KIND(kind)  UNWIND_RULE(kind, 0, 0)

struct want {
	uint64_t start;
	uint32_t rule;
};

#define CHECK(program, ...)                                                                        \
	do {                                                                                       \
		const struct want want[] = { __VA_ARGS__ };                                        \
		size_t want_cnt = sizeof(want) / sizeof(want[0]), cnt;                             \
		uint64_t starts[32];                                                               \
		uint32_t rules[32];                                                                \
		assert_int_equal(run_program(SPAN(program), starts, rules, &cnt), 0);              \
		assert_int_equal(cnt, want_cnt);                                                   \
		for (size_t i = 0; i < cnt; i++) {                                                 \
			assert_int_equal(starts[i], want[i].start);                                \
			assert_int_equal(rules[i], want[i].rule);                                  \
		}                                                                                  \
	} while (0)

static void test_no_program(void **state)
{
	CHECK("", { 0, SP(8, 0) });
	CHECK("\0\0\0", { 0, SP(8, 0) });
}

static void test_push_rbp_mov_rsp_rbp(void **state)
{
	/* advance 1; def_cfa_offset 16; offset rbp at cfa-16; advance 3; def_cfa_register rbp;
	 * advance1 40; restore rbp; def_cfa rsp+8 */
	CHECK("\x41\x0e\x10\x86\x02\x43\x0d\x06\x02\x28\xc6\x0c\x07\x08", { 0, SP(8, 0) },
	      { 1, SP(16, 2) }, { 4, FP(16, 2) }, { 44, SP(8, 0) });
}

static void test_every_advance(void **state)
{
	CHECK("\x41\x0e\x10\x02\x01\x0e\x18\x03\x01\0\x0e\x20\x04\x01\0\0\0\x0e\x28"
	      "\x1d\x01\0\0\0\0\0\0\0\x0e\x30",
	      { 0, SP(8, 0) }, { 1, SP(16, 0) }, { 2, SP(24, 0) }, { 3, SP(32, 0) },
	      { 4, SP(40, 0) }, { 5, SP(48, 0) });
	/* set_loc START + 9, absolute */
	CHECK("\x01\x09\x10\0\0\0\0\0\0\x0e\x10", { 0, SP(8, 0) }, { 9, SP(16, 0) });
	/* an advance of nothing adds to the same piece */
	CHECK("\x40\x0e\x10\x40\x86\x02", { 0, SP(16, 2) });
}

static void test_advance_beyond_the_function(void **state)
{
	CHECK("\x02\xff\x0e\x10", { 0, SP(8, 0) });
	CHECK("\x02\x64\x0e\x10", { 0, SP(8, 0) });
	CHECK("\x02\x63\x0e\x10", { 0, SP(8, 0) }, { 99, SP(16, 0) });
}

static void test_remember_and_restore(void **state)
{
	/* push rbp; remember; early return pops it; restore; push another */
	CHECK("\x41\x0e\x10\x86\x02\x0a\x41\xc6\x0e\x08\x41\x0b\x41\x0e\x18", { 0, SP(8, 0) },
	      { 1, SP(16, 2) }, { 2, SP(8, 0) }, { 3, SP(16, 2) }, { 4, SP(24, 2) });
	/* nested */
	CHECK("\x0a\x0e\x10\x0a\x0e\x18\x41\x0b\x41\x0b", { 0, SP(24, 0) }, { 1, SP(16, 0) },
	      { 2, SP(8, 0) });
}

static void test_cfa_forms(void **state)
{
	/* def_cfa_sf rsp, -2 * -8; def_cfa_offset_sf -3 * -8 */
	CHECK("\x12\x07\x7e\x41\x13\x7d", { 0, SP(16, 0) }, { 1, SP(24, 0) });
	/* a register not followed, then back */
	CHECK("\x0c\x0a\x00\x41\x0d\x07\x0e\x08", { 0, KIND(UNWIND_NONE) }, { 1, SP(8, 0) });
	/* odd, negative, too large */
	CHECK("\x0e\x0c", { 0, KIND(UNWIND_NONE) });
	CHECK("\x13\x01", { 0, KIND(UNWIND_NONE) });
	CHECK("\x0e\x80\x80\x80\x04", { 0, KIND(UNWIND_NONE) });
	CHECK("\x0e\xf8\xff\xff\x03", { 0, SP(0x7ffff8, 0) });
}

static void test_where_the_frame_pointer_is(void **state)
{
	CHECK("\x05\x06\x02", { 0, SP(8, 2) });              /* offset_extended */
	CHECK("\x11\x06\x03", { 0, SP(8, 3) });              /* offset_extended_sf 3 * -8 */
	CHECK("\x11\x06\x7f", { 0, SP(8, UNWIND_FP_LOST) }); /* above the CFA */
	CHECK("\x2f\x06\x02",
	      { 0, SP(8, UNWIND_FP_LOST) }); /* negative_offset_extended: the same */
	CHECK("\x05\x06\xfd\x01", { 0, SP(8, 253) });
	CHECK("\x05\x06\xfe\x01", { 0, SP(8, UNWIND_FP_LOST) }); /* too far below it */
	CHECK("\x14\x06\x02", { 0, SP(8, UNWIND_FP_LOST) });     /* val_offset */
	CHECK("\x15\x06\x02", { 0, SP(8, UNWIND_FP_LOST) });     /* val_offset_sf */
	CHECK("\x07\x06", { 0, SP(8, UNWIND_FP_LOST) });         /* undefined */
	CHECK("\x09\x06\x09", { 0, SP(8, UNWIND_FP_LOST) });     /* in r9 */
	CHECK("\x09\x06\x09\x41\x08\x06", { 0, SP(8, UNWIND_FP_LOST) }, { 1, SP(8, 0) });
	CHECK("\x86\x02\x41\x06\x06", { 0, SP(8, 2) }, { 1, SP(8, 0) }); /* restore_extended */
	CHECK("\x10\x06\x02\x76\x00", { 0, SP(8, UNWIND_FP_CHAIN) });    /* at breg6 + 0 */
	CHECK("\x10\x06\x02\x76\x08", { 0, SP(8, UNWIND_FP_LOST) });
	CHECK("\x16\x06\x02\x76\x00", { 0, SP(8, UNWIND_FP_LOST) }); /* val_expression */
	CHECK("\x8c\x02\xcc\x05\x20\x02\x07\x03", { 0, SP(8, 0) });  /* other registers */
}

static void test_where_the_return_address_is(void **state)
{
	CHECK("\x07\x10", { 0, KIND(UNWIND_ROOT) });
	CHECK("\x09\x10\x05", { 0, KIND(UNWIND_NONE) });
	CHECK("\x90\x02", { 0, KIND(UNWIND_NONE) });
	CHECK("\x10\x10\x02\x77\x00", { 0, KIND(UNWIND_NONE) });
	CHECK("\x08\x10", { 0, KIND(UNWIND_NONE) });
}

static void test_where_the_stack_pointer_is(void **state)
{
	CHECK("\x14\x07\x00", { 0, SP(8, 0) });
	CHECK("\x14\x07\x01", { 0, KIND(UNWIND_NONE) });
	CHECK("\x09\x07\x08", { 0, KIND(UNWIND_NONE) });
}

static void test_expressions(void **state)
{
	/* breg6 -8; deref: a function that realigned its stack */
	CHECK("\x0f\x03\x76\x78\x06\x10\x06\x02\x76\x00",
	      { 0, UNWIND_RULE(UNWIND_FP_DEREF, UNWIND_FP_CHAIN, UNWIND_DEREF(-1, 0)) });
	/* breg7 56; deref; plus_uconst 8, and lit8; plus */
	CHECK("\x0f\x05\x77\x38\x06\x23\x08",
	      { 0, UNWIND_RULE(UNWIND_SP_DEREF, 0, UNWIND_DEREF(7, 1)) });
	CHECK("\x0f\x05\x77\x38\x06\x38\x22",
	      { 0, UNWIND_RULE(UNWIND_SP_DEREF, 0, UNWIND_DEREF(7, 1)) });
	/* the PLT's, with the push behind byte 11 and 10 */
	CHECK("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22",
	      { 0, UNWIND_RULE(UNWIND_PLT, 0, 11) });
	CHECK("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3a\x2a\x33\x24\x22",
	      { 0, UNWIND_RULE(UNWIND_PLT, 0, 10) });
	/* breg7 16 */
	CHECK("\x0f\x02\x77\x10", { 0, SP(16, 0) });
	/* breg3 16; deref of rax; unfinished; trailing; odd */
	CHECK("\x0f\x02\x73\x10", { 0, KIND(UNWIND_NONE) });
	CHECK("\x0f\x03\x70\x00\x06", { 0, KIND(UNWIND_NONE) });
	CHECK("\x0f\x04\x77\x00\x06\x23", { 0, KIND(UNWIND_NONE) });
	CHECK("\x0f\x04\x77\x00\x06\x06", { 0, KIND(UNWIND_NONE) });
	CHECK("\x0f\x03\x77\x04\x06", { 0, KIND(UNWIND_NONE) });
	CHECK("\x0f\x00", { 0, KIND(UNWIND_NONE) });
	/* an expression, then a register again */
	CHECK("\x0f\x03\x76\x78\x06\x41\x0c\x07\x08",
	      { 0, UNWIND_RULE(UNWIND_FP_DEREF, 0, UNWIND_DEREF(-1, 0)) }, { 1, SP(8, 0) });
}

static void test_ignored(void **state)
{
	CHECK("\x2e\x10\x41\x2d\x2c\x2b\x01\x02\x41\x0e\x10", { 0, SP(8, 0) }, { 1, SP(8, 0) },
	      { 2, SP(16, 0) });
}

static void check_broken(struct elf_span program, size_t pieces_before)
{
	uint64_t starts[32];
	uint32_t rules[32];
	size_t cnt;

	assert_int_equal(run_program(program, starts, rules, &cnt), -EBADMSG);
	assert_int_equal(cnt, pieces_before);
}

static void test_broken(void **state)
{
	check_broken(SPAN("\x41\x26"), 1); /* unknown instructions have an unknown length */
	check_broken(SPAN("\x0b"), 0);     /* nothing to restore */
	check_broken(SPAN("\x0c\x07"), 0); /* cut */
	check_broken(SPAN("\x04\x01"), 0);
	check_broken(SPAN("\x0f\x7f\x77"), 0); /* a longer expression than there are bytes */
	check_broken(SPAN("\x42\x01\x01\x10\0\0\0\0\0\0"), 1); /* set_loc backwards */
	check_broken(SPAN("\x0e\x80"), 0);                     /* uleb128 without an end */
}

static void test_remember_too_deep(void **state)
{
	char program[CFI_REMEMBER_MAX + 1];

	memset(program, 0x0a, sizeof(program));
	check_broken((struct elf_span){ (const uint8_t *)program, sizeof(program) }, 0);
}

static void test_budget(void **state)
{
	const struct cfi_fde fde = { .program = SPAN("\0\0\0\0"), .vaddr = START, .len_bytes = 1 };
	struct cfi_piece piece;
	struct fixture f;

	assert_int_equal(fixture_init(&f, SPAN(USUAL)), 0);
	f.budget.ops = 3;
	cfi_run__init(&f.run, &f.ctx, &fde, &f.budget);
	assert_int_equal(cfi_run__next(&f.run, &piece), -E2BIG);
	f.budget.ops = 4;
	cfi_run__init(&f.run, &f.ctx, &fde, &f.budget);
	assert_int_equal(cfi_run__next(&f.run, &piece), 1);
	assert_int_equal(cfi_run__next(&f.run, &piece), 0);
	assert_int_equal(f.budget.ops, 0);
}

static void test_broken_cie_program(void **state)
{
	struct fixture f;

	assert_int_equal(fixture_init(&f, SPAN("\x0c\x07")), -EBADMSG);
	assert_int_equal(fixture_init(&f, SPAN("\x3f")), -EBADMSG);
}

static uint32_t arm64_rule(struct elf_span program)
{
	struct cfi_cie cie = {
		.program = program, .code_align = 4, .data_align = -8, .ra_reg = 30
	};
	struct cfi_budget budget = { 100 };
	enum unwind_none_reason reason;
	struct cfi_section section = {};
	struct cfi_context ctx;

	assert_int_equal(
		cfi_context_init(&section, &unwind_arch_arm64.machine, &cie, &budget, &ctx), 0);
	return unwind_arch_arm64.rule(&ctx, &ctx.initial, &reason);
}

static void test_arm64(void **state)
{
	/* def_cfa sp+0; + offsets: x29 is register 29, lr 30 */
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x00")), UNWIND_RULE(UNWIND_LR, 0, 0));
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x20")), UNWIND_RULE(UNWIND_LR, 0, 4));
	/* stp x29, x30, [sp, #-32]!: x29 at cfa-32, x30 at cfa-24 */
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x20\x9d\x04\x9e\x03\x2d")),
			 UNWIND_RULE(UNWIND_FRAME, 4, 4));
	assert_int_equal(arm64_rule(SPAN("\x0c\x1d\x20\x9d\x04\x9e\x03")),
			 UNWIND_RULE(UNWIND_FP_FRAME, 4, 4));
	/* frames over 2 KiB: the record is near sp, or where x29 points: sp+2192, x29 at cfa-2176
	 */
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x90\x11\x9d\x90\x02\x9e\x8f\x02")),
			 UNWIND_RULE(UNWIND_FRAME_SP, 2, 274));
	assert_int_equal(arm64_rule(SPAN("\x0c\x1d\x80\x11\x9d\x90\x02\x9e\x8f\x02")),
			 UNWIND_RULE(UNWIND_FP_FRAME, UNWIND_FP_CHAIN, 272));
	assert_int_equal(arm64_rule(SPAN("\x0c\x1d\x90\x11\x9d\x90\x02\x9e\x8f\x02")),
			 KIND(UNWIND_NONE));
	/* str x30, [sp, #-16]! */
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x10\x9e\x02")),
			 UNWIND_RULE(UNWIND_LR_SAVED, 2, 2));
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x90\x11\x9e\x90\x02")),
			 UNWIND_RULE(UNWIND_LR_SAVED_SP, 2, 274));
	/* lr not beside x29; undefined; in a register; lr alone but CFA by x29 */
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x20\x9d\x04\x9e\x01")), KIND(UNWIND_NONE));
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x20\x07\x1e")), KIND(UNWIND_ROOT));
	assert_int_equal(arm64_rule(SPAN("\x0c\x1f\x20\x09\x1e\x01")), KIND(UNWIND_NONE));
	assert_int_equal(UNWIND_RULE_KIND(arm64_rule(SPAN("\x0c\x1d\x10\x9e\x02"))), UNWIND_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_push_rbp_mov_rsp_rbp),
		cmocka_unit_test(test_every_advance),
		cmocka_unit_test(test_advance_beyond_the_function),
		cmocka_unit_test(test_remember_and_restore),
		cmocka_unit_test(test_cfa_forms),
		cmocka_unit_test(test_where_the_frame_pointer_is),
		cmocka_unit_test(test_where_the_return_address_is),
		cmocka_unit_test(test_where_the_stack_pointer_is),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_remember_too_deep),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_broken_cie_program),
		cmocka_unit_test(test_arm64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
