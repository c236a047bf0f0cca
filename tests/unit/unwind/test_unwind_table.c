// SPDX-License-Identifier: Apache-2.0
#include "unwind/unwind_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "elf/elf_file.h"
#include "harness/cfi_bytes.h"
#include "harness/elf_image.h"

#define USUAL          "\x0c\x07\x08\x90\x01"
#define TEXT_LEN       0x3000
#define SP(off)        UNWIND_RULE(UNWIND_SP, 0, (off) / 8)
#define NONE           UNWIND_RULE(UNWIND_NONE, 0, 0)
#define KIND(kind)     UNWIND_RULE(kind, 0, 0)
#define PROGRAM(bytes) bytes, sizeof(bytes) - 1

/* Text of nops, to be given calls and functions, and then made into a file. */
struct fixture {
	struct elf_image *image;
	struct elf_file *elf;
	struct unwind_table *table;
	uint8_t text[TEXT_LEN];
	uint64_t off, vaddr; /* of the text */
	uint64_t entry;
	struct cfi_bytes eh, debug;
	bool compress, no_sections;
	bool go;            /* compiled by Go */
	const char *symbol; /* of the function at symbol_at */
	uint64_t symbol_at;
};

static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	memset(f->text, 0x90, sizeof(f->text));
	f->image = elf_image__new(EM_X86_64);
	f->vaddr = elf_image__next_vaddr(f->image);
	f->off = elf_image__next_off(f->image);
	/* .eh_frame is the section behind .text: its address is known once that is in. */
	cfi_bytes_init(&f->eh, 0, 0);
	cfi_bytes_init(&f->debug, 0, 1);
	cfi_bytes__cie(&f->eh, 16, "zR", CFI_ENC_ABSPTR, 1, PROGRAM(USUAL));
	cfi_bytes__cie(&f->debug, 16, "", "", 0, PROGRAM(USUAL));
}

static void fixture_done(struct fixture *f)
{
	unwind_table__free(f->table);
	elf_file__free(f->elf);
	elf_image__free(f->image);
	cfi_bytes_done(&f->eh);
	cfi_bytes_done(&f->debug);
}

static void add_function(struct cfi_bytes *b, struct fixture *f, uint64_t at, uint64_t len_bytes,
			 const char *program, size_t len)
{
	cfi_bytes__fde(b, f->vaddr + at, len_bytes, program, len);
}

static void add_call(struct fixture *f, uint64_t at)
{
	memcpy(f->text + at, "\xff\xd0", 2);
}

static void add_debug_frame(struct fixture *f)
{
	struct {
		Elf64_Chdr chdr;
		uint8_t data[4096];
	} packed = { { ELFCOMPRESS_ZLIB, 0, buf__len(f->debug.bytes), 1 }, {} };
	uLongf len = sizeof(packed.data);

	if (!f->compress) {
		elf_image__section(f->image, ".debug_frame", SHT_PROGBITS, 0,
				   buf__data(f->debug.bytes), buf__len(f->debug.bytes));
		return;
	}
	assert_int_equal(compress(packed.data, &len, (const uint8_t *)buf__data(f->debug.bytes),
				  buf__len(f->debug.bytes)),
			 Z_OK);
	elf_image__section(f->image, ".debug_frame", SHT_PROGBITS, SHF_COMPRESSED, &packed,
			   sizeof(packed.chdr) + len);
}

/* What the Go linker adds: a section of its own, and one symbol unless stripped. */
static void add_go(struct fixture *f)
{
	Elf64_Sym symbols[2] = { {},
				 { .st_name = 1,
				   .st_info = ELF64_ST_INFO(STT_FUNC, STB_GLOBAL),
				   .st_shndx = 1,
				   .st_value = f->vaddr + f->symbol_at } };
	char strings[64] = "";
	uint32_t idx, symtab;

	elf_image__section(f->image, ".gopclntab", SHT_PROGBITS, SHF_ALLOC, "", 1);
	if (!f->symbol)
		return;
	snprintf(strings + 1, sizeof(strings) - 1, "%s", f->symbol);
	idx = elf_image__section(f->image, ".strtab", SHT_STRTAB, 0, strings, sizeof(strings));
	symtab = elf_image__section(f->image, ".symtab", SHT_SYMTAB, 0, symbols, sizeof(symbols));
	elf_image__shdr(f->image, symtab)->sh_link = idx;
	elf_image__shdr(f->image, symtab)->sh_entsize = sizeof(symbols[0]);
}

