// SPDX-License-Identifier: Apache-2.0
/*
 * The walker's own step (bpf/unwind_step.h), on the host. First each rule by itself, over a few
 * words of made-up stack; then stacks of this very program: registers and memory are saved deep in
 * a chain of calls and walked afterwards, with the tables that heaptap would load, against the
 * return addresses that the functions noted when they were entered.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf/elf_file.h"
#include "proc/proc_maps.h"
#include "proc/proc_open.h"
#include "unwind/unwind_table.h"

/* A piece of stack as it was. */
struct memory {
	uint64_t base;
	size_t bytes;
	const uint8_t *at;
};

static int memory_read(const struct memory *memory, uint64_t addr, unsigned long long *ret)
{
	if (addr < memory->base || addr - memory->base > memory->bytes ||
	    memory->bytes - (addr - memory->base) < sizeof(*ret))
		return 0;
	memcpy(ret, memory->at + (addr - memory->base), sizeof(*ret));
	return 1;
}

#define UNWIND_READ(ctx, addr, ret) memory_read((const struct memory *)(ctx), (addr), (ret))
#include "x86/unwind_step.h"

/* --- single rules --------------------------------------------------------------------------- */

#define BASE 0x7000u

static enum unwind_step_result step(struct unwind_regs *regs, uint32_t rule, const uint64_t *words,
				    size_t cnt)
{
	struct memory memory = { BASE, cnt * sizeof(*words), (const uint8_t *)words };

	return unwind_step(regs, rule, &memory);
}

#define STEP(regs, rule, words) step(regs, rule, words, sizeof(words) / sizeof((words)[0]))

static void expect_regs(const struct unwind_regs *regs, uint64_t pc, uint64_t sp, uint64_t fp)
{
	assert_int_equal(regs->pc, pc);
	assert_int_equal(regs->sp, sp);
	assert_int_equal(regs->fp, fp);
}

static void test_cfa_of_sp(void **state)
{
	const uint64_t words[] = { 1, 0xf00, 3, 0x1234, 5 };
	struct unwind_regs regs = { .pc = 9, .sp = BASE, .fp = 0xbb };

	/* The return address below the CFA, the frame pointer below that or not saved at all. */
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP, 3, 4), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 32, 0xf00);
	regs = (struct unwind_regs){ .pc = 9, .sp = BASE, .fp = 0xbb };
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP, 0, 4), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 32, 0xbb);
	regs = (struct unwind_regs){ .pc = 9, .sp = BASE, .fp = 0xbb };
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP, UNWIND_FP_LOST, 4), words),
			 UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 32, 0xbb);
}

static void test_cfa_of_fp(void **state)
{
	const uint64_t words[] = { 1, 2, 0xf00, 0x1234, 5 };
	struct unwind_regs regs = { .pc = 9, .sp = BASE, .fp = BASE + 16 };

	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FP, 2, 2), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 32, 0xf00);
}

static void test_cfa_in_memory(void **state)
{
	/* As a function with a realigned stack leaves it: fp at the saved fp, the CFA at fp - 8. */
	const uint64_t words[] = { 0, BASE + 40, 0xf00, 0, 0x1234, 0 };
	struct unwind_regs regs = { .pc = 9, .sp = BASE, .fp = BASE + 16 };

	assert_int_equal(STEP(&regs,
			      UNWIND_RULE(UNWIND_FP_DEREF, UNWIND_FP_CHAIN, UNWIND_DEREF(-1, 0)),
			      words),
			 UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 40, 0xf00);
	regs = (struct unwind_regs){ .pc = 9, .sp = BASE, .fp = 0xbb };
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP_DEREF, 0, UNWIND_DEREF(1, 0)), words),
			 UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 40, 0xbb);
}

static void test_plt(void **state)
{
	const uint64_t words[] = { 0x1111, 0x2222, 3 };
	struct unwind_regs regs = { .pc = 0x400020 + 5, .sp = BASE, .fp = 0xbb };

	/* Before and behind the push of a 16-byte stub. */
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_PLT, 0, 11), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1111, BASE + 8, 0xbb);
	regs = (struct unwind_regs){ .pc = 0x400020 + 11, .sp = BASE, .fp = 0xbb };
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_PLT, 0, 11), words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x2222, BASE + 16, 0xbb);
}

static void test_signal(void **state)
{
	uint64_t words[32] = {};
	struct unwind_regs regs = { .pc = 9, .sp = BASE, .fp = 0xbb };

	words[UCONTEXT_X86_BP / 8] = 0xf00;
	words[UCONTEXT_X86_SP / 8] = 0x5000; /* of another stack: below ours */
	words[UCONTEXT_X86_IP / 8] = 0x1234;
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SIGNAL, 0, 0), words), UNWIND_STEP_EXACT);
	expect_regs(&regs, 0x1234, 0x5000, 0xf00);
}

