// SPDX-License-Identifier: Apache-2.0
#include "unwind/code_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness/elf_image.h"

struct fixture {
	struct elf_image *image;
	struct elf_file *elf;
	struct code_window *code;
	uint64_t off, vaddr;
};

static void fixture_init(struct fixture *f, uint16_t machine, const void *text, size_t len)
{
	uint8_t *bytes;
	size_t image_len;

	f->image = elf_image__new(machine);
	f->off = elf_image__next_off(f->image);
	f->vaddr = elf_image__next_vaddr(f->image);
	elf_image__section(f->image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, len);
	bytes = elf_image__finish(f->image, 1, &image_len);
	assert_int_equal(elf_file__open_mem(bytes, image_len, &f->elf), 0);
	assert_int_equal(code_window__new(f->elf, &f->code), 0);
}

static void fixture_done(struct fixture *f)
{
	code_window__free(f->code);
	elf_file__free(f->elf);
	elf_image__free(f->image);
}

static bool may_call(uint16_t machine, const void *text, size_t len)
{
	struct fixture f;
	bool found;

	fixture_init(&f, machine, text, len);
	found = code_window__may_call(f.code, f.off, f.off + len, f.vaddr);
	fixture_done(&f);
	return found;
}

#define X86(bytes)   may_call(EM_X86_64, bytes, sizeof(bytes) - 1)
#define ARM64(bytes) may_call(EM_AARCH64, bytes, sizeof(bytes) - 1)

static void test_x86_calls(void **state)
{
	assert_true(X86("\xe8\0\0\0\0\x90"));              /* call to the next instruction */
	assert_false(X86("\xe8\0\0\0\0"));                 /* to where the code has ended */
	assert_false(X86("\xe8\0\0\0"));                   /* cut */
	assert_true(X86("\x90\x90\xe8\xf9\xff\xff\xff"));  /* to the start */
	assert_false(X86("\x90\x90\xe8\xf8\xff\xff\xff")); /* before the code */
	assert_false(X86("\xe8\0\0\0\x40"));               /* far behind it */
	assert_true(X86("\xff\xd0"));                      /* *%rax */
	assert_true(X86("\x41\xff\xd1"));                  /* *%r9 */
	assert_true(X86("\x3e\xff\xd0"));                  /* notrack */
	assert_true(X86("\xff\x10"));                      /* *(%rax) */
	assert_true(X86("\xff\x14\xc8"));                  /* *(%rax,%rcx,8) */
	assert_true(X86("\xff\x50\x08"));                  /* *8(%rax) */
	assert_false(X86("\xff\x50"));                     /* cut */
	assert_true(X86("\xff\x54\x24\x08"));              /* *8(%rsp) */
	assert_false(X86("\xff\x54\x24"));                 /* cut */
	assert_true(X86("\xff\x90\0\1\0\0"));              /* *256(%rax) */
	assert_false(X86("\xff\x90\0\1\0"));               /* cut */
	assert_true(X86("\xff\x15\0\0\0\0"));              /* *0(%rip) */
	assert_false(X86("\xff\x15\0\0\0"));               /* cut */
	assert_true(X86("\xff\x14\x25\0\0\0\0"));          /* *0 */
	assert_false(X86("\xff\x14\x25\0\0\0"));           /* cut */
}

static void test_x86_others(void **state)
{
	assert_false(X86("\x90"));
	assert_false(X86("\xff"));
	assert_false(X86("\xff\xe0"));             /* jmp *%rax */
	assert_false(X86("\xff\x25\0\0\0\0"));     /* jmp *0(%rip) */
	assert_false(X86("\xff\x35\0\0\0\0"));     /* push */
	assert_false(X86("\x48\x83\xec\x08\xc3")); /* sub; ret */
	assert_false(X86("\xe9\0\0\0\0"));         /* jmp */
}

static void test_arm64(void **state)
{
	assert_true(ARM64("\x00\x00\x00\x94"));                  /* bl */
	assert_true(ARM64("\xff\xff\xff\x97"));                  /* bl backwards */
	assert_true(ARM64("\x1f\x20\x03\xd5\x20\x00\x3f\xd6"));  /* nop; blr x1 */
	assert_true(ARM64("\x21\x08\x3f\xd7"));                  /* blraa x1, x1 */
	assert_true(ARM64("\x3f\x08\x3f\xd6"));                  /* blraaz x1 */
	assert_false(ARM64("\x20\x00\x1f\xd6"));                 /* br x1 */
	assert_false(ARM64("\xc0\x03\x5f\xd6"));                 /* ret */
	assert_false(ARM64("\x00\x00\x00\x14"));                 /* b */
	assert_false(ARM64("\x1f\x20\x00\x00\x00\x94\x03\xd5")); /* not aligned */
	assert_false(ARM64("\x00\x00\x00"));                     /* cut */
}

/* Wherever a call lies in code longer than a window, it is seen, and only within the range asked
 * for. */
static void test_across_windows(void **state)
{
	size_t len = 2 * CODE_WINDOW_BYTES + 100;
	uint8_t *text __free_mem = malloc(len);
	struct fixture f;

	for (size_t at = CODE_WINDOW_BYTES - 20; at < CODE_WINDOW_BYTES + 4; at++) {
		memset(text, 0x90, len);
		memcpy(text + at, "\xff\x15\1\2\3\4", 6);
		fixture_init(&f, EM_X86_64, text, len);
		assert_true(code_window__may_call(f.code, f.off, f.off + len, f.vaddr));
		assert_false(code_window__may_call(f.code, f.off, f.off + at + 5, f.vaddr));
		assert_true(code_window__may_call(f.code, f.off, f.off + at + 6, f.vaddr));
		assert_false(code_window__may_call(f.code, f.off + at + 1, f.off + len,
						   f.vaddr + at + 1));
		fixture_done(&f);
	}
}

static void test_unreadable_code_may_call(void **state)
{
	struct fixture f;

	fixture_init(&f, EM_X86_64, "\x90", 1);
	assert_true(code_window__may_call(f.code, 1u << 30, (1u << 30) + 5, 0));
	assert_null(code_window__get(f.code, 1u << 30, 1));
	assert_null(code_window__get(f.code, 0, CODE_WINDOW_BYTES + 1));
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86_calls),
		cmocka_unit_test(test_x86_others),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_across_windows),
		cmocka_unit_test(test_unreadable_code_may_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