static int build(struct fixture *f, unsigned flags)
{
	uint8_t *bytes, header[12] = { 1, 0x1b, 0xff, 0xff };
	uint64_t eh_vaddr;
	int32_t rel;
	size_t len;

	elf_image__section(f->image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, f->text,
			   sizeof(f->text));
	eh_vaddr = elf_image__next_vaddr(f->image);
	elf_image__section(f->image, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, buf__data(f->eh.bytes),
			   buf__len(f->eh.bytes));
	rel = (int32_t)(eh_vaddr - (elf_image__next_vaddr(f->image) + 4));
	memcpy(header + 4, &rel, sizeof(rel));
	elf_image__section(f->image, ".eh_frame_hdr", SHT_PROGBITS, SHF_ALLOC, header,
			   sizeof(header));
	add_debug_frame(f);
	if (f->go)
		add_go(f);
	bytes = elf_image__finish(f->image, !f->no_sections, &len);
	((Elf64_Ehdr *)bytes)->e_entry = f->entry;
	assert_int_equal(elf_file__open_mem(bytes, len, &f->elf), 0);
	return unwind_table__build(f->elf, flags, &f->table);
}

struct want {
	uint64_t at; /* from the start of the text */
	uint32_t rule;
};

static void check_rows(const struct fixture *f, const struct want *want, size_t cnt)
{
	const struct unwind_row *rows = unwind_table__rows(f->table);

	assert_int_equal(unwind_table__row_cnt(f->table), cnt);
	for (size_t i = 0; i < cnt; i++) {
		assert_int_equal(rows[i].off - f->off, want[i].at);
		assert_int_equal(rows[i].rule, want[i].rule);
	}
}

#define CHECK_ROWS(f, ...)                                                                         \
	do {                                                                                       \
		const struct want want_[] = { __VA_ARGS__ };                                       \
		check_rows(f, want_, sizeof(want_) / sizeof(want_[0]));                            \
	} while (0)

/* What __find() must do, said without pages. */
static uint32_t find_slowly(const struct unwind_table *table, uint64_t off)
{
	const struct unwind_row *rows = unwind_table__rows(table);
	uint32_t rule = NONE;

	for (size_t i = 0; i < unwind_table__row_cnt(table) && rows[i].off <= off; i++)
		rule = rows[i].rule;
	return rule;
}

static void check_find(const struct fixture *f)
{
	for (uint64_t off = f->off < 5000 ? 0 : f->off - 5000; off < f->off + TEXT_LEN + 9000;
	     off++)
		assert_int_equal(unwind_table__find(f->table, off), find_slowly(f->table, off));
	assert_int_equal(unwind_table__find(f->table, UINT64_MAX), NONE);
	assert_int_equal(unwind_table__find(f->table, 1ull << 32 | f->off), NONE);
}

/* push rbx, 2 bytes later sub 16 */
#define PUSH_SUB "\x41\x0e\x10\x42\x0e\x20"

static void add_two_functions(struct fixture *f)
{
	add_function(&f->eh, f, 0x10, 0x20, PROGRAM(PUSH_SUB));
	add_function(&f->eh, f, 0x2800, 0x40, PROGRAM(""));
	add_call(f, 0x18);
	add_call(f, 0x2810);
}

static void test_full(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_two_functions(&f);
	assert_int_equal(build(&f, UNWIND_FULL), 0);
	CHECK_ROWS(&f, { 0x10, SP(8) }, { 0x11, SP(16) }, { 0x13, SP(32) }, { 0x30, NONE },
		   { 0x2800, SP(8) }, { 0x2840, NONE });
	check_find(&f);
	assert_int_equal(unwind_table__stats(f.table)->fde_cnt, 2);
	assert_int_equal(unwind_table__stats(f.table)->covered_bytes, 0x60);
	assert_int_equal(unwind_table__stats(f.table)->text_bytes, TEXT_LEN);
	assert_int_equal(unwind_table__page_base(f.table), (f.off + 0x10) >> 12);
	fixture_done(&f);
}

