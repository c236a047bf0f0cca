// SPDX-License-Identifier: Apache-2.0
#include "unwind/code_roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness/elf_image.h"

struct fixture {
	struct elf_image *image;
	struct elf_file *elf;
	struct code_window *code;
	struct code_roles *roles;
	uint64_t off, vaddr;
};

/* @exit_at: where in the text exit() is; -1: no symbols. */
static void fixture_init(struct fixture *f, uint16_t machine, const void *text, size_t len,
			 int exit_at)
{
	Elf64_Sym syms[2] = {};
	uint8_t *bytes;
	size_t image_len;
	uint32_t idx;

	f->image = elf_image__new(machine);
	f->off = elf_image__next_off(f->image);
	f->vaddr = elf_image__next_vaddr(f->image);
	elf_image__section(f->image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, len);
	syms[1] = (Elf64_Sym){ .st_name = 1,
			       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			       .st_shndx = 1,
			       .st_value = f->vaddr + (uint64_t)exit_at };
	if (exit_at >= 0) {
		elf_image__section(f->image, ".strtab", SHT_STRTAB, 0, "\0exit", 6);
		idx = elf_image__section(f->image, ".symtab", SHT_SYMTAB, 0, syms, sizeof(syms));
		elf_image__shdr(f->image, idx)->sh_link = 2;
	}
	bytes = elf_image__finish(f->image, 1, &image_len);
	assert_int_equal(elf_file__open_mem(bytes, image_len, &f->elf), 0);
	assert_int_equal(code_window__new(f->elf, &f->code), 0);
	assert_int_equal(code_roles__new(f->elf, f->code, &f->roles), 0);
}

static void fixture_done(struct fixture *f)
{
	code_roles__free(f->roles);
	code_window__free(f->code);
	elf_file__free(f->elf);
	elf_image__free(f->image);
}

static bool find(struct fixture *f, uint64_t from, uint64_t to, struct code_place *ret)
{
	return code_roles__find(f->roles, f->off + from, f->off + to, f->vaddr + from, ret);
}

static void check_bytes(uint16_t machine, const char *text, size_t len, uint64_t at, uint64_t end,
			enum code_role want)
{
	struct code_place place;
	struct fixture f;

	fixture_init(&f, machine, text, len, -1);
	assert_true(find(&f, 0, len, &place));
	assert_int_equal(place.role, want);
	assert_int_equal(place.off - f.off, at);
	assert_int_equal(place.end - f.off, end);
	assert_false(find(&f, at + 1, len, &place));
	assert_false(find(&f, 0, end - 1, &place));
	fixture_done(&f);
}

#define CHECK(machine, bytes, ...) check_bytes(machine, bytes, sizeof(bytes) - 1, __VA_ARGS__)

static void test_exact_bytes(void **state)
{
	CHECK(EM_X86_64, "\x90\x48\xc7\xc0\x0f\0\0\0\x0f\x05\x90", 1, 10, CODE_SIGNAL_RESTORER);
	CHECK(EM_X86_64, "\x90\x90\xb8\x0f\0\0\0\x0f\x05", 2, 9, CODE_SIGNAL_RESTORER);
	CHECK(EM_X86_64, "\x31\xed\x5f\x41\xff\xd1\x89\xc7", 0, 8, CODE_OUTERMOST);
	CHECK(EM_AARCH64, "\x68\x11\x80\xd2\x01\0\0\xd4", 0, 8, CODE_SIGNAL_RESTORER);
	CHECK(EM_AARCH64, "\x20\0\x3f\xd6\xa8\x0b\x80\xd2", 0, 8, CODE_OUTERMOST);
}

/* exit at 0; at 1 nop; at 2 call *%rbx; mov %eax,%edi; call exit */
#define CALLS_MAIN   "\xc3\x90\xff\xd3\x89\xc7\xe8\xf5\xff\xff\xff\x90"
/* at 1 call *8(%rbx); mov %rax,%rdi; call exit */
#define CALLS_THREAD "\xc3\xff\x53\x08\x48\x89\xc7\xe8\xf4\xff\xff\xff"

static bool find_outermost(const char *text, size_t len, int exit_at, uint64_t *ret_at,
			   uint64_t *ret_end)
{
	struct code_place place;
	struct fixture f;
	bool found;

	fixture_init(&f, EM_X86_64, text, len, exit_at);
	found = find(&f, 0, len, &place);
	if (found) {
		assert_int_equal(place.role, CODE_OUTERMOST);
		*ret_at = place.off - f.off;
		*ret_end = place.end - f.off;
	}
	fixture_done(&f);
	return found;
}

