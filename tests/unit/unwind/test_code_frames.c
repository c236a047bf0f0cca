// SPDX-License-Identifier: Apache-2.0
/* Small functions, assembled by hand; the rules at their instructions. Each starts where the one
 * before ends. */
#include "unwind/code_frames.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "abi/unwind.h"
#include "elf/elf_file.h"
#include "harness/elf_image.h"

#define SP(bytes)           UNWIND_RULE(UNWIND_SP, 0, (bytes) / 8)
#define SP_SAVED(bytes, fp) UNWIND_RULE(UNWIND_SP, (fp) / 8, (bytes) / 8)
#define FP_SAVED(bytes, fp) UNWIND_RULE(UNWIND_FP, (fp) / 8, (bytes) / 8)
#define NONE                UNWIND_RULE(UNWIND_NONE, 0, 0)

#define PUSH_RBX    "\x53"
#define POP_RBX     "\x5b"
#define PUSH_RBP    "\x55"
#define POP_RBP     "\x5d"
#define SUB_16      "\x48\x83\xec\x10"
#define ADD_16      "\x48\x83\xc4\x10"
#define MOV_RSP_RBP "\x48\x89\xe5"
#define LEAVE       "\xc9"
#define RET         "\xc3"
#define CALL_NEXT   "\xe8\0\0\0\0"
#define CALL_FAR    "\xe8\0\0\0\x10"
#define NOP         "\x90"

struct want {
	uint64_t at;
	uint32_t rule;
};

static void check(const char *text, size_t len, const struct want *want, size_t cnt)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct code_frames *frames __free(code_frames) = NULL;
	struct elf_file *elf __free(elf_file) = NULL;
	uint64_t off = elf_image__next_off(image), vaddr = elf_image__next_vaddr(image), end;
	uint8_t *bytes;
	size_t image_len;

	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, len);
	bytes = elf_image__finish(image, 1, &image_len);
	assert_int_equal(elf_file__open_mem(bytes, image_len, &elf), 0);
	assert_int_equal(code_frames__new(elf, &frames), 0);
	assert_int_equal(code_frames__rule(frames, off, off + len, &end), NONE);
	assert_int_equal(code_frames__study(frames, off, off + len, vaddr), 0);
	for (size_t i = 0; i < cnt; i++) {
		assert_int_equal(code_frames__rule(frames, off + want[i].at, off + len, &end),
				 want[i].rule);
		if (i + 1 < cnt)
			assert_int_equal(end - off, want[i + 1].at);
	}
	/* What was not studied. */
	assert_int_equal(code_frames__rule(frames, off + len, off + len + 5, &end), NONE);
	assert_int_equal(end, off + len + 5);
	assert_int_equal(code_frames__rule(frames, off - 3, off + len, &end), NONE);
	assert_int_equal(end, off);
}

#define CHECK(text, ...)                                                                           \
	do {                                                                                       \
		const struct want want_[] = { __VA_ARGS__ };                                       \
		check(text, sizeof(text) - 1, want_, sizeof(want_) / sizeof(want_[0]));            \
	} while (0)

static void test_pushes(void **state)
{
	CHECK(PUSH_RBX SUB_16 CALL_FAR ADD_16 POP_RBX RET, { 0, SP(8) }, { 1, SP(16) },
	      { 5, SP(32) }, { 14, SP(16) }, { 15, SP(8) });
}

static void test_frame_pointer(void **state)
{
	/* saved and used as one; sub %rax,%rsp: only the frame pointer knows then */
	CHECK(PUSH_RBP MOV_RSP_RBP "\x48\x29\xc4" CALL_FAR LEAVE RET, { 0, SP(8) },
	      { 1, SP_SAVED(16, 16) }, { 4, FP_SAVED(16, 16) }, { 13, SP(8) });
	/* saved to be used for other things: xor %ebp,%ebp */
	CHECK(PUSH_RBP "\x31\xed" CALL_FAR POP_RBP RET, { 0, SP(8) }, { 1, SP_SAVED(16, 16) },
	      { 9, SP(8) });
	/* changed and not saved: such a function cannot give it back */
	CHECK("\x31\xed" RET, { 0, NONE });
}