static void test_call_sites_only(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_two_functions(&f);
	assert_int_equal(build(&f, 0), 0);
	CHECK_ROWS(&f, { 0x13, SP(32) }, { 0x2800, SP(8) }, { TEXT_LEN, NONE });
	assert_int_equal(unwind_table__stats(f.table)->rule_cnt, 6);
	check_find(&f);
	fixture_done(&f);
}

/* A dropped row must not come between two that are then one. */
static void test_equal_neighbours_merge(void **state)
{
	struct fixture f;

	fixture_init(&f);
	/* sp+16 [call] remember sp+8 [no call] restore sp+16 [call] */
	add_function(&f.eh, &f, 0x10, 0x20, PROGRAM("\x0e\x10\x44\x0a\x0e\x08\x44\x0b"));
	add_function(&f.eh, &f, 0x30, 0x10, PROGRAM("\x0e\x10"));
	add_call(&f, 0x11);
	add_call(&f, 0x1a);
	add_call(&f, 0x33);
	assert_int_equal(build(&f, 0), 0);
	CHECK_ROWS(&f, { 0x10, SP(16) }, { TEXT_LEN, NONE });
	fixture_done(&f);
	fixture_init(&f);
	add_function(&f.eh, &f, 0x10, 0x20, PROGRAM("\x0e\x10\x44\x0a\x0e\x08\x44\x0b"));
	add_function(&f.eh, &f, 0x30, 0x10, PROGRAM("\x0e\x10"));
	assert_int_equal(build(&f, UNWIND_FULL), 0);
	CHECK_ROWS(&f, { 0x10, SP(16) }, { 0x14, SP(8) }, { 0x18, SP(16) }, { 0x40, NONE });
	fixture_done(&f);
}

static void test_gap_that_calls(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_two_functions(&f);
	add_call(&f, 0x1000);
	assert_int_equal(build(&f, 0), 0);
	CHECK_ROWS(&f, { 0x13, SP(32) }, { 0x30, NONE }, { 0x2800, SP(8) }, { TEXT_LEN, NONE });
	assert_int_equal(unwind_table__stats(f.table)->none_cnt[UNWIND_NONE_GAP], 1);
	fixture_done(&f);
}

static void test_root_and_signal_stay(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_function(&f.eh, &f, 0x10, 0x10, PROGRAM("\x07\x10"));
	cfi_bytes__cie(&f.eh, 16, "zRS", CFI_ENC_ABSPTR, 1, PROGRAM(USUAL));
	add_function(&f.eh, &f, 0x20, 0x10, PROGRAM(""));
	assert_int_equal(build(&f, 0), 0);
	CHECK_ROWS(&f, { 0x10, KIND(UNWIND_ROOT) }, { 0x20, KIND(UNWIND_SIGNAL) },
		   { TEXT_LEN, NONE });
	fixture_done(&f);
}

static void test_known_by_bytes(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_function(&f.eh, &f, 0x10, 0x10, PROGRAM(""));
	memcpy(f.text + 0x40, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9);
	f.entry = f.vaddr + 0x100;
	memcpy(f.text + 0x100, "\x31\xed\xff\xd0\xc3", 5);
	assert_int_equal(build(&f, UNWIND_FULL), 0);
	/* The restorer from one byte before it: that is where the walker looks. */
	CHECK_ROWS(&f, { 0x10, SP(8) }, { 0x20, NONE }, { 0x3f, KIND(UNWIND_SIGNAL) },
		   { 0x49, NONE }, { 0x100, KIND(UNWIND_ROOT) }, { 0x105, NONE });
	assert_int_equal(unwind_table__stats(f.table)->by_bytes_cnt, 2);
	fixture_done(&f);
}

