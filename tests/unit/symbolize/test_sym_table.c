// SPDX-License-Identifier: Apache-2.0
#include "symbolize/sym_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "elf/elf_file.h"
#include "harness/elf_image.h"

#define TEXT_BYTES 4096

/* A symbol at .text + @at. */
struct given {
	const char *name;
	uint64_t at, size;
	uint8_t bind, type;
};

struct fixture {
	struct elf_image *image;
	struct elf_file *elf;
	struct sym_table *table;
	uint64_t text;
};

static void add_table(struct fixture *f, const char *name, uint32_t type, const struct given *given,
		      size_t cnt)
{
	struct buf *strs __free(buf) = buf__new(0);
	Elf64_Sym syms[16] = {};
	uint32_t idx;
	size_t i;

	buf__append_char(strs, 0);
	for (i = 0; i < cnt; i++) {
		syms[i + 1] = (Elf64_Sym){
			.st_name = (uint32_t)buf__len(strs),
			.st_info = ELF64_ST_INFO(given[i].bind, given[i].type),
			.st_shndx = 1,
			.st_value = f->text + given[i].at,
			.st_size = given[i].size,
		};
		buf__append(strs, given[i].name, strlen(given[i].name) + 1);
	}
	idx = elf_image__section(f->image, ".strs", SHT_STRTAB, 0, buf__data(strs), buf__len(strs));
	i = elf_image__section(f->image, name, type, 0, syms, (cnt + 1) * sizeof(*syms));
	elf_image__shdr(f->image, (uint32_t)i)->sh_link = idx;
}

static void setup(struct fixture *f, const struct given *given, size_t cnt,
		  const struct given *dyn_given, size_t dyn_cnt)
{
	uint8_t text[TEXT_BYTES] = {}, *bytes;
	size_t len;

	*f = (struct fixture){ .image = elf_image__new(EM_X86_64), .table = sym_table__new() };
	f->text = elf_image__next_vaddr(f->image);
	elf_image__section(f->image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text,
			   sizeof(text));
	add_table(f, ".symtab", SHT_SYMTAB, given, cnt);
	if (dyn_cnt)
		add_table(f, ".dynsym", SHT_DYNSYM, dyn_given, dyn_cnt);
	bytes = elf_image__finish(f->image, 1, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &f->elf), 0);
	assert_int_equal(sym_table__add(f->table, f->elf, SHT_SYMTAB), 0);
	if (dyn_cnt)
		assert_int_equal(sym_table__add(f->table, f->elf, SHT_DYNSYM), 0);
	assert_int_equal(sym_table__seal(f->table), 0);
}

static void teardown(struct fixture *f)
{
	sym_table__free(f->table);
	elf_file__free(f->elf);
	elf_image__free(f->image);
}