static void test_result_goes_to_exit(void **state)
{
	uint64_t at = 0, end = 0;

	assert_true(find_outermost(CALLS_MAIN, sizeof(CALLS_MAIN) - 1, 0, &at, &end));
	assert_int_equal(at, 2);
	assert_int_equal(end, 4);
	assert_true(find_outermost(CALLS_THREAD, sizeof(CALLS_THREAD) - 1, 0, &at, &end));
	assert_int_equal(at, 1);
	assert_int_equal(end, 4);
	/* another function than exit; no symbols; no indirect call before it; cut */
	assert_false(find_outermost(CALLS_MAIN, sizeof(CALLS_MAIN) - 1, 1, &at, &end));
	assert_false(find_outermost(CALLS_MAIN, sizeof(CALLS_MAIN) - 1, -1, &at, &end));
	assert_false(
		find_outermost("\xc3\x90\x90\x90\x89\xc7\xe8\xf5\xff\xff\xff", 11, 0, &at, &end));
	assert_false(find_outermost(CALLS_MAIN, 10, 0, &at, &end));
}

static void test_across_windows(void **state)
{
	size_t len = CODE_WINDOW_BYTES + 100;
	uint8_t *text __free_mem = malloc(len);
	struct code_place place;
	struct fixture f;

	for (size_t at = CODE_WINDOW_BYTES - 12; at < CODE_WINDOW_BYTES + 4; at++) {
		memset(text, 0x90, len);
		memcpy(text + at, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9);
		fixture_init(&f, EM_X86_64, text, len, -1);
		assert_true(find(&f, 0, len, &place));
		assert_int_equal(place.off - f.off, at);
		fixture_done(&f);
	}
}

static void test_entry_end(void **state)
{
	uint8_t text[400];
	struct fixture f;

	memset(text, 0x90, sizeof(text));
	fixture_init(&f, EM_X86_64, text, sizeof(text), -1);
	assert_int_equal(code_roles__entry_end(f.roles, f.off, f.off + 30), f.off + 30);
	assert_int_equal(code_roles__entry_end(f.roles, f.off, f.off + sizeof(text)), f.off + 128);
	fixture_done(&f);
	text[10] = 0xc3;
	fixture_init(&f, EM_X86_64, text, sizeof(text), -1);
	assert_int_equal(code_roles__entry_end(f.roles, f.off, f.off + 30), f.off + 11);
	fixture_done(&f);
}

static bool ends_context(uint16_t machine, const char *bytes, size_t len, uint64_t fn_bytes)
{
	uint8_t text[64];
	struct fixture f;
	bool found;

	memset(text, 0xf4, sizeof(text));
	memcpy(text, bytes, len);
	fixture_init(&f, machine, text, sizeof(text), -1);
	found = code_roles__ends_context(f.roles, f.off, fn_bytes);
	fixture_done(&f);
	return found;
}

#define ENDS_CONTEXT(machine, bytes, fn_bytes)                                                     \
	ends_context(machine, bytes, sizeof(bytes) - 1, fn_bytes)
#define MOV_TEST "\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff"
#define POP_TEST "\x48\x89\xdc\x5f\x48\x85\xff"
#define ENDBR64  "\xf3\x0f\x1e\xfa"

static void test_ends_context(void **state)
{
	assert_true(ENDS_CONTEXT(EM_X86_64, MOV_TEST, 26));
	assert_true(ENDS_CONTEXT(EM_X86_64, POP_TEST, 26));
	assert_true(ENDS_CONTEXT(EM_X86_64, ENDBR64 MOV_TEST, 30));
	assert_false(ENDS_CONTEXT(EM_X86_64, "\x90" MOV_TEST, 26));
	assert_false(ENDS_CONTEXT(EM_X86_64, MOV_TEST, 1000));
	assert_false(ENDS_CONTEXT(EM_X86_64, MOV_TEST, 10));
	assert_false(ENDS_CONTEXT(EM_AARCH64, MOV_TEST, 26));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_bytes),    cmocka_unit_test(test_result_goes_to_exit),
		cmocka_unit_test(test_across_windows), cmocka_unit_test(test_entry_end),
		cmocka_unit_test(test_ends_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