/* Bytes that look like something else within a described function mean nothing. */
static void test_described_code_is_not_guessed(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_function(&f.eh, &f, 0x10, 0x200, PROGRAM(""));
	memcpy(f.text + 0x40, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9);
	f.entry = f.vaddr + 0x100;
	assert_int_equal(build(&f, UNWIND_FULL), 0);
	CHECK_ROWS(&f, { 0x10, SP(8) }, { 0x210, NONE });
	fixture_done(&f);
}

static void test_overlap(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_function(&f.eh, &f, 0x40, 0x10, PROGRAM("\x0e\x18"));
	add_function(&f.eh, &f, 0x10, 0x100, PROGRAM(""));
	add_function(&f.eh, &f, 0x10, 0x20, PROGRAM("\x0e\x20"));    /* the same start again */
	add_function(&f.debug, &f, 0x44, 0x30, PROGRAM("\x0e\x28")); /* inside a better source */
	add_function(&f.debug, &f, 0x50, 0x30, PROGRAM("\x0e\x30")); /* where there is none */
	assert_int_equal(build(&f, UNWIND_FULL), 0);
	CHECK_ROWS(&f, { 0x10, SP(8) }, { 0x40, SP(24) }, { 0x50, SP(48) }, { 0x80, NONE });
	assert_int_equal(unwind_table__stats(f.table)->fde_overlap_cnt, 3);
	fixture_done(&f);
}

static void test_debug_frame_alone(void **state)
{
	for (int packed = 0; packed < 2; packed++) {
		struct fixture f;

		fixture_init(&f);
		f.compress = packed;
		add_function(&f.debug, &f, 0x10, 0x20, PROGRAM(PUSH_SUB));
		add_call(&f, 0x18);
		assert_int_equal(build(&f, 0), 0);
		CHECK_ROWS(&f, { 0x13, SP(32) }, { TEXT_LEN, NONE });
		fixture_done(&f);
	}
}

static void test_without_sections(void **state)
{
	struct fixture f;

	fixture_init(&f);
	f.no_sections = true;
	add_two_functions(&f);
	cfi_bytes__raw(&f.eh, "\0\0\0\0", 4);
	assert_int_equal(build(&f, 0), 0);
	CHECK_ROWS(&f, { 0x13, SP(32) }, { 0x2800, SP(8) }, { TEXT_LEN, NONE });
	fixture_done(&f);
}

static void test_what_is_left_out(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_function(&f.eh, &f, 0x10, 0x20, PROGRAM(""));
	add_function(&f.eh, &f, 0x40, 0, PROGRAM("")); /* empty */
	cfi_bytes__fde(&f.eh, 0, 0x100, PROGRAM(""));  /* dropped by the linker */
	cfi_bytes__fde(&f.eh, UINT64_MAX - 1, 0x100, PROGRAM(""));
	add_function(&f.eh, &f, 0x60, 0x20, PROGRAM("\x44\x26")); /* unknown instruction at +4 */
	add_function(&f.eh, &f, TEXT_LEN - 4, UINT64_MAX, PROGRAM("\x0e\x10")); /* too long */
	cfi_bytes__cie(&f.eh, 16, "zR", "\x9b", 1, PROGRAM(USUAL)); /* indirect addresses */
	add_function(&f.eh, &f, 0x80, 0x20, PROGRAM(""));
	cfi_bytes__cie(&f.eh, 16, "zR", CFI_ENC_ABSPTR, 1, PROGRAM("\x3f"));
	add_function(&f.eh, &f, 0xa0, 0x20, PROGRAM(""));
	cfi_bytes__raw(&f.eh, "\x77\0\0\0\1", 5);
	assert_int_equal(build(&f, UNWIND_FULL), 0);
	CHECK_ROWS(&f, { 0x10, SP(8) }, { 0x30, NONE }, { 0x60, SP(8) }, { 0x64, NONE },
		   { TEXT_LEN - 4, SP(16) }, { TEXT_LEN, NONE });
	assert_int_equal(unwind_table__stats(f.table)->fde_outside_cnt, 3);
	assert_int_equal(unwind_table__stats(f.table)->fde_bad_cnt, 2);
	assert_int_equal(unwind_table__stats(f.table)->section_cut_cnt, 1);
	assert_int_equal(unwind_table__stats(f.table)->none_bytes[UNWIND_NONE_BAD_PROGRAM], 0x1c);
	fixture_done(&f);
}

