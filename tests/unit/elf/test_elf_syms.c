// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_syms.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness/elf_image.h"

#define STRS "\0main\0data\0cut"

static Elf64_Sym sym(uint32_t name, uint64_t value, uint8_t type, uint16_t shndx)
{
	return (Elf64_Sym){
		.st_name = name,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, type),
		.st_shndx = shndx,
		.st_value = value,
		.st_size = 4,
	};
}

/* Section 1 is code, 2 the strings, 3 the symbols. */
static struct elf_file *open_image(struct elf_image *image, uint32_t type, const Elf64_Sym *syms,
				   size_t cnt)
{
	struct elf_file *elf = NULL;
	uint8_t *bytes;
	uint32_t idx;
	size_t len;

	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1);
	elf_image__section(image, ".strtab", SHT_STRTAB, 0, STRS, sizeof(STRS) - 1);
	idx = elf_image__section(image, ".symtab", type, 0, syms, cnt * sizeof(*syms));
	elf_image__shdr(image, idx)->sh_link = 2;
	bytes = elf_image__finish(image, 1, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	return elf;
}

static void test_iterate(void **state)
{
	const Elf64_Sym syms[] = {
		{},
		sym(1, 0x1234, STT_FUNC, 1),
		sym(6, 0x2000, STT_OBJECT, 2),
		sym(11, 1, STT_FUNC, SHN_UNDEF), /* its name has no NUL */
		sym(99, 1, STT_FUNC, SHN_ABS),
	};
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = open_image(image, SHT_SYMTAB, syms, 5);
	struct elf_sym_iter it;
	struct elf_sym got;

	assert_int_equal(elf_sym_iter__init(&it, elf, SHT_DYNSYM), -ENOENT);
	assert_false(elf_sym_iter__next(&it, &got));
	assert_int_equal(elf_sym_iter__init(&it, elf, SHT_SYMTAB), 0);
	assert_true(elf_sym_iter__next(&it, &got));
	assert_string_equal(got.name, "main");
	assert_int_equal(got.value, 0x1234);
	assert_int_equal(got.size_bytes, 4);
	assert_int_equal(got.type, STT_FUNC);
	assert_int_equal(got.bind, STB_GLOBAL);
	assert_int_equal(got.idx, 1);
	assert_true(got.executable);
	assert_true(elf_sym_iter__next(&it, &got));
	assert_string_equal(got.name, "data");
	assert_false(got.executable);
	assert_true(elf_sym_iter__next(&it, &got));
	assert_string_equal(got.name, "");
	assert_int_equal(got.shndx, SHN_UNDEF);
	assert_true(elf_sym_iter__next(&it, &got));
	assert_string_equal(got.name, "");
	assert_false(got.executable);
	assert_false(elf_sym_iter__next(&it, &got));
	assert_false(elf_sym_iter__next(&it, &got));
}

static void test_wrong_section(void **state)
{
	const Elf64_Sym syms[] = { {}, sym(1, 1, STT_FUNC, 1) };
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = open_image(image, SHT_DYNSYM, syms, 2);
	struct elf_sym_iter it;
	struct elf_sym got;

	assert_int_equal(elf_sym_iter__init_section(&it, elf, 1), -EINVAL);
	assert_int_equal(elf_sym_iter__init_section(&it, elf, 99), -EINVAL);
	assert_int_equal(elf_sym_iter__init_section(&it, elf, 3), 0);
	assert_true(elf_sym_iter__next(&it, &got));
	assert_int_equal(elf_sym_iter__init(&it, elf, SHT_DYNSYM), 0);
	assert_true(elf_sym_iter__next(&it, &got));
	assert_string_equal(got.name, "main");
}

/* Our own binary: the function we are in is found where it is. */
static void test_own_binary(void **state)
{
	struct elf_file *elf __free(elf_file) = NULL;
	struct elf_sym_iter it;
	struct elf_sym got;
	int seen = 0;

	assert_int_equal(elf_file__open("/proc/self/exe", &elf), 0);
	assert_int_equal(elf_sym_iter__init(&it, elf, SHT_SYMTAB), 0);
	while (elf_sym_iter__next(&it, &got)) {
		if (strcmp(got.name, "main") != 0)
			continue;
		seen++;
		assert_true(got.executable);
		assert_int_equal(got.type, STT_FUNC);
	}
	assert_int_equal(seen, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iterate),
		cmocka_unit_test(test_wrong_section),
		cmocka_unit_test(test_own_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
