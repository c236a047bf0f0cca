// SPDX-License-Identifier: Apache-2.0
/*
 * The walker's step for arm64 (bpf/arm64/unwind_step.h), on any host: each rule by itself, over a few
 * words of made-up stack; then a made-up stack of the functions of frames-arm64.so, which gcc laid
 * out (make-frames-arm64), with the table that heaptap would load.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "elf/elf_file.h"
#include "elf/elf_syms.h"
#include "unwind/unwind_table.h"

/* A piece of stack. */
struct memory {
	uint64_t base;
	size_t cnt;
	const uint64_t *words;
};

static int memory_read(const struct memory *memory, uint64_t addr, unsigned long long *ret)
{
	uint64_t index = (addr - memory->base) / 8;

	if (addr < memory->base || addr % 8 || index >= memory->cnt)
		return 0;
	*ret = memory->words[index];
	return 1;
}

#define UNWIND_READ(ctx, addr, ret) memory_read((const struct memory *)(ctx), (addr), (ret))
#include "arm64/unwind_step.h"

#define BASE   0x7000u
/* 48-bit addresses: what is above is a signature. */
#define MASK   ((1ull << 48) - 1)
#define SIGNED 0x002b000000000000ull

static enum unwind_step_result step(struct unwind_regs *regs, uint32_t rule, const uint64_t *words,
				    size_t cnt)
{
	struct memory memory = { BASE, cnt, words };

	return unwind_step(regs, rule, &memory);
}

#define STEP(regs, rule, words) step(regs, rule, words, sizeof(words) / sizeof((words)[0]))
#define REGS(...)               ((struct unwind_regs){ .addr_mask = MASK, __VA_ARGS__ })

static void expect_regs(const struct unwind_regs *regs, uint64_t pc, uint64_t sp, uint64_t fp)
{
	assert_int_equal(regs->pc, pc);
	assert_int_equal(regs->sp, sp);
	assert_int_equal(regs->fp, fp);
	assert_int_equal(regs->lr, 0);
}

/* --- single rules --------------------------------------------------------------------------- */

static void test_frame_record(void **state)
{
	const uint64_t words[] = { 1, 2, 0xf00, 0x1234 | SIGNED, 5, 6 };
	struct unwind_regs regs = REGS(.sp = BASE, .fp = 0xbb);

	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME, 4, 6), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 48, 0xf00);
	regs = REGS(.sp = BASE, .fp = 0xbb);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME_SP, 2, 600), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 4800, 0xf00);
	regs = REGS(.sp = BASE, .fp = BASE + 16);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FP_FRAME, 4, 4), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 48, 0xf00);
	regs = REGS(.sp = BASE, .fp = BASE + 16);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FP_FRAME, UNWIND_FP_CHAIN, 600), words),
			 UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 16 + 4800, 0xf00);
}

static void test_return_address_alone(void **state)
{
	const uint64_t words[] = { 1, 2, 0x1234, 4 };
	struct unwind_regs regs = REGS(.sp = BASE, .fp = 0xbb);

	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_LR_SAVED, 2, 4), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 32, 0xbb);
	regs = REGS(.sp = BASE, .fp = 0xbb);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_LR_SAVED_SP, 2, 600), words),
			 UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 4800, 0xbb);
}

static void test_leaf(void **state)
{
	const uint64_t words[] = { 0xf00, 2, BASE + 48, 0x1234, 5, 6 };
	struct unwind_regs regs = REGS(.sp = BASE, .fp = 0xbb, .lr = 0x1234);

	/* Interrupted: x30 is known. It may not have moved the stack pointer at all. */
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_LR, 0, 0), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE, 0xbb);
	regs = REGS(.sp = BASE, .fp = 0xbb, .lr = 0x1234);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_LR, 2, 2), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 16, 0xf00);
	/* It has called on: by the frame pointer, then. */
	regs = REGS(.sp = BASE, .fp = BASE + 16);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_LR, 0, 0), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 32, BASE + 48);
	assert_true(regs.sp_is_guess);
}