static void test_frame_pointer_guess(void **state)
{
	const uint64_t words[] = { 0, 0, BASE + 32, 0x1234, 0, 0 };
	const uint32_t none = UNWIND_RULE(UNWIND_NONE, 0, 0);
	struct unwind_regs regs = { .pc = 9, .sp = BASE, .fp = BASE + 16 };

	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 32, BASE + 32);
	/* A return address of 0, a frame pointer of 0: the outermost frame. */
	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_ROOT);
	regs.fp = 0;
	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_ROOT);
	/* What cannot be a frame pointer: odd, below the stack, far away. */
	regs.fp = BASE + 33;
	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_NO_ROW);
	regs.fp = BASE;
	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_NO_ROW);
	regs.fp = BASE + 32 + UNWIND_FP_FRAME_MAX + 8;
	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_NO_ROW);
	regs.fp = BASE + 4096;
	assert_int_equal(STEP(&regs, none, words), UNWIND_STEP_BAD_READ);
}

/* From the thread's stack to a goroutine's, which lies below it. */
static void test_record_on_another_stack(void **state)
{
	const uint64_t words[] = { 0, BASE + 24, 0x1234, 0xbb, 0x5678 };
	const uint32_t rule = UNWIND_RULE(UNWIND_FP_RECORD, 0, 0);
	struct unwind_regs regs = { .pc = 9, .sp = BASE + 0x100000000, .fp = BASE + 8 };

	assert_int_equal(STEP(&regs, rule, words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x1234, BASE + 24, BASE + 24);
	assert_int_equal(STEP(&regs, rule, words), UNWIND_STEP_OK);
	expect_regs(&regs, 0x5678, BASE + 40, 0xbb);
	assert_int_equal(STEP(&regs, rule, words), UNWIND_STEP_NO_ROW);
	regs.fp = 0;
	assert_int_equal(STEP(&regs, rule, words), UNWIND_STEP_ROOT);
}

static void test_ends(void **state)
{
	const uint64_t words[] = { 0, 0, 0, 0 };
	struct unwind_regs regs = { .pc = 9, .sp = BASE + 8, .fp = BASE };
	const struct unwind_regs before = regs;

	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_ROOT, 0, 0), words), UNWIND_STEP_ROOT);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP, 0, 2), words), UNWIND_STEP_ROOT);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_FP, 0, 1), words),
			 UNWIND_STEP_NOT_MONOTONIC);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP, 0, 0), words),
			 UNWIND_STEP_NOT_MONOTONIC);
	assert_int_equal(STEP(&regs, UNWIND_RULE(UNWIND_SP, 0, 500), words), UNWIND_STEP_BAD_READ);
	assert_int_equal(STEP(&regs, UNWIND_RULE(15, 0, 1), words), UNWIND_STEP_NO_ROW);
	assert_memory_equal(&regs, &before, sizeof(regs));
}

/* Whatever stands on a stack: each step goes up, or is one of the named ends. */
static void test_any_words(void **state)
{
	uint64_t words[64], seed = 1;
	struct unwind_regs regs;

	for (int round = 0; round < 20000; round++) {
		uint64_t sp;

		for (size_t i = 0; i < 64; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			words[i] = seed >> 62 ? BASE + (seed >> 40) % 600 : seed;
		}
		regs = (struct unwind_regs){ .pc = words[0], .sp = BASE, .fp = words[1] };
		for (size_t i = 2; i < 64; i++) {
			uint32_t rule = (uint32_t)words[i];

			/* Only the kernel and Go lead to another stack. */
			if (UNWIND_RULE_KIND(rule) == UNWIND_SIGNAL ||
			    UNWIND_RULE_KIND(rule) == UNWIND_FP_RECORD)
				continue;
			sp = regs.sp;
			if (STEP(&regs, rule, words) != UNWIND_STEP_OK)
				break;
			assert_true(regs.sp > sp);
		}
	}
}

/* --- stacks of this program ----------------------------------------------------------------- */

#define DEPTH_MAX  64
#define SAVE_BYTES (256u << 10)
#define FILES_MAX  256

static uintptr_t noted[DEPTH_MAX], kept[DEPTH_MAX];
static int depth, kept_cnt;
static uint8_t saved[SAVE_BYTES];
static struct memory stack;
static struct unwind_regs start;

struct mapped_file {
	uint64_t start, end, offset, ino;
	struct unwind_table *table;
};

static struct mapped_file files[FILES_MAX];
static size_t file_cnt;

#define NOTE (noted[depth++] = (uintptr_t)__builtin_return_address(0))
#define FN   static __attribute__((noipa))