/* je over a nop: both ways meet in the same state. */
static void test_branches(void **state)
{
	CHECK(PUSH_RBX "\x74\x01" NOP POP_RBX RET, { 0, SP(8) }, { 1, SP(16) }, { 5, SP(8) });
	/* backwards: a loop */
	CHECK(PUSH_RBX NOP "\x75\xfd" POP_RBX RET, { 0, SP(8) }, { 1, SP(16) }, { 5, SP(8) });
	/* over the pop: the states differ */
	CHECK(PUSH_RBX "\x74\x01" POP_RBX RET, { 0, NONE });
}

static void test_without_proof(void **state)
{
	/* returns with the stack changed */
	CHECK(PUSH_RBX RET, { 0, NONE });
	/* leaves for nowhere, and nobody says that it is a function */
	CHECK(PUSH_RBX "\x0f\x0b", { 0, NONE });
	/* a frame that cannot be followed: mov %rax,%rsp */
	CHECK(PUSH_RBX "\x48\x89\xc4" CALL_FAR RET, { 0, NONE });
	/* no instruction */
	CHECK(PUSH_RBX "\x06" POP_RBX RET, { 0, NONE });
}

static void test_called_needs_no_proof(void **state)
{
	/* call what follows, ret; push, ud2 */
	CHECK("\xe8\1\0\0\0" RET PUSH_RBX "\x0f\x0b", { 0, SP(8) }, { 7, SP(16) });
}

/* call abort (that does not return); then the next function, which is called at the end. */
static void test_noreturn_before_a_function(void **state)
{
	CHECK(SUB_16 CALL_FAR PUSH_RBX CALL_FAR POP_RBX RET "\xe8\xf3\xff\xff\xff" RET, { 0, NONE },
	      { 9, SP(8) }, { 10, SP(16) }, { 16, SP(8) });
}

/*
 *	push %rbx; test: je A; push %rbx; call abort; A: pop %rbx; ret
 * The way over the call comes first to A, and is wrong.
 */
static void test_noreturn_before_a_branch_target(void **state)
{
	CHECK(PUSH_RBX "\x74\x06" PUSH_RBX CALL_FAR POP_RBX RET, { 0, SP(8) }, { 1, SP(16) },
	      { 4, SP(24) }, { 9, SP(16) }, { 10, SP(8) });
}

static void test_switch(void **state)
{
	/* push; jmp *%rax; first case: pop, ret; second case: nop, pop, ret */
	CHECK(PUSH_RBX "\xff\xe0" POP_RBX RET NOP POP_RBX RET, { 0, SP(8) }, { 1, SP(16) },
	      { 4, SP(8) }, { 5, SP(16) }, { 7, SP(8) });
}

static void test_tail_call(void **state)
{
	CHECK(PUSH_RBX POP_RBX "\xe9\0\0\0\x10", { 0, SP(8) }, { 1, SP(16) }, { 2, SP(8) });
	CHECK(PUSH_RBX "\xe9\0\0\0\x10", { 0, NONE });
}

static void test_not_for(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_AARCH64);
	struct elf_file *elf __free(elf_file) = NULL;
	struct code_frames *frames = NULL;
	uint8_t *bytes;
	size_t len;

	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, RET, 1);
	bytes = elf_image__finish(image, 1, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(code_frames__new(elf, &frames), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pushes),
		cmocka_unit_test(test_frame_pointer),
		cmocka_unit_test(test_branches),
		cmocka_unit_test(test_without_proof),
		cmocka_unit_test(test_called_needs_no_proof),
		cmocka_unit_test(test_noreturn_before_a_function),
		cmocka_unit_test(test_noreturn_before_a_branch_target),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_tail_call),
		cmocka_unit_test(test_not_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