static void test_guessed_stack_pointer(void **state)
{
	/* The record is at the lower end of its frame: the caller's begins who knows where above it. */
	const uint64_t words[] = { 0, BASE + 32, 0x1111, 0, BASE + 56, 0x2222, 0, 0, 0x3333, 0 };
	const uint32_t none = UNWIND_RULE(UNWIND_NONE, 0, 0);
	struct unwind_regs regs = REGS(.sp = BASE, .fp = BASE + 8);

	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1111, BASE + 24, BASE + 32);
	assert_true(regs.sp_is_guess);
	/* A signal's frame is not looked for by a guess; rules with a record give sp back. */
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SIGNAL, 0, 0), words), UNWIND_STEP_NO_ROW);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME, 3, 7), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x2222, BASE + 32 + 24, BASE + 56);
	assert_false(regs.sp_is_guess);
	regs = REGS(.sp = BASE + 24, .fp = BASE + 32, .sp_is_guess = 1);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME_SP, 1, 4), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x2222, BASE + 32 - 8 + 32, BASE + 56);
	/* Without a record, it is believed. */
	regs = REGS(.sp = BASE + 24, .fp = 0xbb, .sp_is_guess = 1);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_LR_SAVED, 1, 3), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x2222, BASE + 48, 0xbb);
	regs = REGS(.sp = BASE + 24, .fp = BASE + 8, .sp_is_guess = 1);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME, 3, 7), words), UNWIND_STEP_NO_ROW);
}

static void test_signal(void **state)
{
	uint64_t words[80] = {};
	struct unwind_regs regs = REGS(.sp = BASE, .fp = 0xbb);

	words[SIGFRAME_ARM64_FP / 8] = 0xf00;
	words[SIGFRAME_ARM64_LR / 8] = 0x777;
	words[SIGFRAME_ARM64_SP / 8] = 0x5000; /* of another stack: below ours */
	words[SIGFRAME_ARM64_PC / 8] = 0x1234;
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SIGNAL, 0, 0), words), UNWIND_STEP_EXACT);
	assert_int_equal(regs.lr, 0x777);
	regs.lr = 0;
	expect_regs(&regs, 0x1234, 0x5000, 0xf00);
}

static void test_ends(void **state)
{
	const uint64_t words[] = { 0, 0, 0, 0 };
	struct unwind_regs regs = REGS(.sp = BASE, .fp = BASE + 16);

	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_ROOT, 0, 0), words), UNWIND_STEP_ROOT);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME, 2, 2), words), UNWIND_STEP_ROOT);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_NONE, 0, 0), words), UNWIND_STEP_ROOT);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME, 0, 0), words),
			 UNWIND_STEP_NOT_MONOTONIC);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FRAME, 2, 500), words),
			 UNWIND_STEP_BAD_READ);
	/* x86-64's. */
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP, 0, 2), words), UNWIND_STEP_NO_ROW);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_PLT, 0, 2), words), UNWIND_STEP_NO_ROW);
	regs.fp = 0;
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_NONE, 0, 0), words), UNWIND_STEP_ROOT);
	regs.fp = BASE - 16;
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_NONE, 0, 0), words), UNWIND_STEP_NO_ROW);
	/* The runtime's change of stacks: wherever it leads. */
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FP_RECORD, 0, 0), words),
			 UNWIND_STEP_BAD_READ);
}

/* --- what gcc makes ------------------------------------------------------------------------- */

#define LOADED_AT 0xaaaac0000000ull

static struct {
	struct elf_file *elf;
	struct unwind_table *table;
} lib;