static void expect(const struct fixture *f, uint64_t at, const char *want)
{
	struct sym sym;
	int err = sym_table__find(f->table, f->text + at, &sym);

	if (!want) {
		assert_int_equal(err, -ENOENT);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(sym.name_len, strlen(want));
	assert_memory_equal(sym.name, want, sym.name_len);
}

static void test_sizes(void **state)
{
	const struct given given[] = {
		{ "first", 0x100, 0x10, STB_GLOBAL, STT_FUNC },
		{ "outer", 0x200, 0x100, STB_GLOBAL, STT_FUNC },
		{ "inner", 0x240, 0x10, STB_LOCAL, STT_FUNC },
		{ "object", 0x110, 0x10, STB_GLOBAL, STT_OBJECT },
	};
	struct fixture f;

	setup(&f, given, 4, NULL, 0);
	expect(&f, 0xff, NULL);
	expect(&f, 0x100, "first");
	expect(&f, 0x10f, "first");
	expect(&f, 0x110, NULL);
	expect(&f, 0x23f, "outer");
	expect(&f, 0x240, "inner");
	expect(&f, 0x250, "outer");
	expect(&f, 0x300, NULL);
	teardown(&f);
}

static void test_sizeless(void **state)
{
	const struct given given[] = {
		{ "asm_fn", 0x100, 0, STB_GLOBAL, STT_NOTYPE },
		{ "sized", 0x180, 0x40, STB_GLOBAL, STT_FUNC },
		{ "label_in_sized", 0x190, 0, STB_LOCAL, STT_NOTYPE },
		{ "last", 0xff0, 0, STB_GLOBAL, STT_FUNC },
		{ "$x", 0x120, 0, STB_LOCAL, STT_NOTYPE },
		{ ".L3", 0x130, 0, STB_LOCAL, STT_NOTYPE },
	};
	struct fixture f;

	setup(&f, given, 6, NULL, 0);
	expect(&f, 0x100, "asm_fn");
	expect(&f, 0x17f, "asm_fn");
	expect(&f, 0x180, "sized");
	expect(&f, 0x195, "sized");
	expect(&f, 0xfff, "last");
	expect(&f, 0x1000, NULL); /* the section ends */
	teardown(&f);
}

static void test_aliases(void **state)
{
	const struct given given[] = {
		{ "__libc_malloc", 0x100, 0x10, STB_GLOBAL, STT_FUNC },
		{ "malloc", 0x100, 0x10, STB_GLOBAL, STT_FUNC },
		{ "a", 0x100, 0x10, STB_LOCAL, STT_FUNC },
		{ "__write", 0x200, 0x10, STB_GLOBAL, STT_FUNC },
		{ "write", 0x200, 0x10, STB_WEAK, STT_FUNC },
		{ "tc_new", 0x300, 0x10, STB_GLOBAL, STT_FUNC },
		{ "_Znwm", 0x300, 0x10, STB_GLOBAL, STT_FUNC },
		{ "weak", 0x400, 0x10, STB_WEAK, STT_FUNC },
		{ "strong", 0x400, 0x10, STB_GLOBAL, STT_FUNC },
		{ "_ZN1AC2Ev", 0x500, 0x10, STB_GLOBAL, STT_FUNC },
		{ "_ZN1AC1Ev", 0x500, 0x10, STB_GLOBAL, STT_FUNC },
		{ "label", 0x600, 0, STB_GLOBAL, STT_NOTYPE },
		{ "__sized", 0x600, 0x10, STB_LOCAL, STT_FUNC },
	};
	struct given reversed[13];
	struct fixture f;
	size_t round, i;

	for (i = 0; i < 13; i++)
		reversed[i] = given[12 - i];
	for (round = 0; round < 2; round++) {
		setup(&f, round ? reversed : given, 13, NULL, 0);
		expect(&f, 0x100, "malloc");
		expect(&f, 0x200, "write");
		expect(&f, 0x300, "_Znwm");
		expect(&f, 0x400, "strong");
		expect(&f, 0x500, "_ZN1AC1Ev");
		expect(&f, 0x600, "__sized");
		teardown(&f);
	}
}

static void test_versions_and_two_tables(void **state)
{
	const struct given given[] = { { "local_fn", 0x100, 0x10, STB_LOCAL, STT_FUNC } };
	const struct given dyn_given[] = {
		{ "exported@@V_1.0", 0x200, 0x10, STB_GLOBAL, STT_FUNC },
		{ "@", 0x300, 0x10, STB_GLOBAL, STT_FUNC },
	};
	struct fixture f;

	setup(&f, given, 1, dyn_given, 2);
	assert_int_equal(sym_table__cnt(f.table), 3);
	expect(&f, 0x100, "local_fn");
	expect(&f, 0x200, "exported");
	expect(&f, 0x300, "@");
	teardown(&f);
}

static void test_hostile(void **state)
{
	const struct given given[] = {
		{ "wraps", 0x100, UINT64_MAX, STB_GLOBAL, STT_FUNC },
		{ "huge", 0x200, UINT64_MAX / 2, STB_GLOBAL, STT_FUNC },
	};
	struct fixture f;

	setup(&f, given, 2, NULL, 0);
	expect(&f, 0x1ff, "wraps"); /* a size that wraps is none: up to the next symbol */
	expect(&f, 0x200, "huge");
	expect(&f, 1u << 30, "huge");
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),   cmocka_unit_test(test_sizeless),
		cmocka_unit_test(test_aliases), cmocka_unit_test(test_versions_and_two_tables),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