/* The registers of the caller as they are once this has returned, and all the stack above. */
static __attribute__((noipa, no_sanitize("address"))) void save(uint64_t end)
{
	uint64_t *frame = __builtin_frame_address(0);

	start = (struct unwind_regs){ .pc = frame[1], .sp = (uint64_t)(frame + 2), .fp = frame[0] };
	stack = (struct memory){ .base = start.sp, .bytes = end - start.sp, .at = saved };
	if (stack.bytes > SAVE_BYTES)
		stack.bytes = SAVE_BYTES;
	for (size_t i = 0; i < stack.bytes; i++)
		saved[i] = ((const uint8_t *)start.sp)[i];
	memcpy(kept, noted, sizeof(kept));
	kept_cnt = depth;
}

static uint64_t stack_end;

FN void leaf(int unused)
{
	NOTE;
	save(stack_end);
	depth--;
}

FN void on_signal(int sig)
{
	NOTE;
	leaf(sig);
	depth--;
}

FN void through_signal(void)
{
	NOTE;
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	depth--;
}

FN int compare(const void *a, const void *b)
{
	NOTE;
	if (!start.pc)
		leaf(0);
	depth--;
	return *(const int *)a - *(const int *)b;
}

FN void through_qsort(void)
{
	int numbers[] = { 2, 1, 3 };

	NOTE;
	qsort(numbers, 3, sizeof(int), compare);
	depth--;
}

FN void recurse(int n, void (*then)(void))
{
	char room[2000];

	NOTE;
	__asm__ volatile("" : : "r"(room) : "memory");
	if (n)
		recurse(n - 1, then);
	else
		then();
	depth--;
}

FN void plain(void)
{
	NOTE;
	leaf(1);
	depth--;
}

static void load_tables(void)
{
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;

	assert_int_equal(proc_maps__open(&maps, getpid()), 0);
	while (proc_maps__next(&maps, &map)) {
		struct elf_file *elf __free(elf_file) = NULL;
		struct mapped_file *file = &files[file_cnt];
		int fd;

		if (!strcmp(map.path, "[stack]"))
			stack_end = map.end;
		if (!(map.perms & PROC_MAP_EXEC) || !map.ino)
			continue;
		assert_true(file_cnt < FILES_MAX);
		*file = (struct mapped_file){ map.start, map.end, map.offset, map.ino, NULL };
		assert_int_equal(proc_map_open(getpid(), &map, &fd), 0);
		assert_int_equal(elf_file__open_fd(fd, &elf), 0);
		assert_true(unwind_table__build(elf, 0, &file->table) >= 0);
		close(fd);
		file_cnt++;
	}
}

static uint32_t rule_of(uint64_t pc)
{
	for (size_t i = 0; i < file_cnt; i++)
		if (pc >= files[i].start && pc < files[i].end && files[i].table)
			return unwind_table__find(files[i].table,
						  pc - files[i].start + files[i].offset);
	return UNWIND_RULE(UNWIND_NONE, 0, 0);
}

/* Walk what was saved, as bpf/walk.bpf.c does. How many of the kept addresses were met, in order. */
static int walk(void)
{
	enum unwind_step_result result = UNWIND_STEP_OK;
	struct unwind_regs regs = start;
	int met = 0, frames = 0;

	while (result == UNWIND_STEP_OK || result == UNWIND_STEP_EXACT) {
		if (met < kept_cnt && regs.pc == kept[kept_cnt - 1 - met])
			met++;
		regs.pc -= result == UNWIND_STEP_OK;
		result = unwind_step(&regs, rule_of(regs.pc), &stack);
		assert_true(++frames < 1024);
	}
	assert_int_equal(result, UNWIND_STEP_ROOT);
	return met;
}

static void check_walk(void (*then)(void), int levels, int noted_cnt)
{
	start.pc = 0;
	depth = 0;
	recurse(levels, then);
	assert_int_equal(depth, 0);
	assert_true(start.pc);
	assert_int_equal(kept_cnt, noted_cnt);
	assert_int_equal(walk(), noted_cnt);
}

static void test_saved_stacks(void **state)
{
	if (!file_cnt)
		load_tables();
	assert_true(stack_end);
	/* recurse() times levels + 1, then what follows it. */
	check_walk(plain, 0, 1 + 2);
	check_walk(plain, 30, 31 + 2);
	check_walk(through_qsort, 3, 4 + 3);
	check_walk(through_signal, 3, 4 + 3);
	check_walk(through_signal, 20, 21 + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cfa_of_sp),
		cmocka_unit_test(test_cfa_of_fp),
		cmocka_unit_test(test_cfa_in_memory),
		cmocka_unit_test(test_plt),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_frame_pointer_guess),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_any_words),
		cmocka_unit_test(test_saved_stacks),
		cmocka_unit_test(test_record_on_another_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