static void open_library(void)
{
	int fd = open("tests/host/frames-arm64.so", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(elf_file__open_fd(fd, &lib.elf), 0);
	cleanup_fd(&fd);
	assert_int_equal(unwind_table__build(lib.elf, 0, &lib.table), 0);
}

static void close_library(void)
{
	unwind_table__free(lib.table);
	elf_file__free(lib.elf);
}

/* Where the only call of the function @name returns to; offset and address are the same in this file. */
static uint64_t behind_call_in(const char *name)
{
	struct elf_sym_iter it;
	struct elf_sym sym;
	uint32_t insn;

	assert_int_equal(elf_sym_iter__init(&it, lib.elf, SHT_DYNSYM), 0);
	while (elf_sym_iter__next(&it, &sym)) {
		if (strcmp(sym.name, name) != 0)
			continue;
		for (uint64_t off = sym.value; off < sym.value + sym.size_bytes; off += 4) {
			assert_int_equal(elf_file__read(lib.elf, off, &insn, sizeof(insn)), 0);
			if (insn >> 26 == 0x25) /* bl */
				return LOADED_AT + off + 4;
		}
	}
	fail_msg("no call in %s", name);
	return 0;
}

static uint32_t rule_at(uint64_t return_address)
{
	return unwind_table__find(lib.table, return_address - 1 - LOADED_AT);
}

static void test_rules_of_gcc(void **state)
{
	open_library();
	assert_int_equal(rule_at(behind_call_in("omitted")), UNWIND_RULE(UNWIND_LR_SAVED, 2, 4));
	assert_int_equal(rule_at(behind_call_in("frame")), UNWIND_RULE(UNWIND_FRAME, 4, 4));
	assert_int_equal(rule_at(behind_call_in("authenticated")), UNWIND_RULE(UNWIND_FRAME, 4, 4));
	assert_int_equal(rule_at(behind_call_in("large")), UNWIND_RULE(UNWIND_FRAME_SP, 0, 514));
	assert_int_equal(rule_at(behind_call_in("varying")), UNWIND_RULE(UNWIND_FP_FRAME, 2, 2));
	close_library();
}

#define LARGE_WORDS (4112 / 8)
#define ROOM_WORDS  10

/* From omitted() out: frame(), authenticated(), large(), varying(), and nobody. */
static void lay_stack(uint64_t *words)
{
	uint64_t varying = BASE + 8 * (12 + LARGE_WORDS + ROOM_WORDS);

	words[2] = behind_call_in("frame");
	words[4] = BASE + 8 * 8;
	words[5] = behind_call_in("authenticated");
	words[8] = BASE + 8 * 12;
	words[9] = behind_call_in("large") | SIGNED;
	words[12] = varying;
	words[13] = behind_call_in("varying");
}

#define STACK_WORDS (12 + LARGE_WORDS + ROOM_WORDS + 2)

static void expect_walk(struct unwind_regs *regs, const uint64_t *words, const char *const *names,
			size_t cnt)
{
	enum unwind_step_result result;
	uint32_t rule;

	for (size_t i = 0; i < cnt; i++) {
		assert_int_equal(regs->pc, behind_call_in(names[i]));
		rule = rule_at(regs->pc);
		regs->pc--;
		result = step(regs, rule, words, STACK_WORDS);
		assert_int_equal(result, i + 1 < cnt ? UNWIND_STEP_OK : UNWIND_STEP_ROOT);
	}
}

static void test_stack_of_gcc(void **state)
{
	static const char *const names[] = { "omitted", "frame", "authenticated", "large",
					     "varying" };
	uint64_t words[STACK_WORDS] = {};
	struct unwind_regs regs;

	open_library();
	lay_stack(words);
	regs = REGS(.pc = behind_call_in("omitted"), .sp = BASE, .fp = BASE + 8 * 4);
	expect_walk(&regs, words, names, 5);

	/* From a function without information below frame(): its record, and no stack pointer. */
	words[0] = BASE + 8 * 4;
	words[1] = behind_call_in("frame");
	regs = REGS(.pc = 0x1000, .sp = BASE, .fp = BASE);
	assert_int_equal(step(&regs, UNWIND_RULE(UNWIND_NONE, 0, 0), words, STACK_WORDS),
			 UNWIND_STEP_OK);
	expect_walk(&regs, words, names + 1, 4);
	close_library();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_record), cmocka_unit_test(test_return_address_alone),
		cmocka_unit_test(test_leaf),         cmocka_unit_test(test_guessed_stack_pointer),
		cmocka_unit_test(test_signal),       cmocka_unit_test(test_ends),
		cmocka_unit_test(test_rules_of_gcc), cmocka_unit_test(test_stack_of_gcc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
