// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_dyn.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "elf/elf_syms.h"
#include "harness/elf_image.h"

#define STRS   "\0libc.so.6\0libm.so.6\0malloc\0free\0self.so"
#define MALLOC 21
#define FREE   28
#define SELF   33

enum hash_kind { HASH_NONE, HASH_SYSV, HASH_GNU };

/* What a linker makes of a program that calls malloc and defines free, with 5 (sectionless)
 * headers. */
static struct elf_file *open_dynamic(struct elf_image *image, enum hash_kind hash, int sections)
{
	const Elf64_Sym syms[] = { {},
				   { .st_name = MALLOC },
				   { .st_name = FREE, .st_value = 0x77 } };
	const Elf64_Rela plt[] = { { 0x5000, ELF64_R_INFO(1ull, R_X86_64_JUMP_SLOT), 0 } };
	const Elf64_Rela rela[] = { { 0x6000, ELF64_R_INFO(2ull, R_X86_64_GLOB_DAT), 0 },
				    { 0x6008, ELF64_R_INFO(0ull, R_X86_64_RELATIVE), 0x1234 },
				    { 0x6010, ELF64_R_INFO(9999ull, R_X86_64_64), 0 } };
	const uint32_t sysv[] = { 1, 3, 0, 0, 0, 0 };
	/* one bucket that starts at symbol 2, one bloom word, one chain entry with its end bit */
	const uint32_t gnu[] = { 1, 2, 1, 6, 0, 0, 2, 0x10001 };
	uint64_t at[6] = {};
	struct elf_file *elf = NULL;
	uint8_t *bytes;
	size_t len;
	uint32_t idx;

	at[0] = elf_image__next_vaddr(image);
	idx = elf_image__section(image, ".dynsym", SHT_DYNSYM, SHF_ALLOC, syms, sizeof(syms));
	elf_image__shdr(image, idx)->sh_link = 2;
	at[1] = elf_image__next_vaddr(image);
	elf_image__section(image, ".dynstr", SHT_STRTAB, SHF_ALLOC, STRS, sizeof(STRS));
	at[2] = elf_image__next_vaddr(image);
	elf_image__section(image, ".rela.plt", SHT_RELA, SHF_ALLOC, plt, sizeof(plt));
	at[3] = elf_image__next_vaddr(image);
	elf_image__section(image, ".rela.dyn", SHT_RELA, SHF_ALLOC, rela, sizeof(rela));
	at[4] = elf_image__next_vaddr(image);
	elf_image__section(image, ".hash", SHT_HASH, SHF_ALLOC, sysv, sizeof(sysv));
	at[5] = elf_image__next_vaddr(image);
	elf_image__section(image, ".gnu.hash", SHT_GNU_HASH, SHF_ALLOC, gnu, sizeof(gnu));

	const Elf64_Dyn dyns[] = {
		{ DT_NEEDED, { 1 } },
		{ DT_NEEDED, { 11 } },
		{ DT_SONAME, { SELF } },
		{ DT_SYMTAB, { at[0] } },
		{ DT_STRTAB, { at[1] } },
		{ DT_STRSZ, { sizeof(STRS) } },
		{ DT_JMPREL, { at[2] } },
		{ DT_PLTRELSZ, { sizeof(plt) } },
		{ DT_RELA, { at[3] } },
		{ DT_RELASZ, { sizeof(rela) } },
		{ hash == HASH_SYSV ? DT_HASH : DT_DEBUG, { at[4] } },
		{ hash == HASH_GNU ? DT_GNU_HASH : DT_DEBUG, { at[5] } },
		{ DT_NULL, { 0 } },
		{ DT_NEEDED, { 1 } },
	};
	elf_image__section(image, ".dynamic", SHT_DYNAMIC, SHF_ALLOC, dyns, sizeof(dyns));
	bytes = elf_image__finish(image, sections, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	return elf;
}

static void test_strings(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = open_dynamic(image, HASH_GNU, 1);
	struct elf_dyn_str_iter it;
	uint64_t value;

	assert_int_equal(elf_dyn_str_iter__init(&it, elf, DT_NEEDED), 0);
	assert_string_equal(elf_dyn_str_iter__next(&it), "libc.so.6");
	assert_string_equal(elf_dyn_str_iter__next(&it), "libm.so.6");
	assert_null(elf_dyn_str_iter__next(&it));
	assert_null(elf_dyn_str_iter__next(&it));
	assert_int_equal(elf_dyn_str_iter__init(&it, elf, DT_SONAME), 0);
	assert_string_equal(elf_dyn_str_iter__next(&it), "self.so");
	assert_int_equal(elf_dyn_value(elf, DT_STRSZ, &value), 0);
	assert_int_equal(value, sizeof(STRS));
	assert_int_equal(elf_dyn_value(elf, DT_INIT, &value), -ENOENT);
}

static void test_relocs(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = open_dynamic(image, HASH_GNU, 1);
	struct elf_reloc_iter it;
	struct elf_reloc reloc;

	assert_int_equal(elf_reloc_iter__init(&it, elf), 0);
	assert_true(elf_reloc_iter__next(&it, &reloc));
	assert_int_equal(reloc.vaddr, 0x5000);
	assert_int_equal(reloc.type, R_X86_64_JUMP_SLOT);
	assert_string_equal(reloc.sym_name, "malloc");
	assert_true(elf_reloc_iter__next(&it, &reloc));
	assert_string_equal(reloc.sym_name, "free");
	assert_true(elf_reloc_iter__next(&it, &reloc));
	assert_int_equal(reloc.sym_idx, 0);
	assert_int_equal(reloc.addend, 0x1234);
	assert_string_equal(reloc.sym_name, "");
	assert_true(elf_reloc_iter__next(&it, &reloc));
	assert_int_equal(reloc.sym_idx, 9999);
	assert_string_equal(reloc.sym_name, "");
	assert_false(elf_reloc_iter__next(&it, &reloc));
	assert_false(elf_reloc_iter__next(&it, &reloc));
}

/* Without sections the dynamic symbols are counted by either hash table, or end where the strings
 * start. */
static void test_symbols_without_sections(void **state)
{
	for (int hash = HASH_SYSV; hash <= HASH_GNU; hash++) {
		struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
		struct elf_file *elf __free(elf_file) = open_dynamic(image, hash, 0);
		struct elf_sym_iter it;
		struct elf_sym sym;

		assert_int_equal(elf_file__section_cnt(elf), 0);
		assert_int_equal(elf_sym_iter__init(&it, elf, SHT_DYNSYM), 0);
		assert_true(elf_sym_iter__next(&it, &sym));
		assert_string_equal(sym.name, "malloc");
		assert_true(elf_sym_iter__next(&it, &sym));
		assert_string_equal(sym.name, "free");
		assert_int_equal(sym.value, 0x77);
		assert_false(elf_sym_iter__next(&it, &sym));
	}
}

static void test_static(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = NULL;
	struct elf_dyn_str_iter needed;
	struct elf_reloc_iter relocs;
	struct elf_reloc reloc;
	uint8_t *bytes;
	size_t len;

	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1);
	bytes = elf_image__finish(image, 1, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(elf_dyn_str_iter__init(&needed, elf, DT_NEEDED), -ENOENT);
	assert_null(elf_dyn_str_iter__next(&needed));
	assert_int_equal(elf_reloc_iter__init(&relocs, elf), -ENOENT);
	assert_false(elf_reloc_iter__next(&relocs, &reloc));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_relocs),
		cmocka_unit_test(test_symbols_without_sections),
		cmocka_unit_test(test_static),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