static void test_nothing_to_load(void **state)
{
	struct fixture f;

	fixture_init(&f);
	add_call(&f, 0x10);
	assert_int_equal(build(&f, 0), UNWIND_NO_CFI);
	assert_null(f.table);
	fixture_done(&f);
	/* a function that calls nobody */
	fixture_init(&f);
	add_function(&f.eh, &f, 0x10, 0x20, PROGRAM(PUSH_SUB));
	assert_int_equal(build(&f, 0), UNWIND_NO_CFI);
	fixture_done(&f);
}

extern const char __executable_start, etext;

static __attribute__((noinline)) const char *return_address(void)
{
	return __builtin_return_address(0);
}

/* A real file: where we are returned to, both tables have the same rule, and it is one. */
static void test_own_binary(void **state)
{
	struct unwind_table *full __free(unwind_table) = NULL, *reduced __free(unwind_table) = NULL;
	struct elf_file *elf __free(elf_file) = NULL;
	uint64_t off;
	uint32_t rule;

	assert_int_equal(elf_file__open("/proc/self/exe", &elf), 0);
	assert_int_equal(unwind_table__build(elf, UNWIND_FULL, &full), 0);
	assert_int_equal(unwind_table__build(elf, 0, &reduced), 0);
	assert_true(unwind_table__row_cnt(reduced) * 2 < unwind_table__row_cnt(full));
	assert_int_equal(elf_file__type(elf), ET_DYN);
	assert_int_equal(elf_file__vaddr_to_off(
				 elf, (uint64_t)(return_address() - 1 - &__executable_start), &off),
			 0);
	rule = unwind_table__find(reduced, off);
	assert_int_not_equal(rule, NONE);
	assert_int_equal(rule, unwind_table__find(full, off));
	for (off = 0; off < (uint64_t)(&etext - &__executable_start); off += 997)
		assert_int_equal(unwind_table__find(full, off), find_slowly(full, off));
}

/* Code that leads from one stack to another is passed by frame pointer, whatever its information says. */
static void test_go_changes_stacks(void **state)
{
	struct fixture f;

	fixture_init(&f);
	f.go = true;
	f.symbol = "runtime.asmcgocall.abi0";
	f.symbol_at = 0x200;
	add_function(&f.debug, &f, 0x100, 0x80, PROGRAM("\x0e\x10"));
	add_function(&f.debug, &f, 0x200, 0x80, PROGRAM(""));
	add_call(&f, 0x110);
	add_call(&f, 0x210);
	assert_int_equal(build(&f, 0), 0);
	assert_int_equal(unwind_table__find(f.table, f.off + 0x110), SP(16));
	assert_int_equal(unwind_table__find(f.table, f.off + 0x210), KIND(UNWIND_FP_RECORD));
	fixture_done(&f);
}

static void test_stripped_go(void **state)
{
	struct fixture f;

	fixture_init(&f);
	f.go = true;
	add_call(&f, 0x110);
	assert_int_equal(build(&f, 0), 0);
	assert_int_equal(unwind_table__find(f.table, f.off + 0x110), KIND(UNWIND_FP_RECORD));
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_call_sites_only),
		cmocka_unit_test(test_equal_neighbours_merge),
		cmocka_unit_test(test_gap_that_calls),
		cmocka_unit_test(test_root_and_signal_stay),
		cmocka_unit_test(test_known_by_bytes),
		cmocka_unit_test(test_described_code_is_not_guessed),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_debug_frame_alone),
		cmocka_unit_test(test_without_sections),
		cmocka_unit_test(test_what_is_left_out),
		cmocka_unit_test(test_nothing_to_load),
		cmocka_unit_test(test_own_binary),
		cmocka_unit_test(test_go_changes_stacks),
		cmocka_unit_test(test_stripped_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
