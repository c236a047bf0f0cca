// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "harness/elf_image.h"

#define CODE "\x90\x90\x90\xc3 some code"
#define DATA "constant data"

/* .rodata, .text and .debug_x; as bytes in *@ret. */
static struct elf_image *image_small(int sections, uint8_t **ret, size_t *ret_len)
{
	struct elf_image *image = elf_image__new(EM_X86_64);

	elf_image__section(image, ".rodata", SHT_PROGBITS, SHF_ALLOC, DATA, sizeof(DATA));
	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, CODE,
			   sizeof(CODE));
	elf_image__section(image, ".debug_x", SHT_PROGBITS, 0, "xyz", 3);
	*ret = elf_image__finish(image, sections, ret_len);
	return image;
}

static void test_sections(void **state)
{
	struct elf_file *elf __free(elf_file) = NULL;
	struct elf_span span;
	uint8_t *bytes;
	size_t len, idx;
	struct elf_image *image __free(elf_image) = image_small(1, &bytes, &len);

	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(elf_file__machine(elf), EM_X86_64);
	assert_int_equal(elf_file__type(elf), ET_DYN);
	assert_int_equal(elf_file__fd(elf), -1);
	assert_int_equal(elf_file__section_cnt(elf), 5);
	assert_int_equal(elf_file__find_section(elf, ".text", &idx), 0);
	assert_int_equal(idx, 2);
	assert_string_equal(elf_file__section_name(elf, idx), ".text");
	assert_int_equal(elf_file__section_data(elf, idx, &span), 0);
	assert_int_equal(span.len_bytes, sizeof(CODE));
	assert_memory_equal(span.at, CODE, sizeof(CODE));
	assert_int_equal(elf_file__find_section(elf, ".tex", &idx), -ENOENT);
	assert_int_equal(elf_file__section_data_by_name(elf, ".debug_x", &span), 0);
	assert_memory_equal(span.at, "xyz", 3);
}

static void test_addresses_go_through_their_own_segment(void **state)
{
	struct elf_file *elf __free(elf_file) = NULL;
	const Elf64_Shdr *text;
	uint64_t off, vaddr;
	uint8_t *bytes, got[4];
	size_t len;
	struct elf_image *image __free(elf_image) = image_small(1, &bytes, &len);

	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	text = elf_file__section(elf, 2);
	assert_int_equal(elf_file__vaddr_to_off(elf, text->sh_addr + 3, &off), 0);
	assert_int_equal(off, text->sh_offset + 3);
	assert_int_equal(elf_file__off_to_vaddr(elf, off, &vaddr), 0);
	assert_int_equal(vaddr, text->sh_addr + 3);
	assert_int_equal(elf_file__vaddr_to_off(elf, text->sh_addr + sizeof(CODE), &off), -ENOENT);
	assert_int_equal(elf_file__vaddr_to_off(elf, 0, &off), -ENOENT);
	assert_int_equal(elf_file__read_vaddr(elf, text->sh_addr, got, 4), 0);
	assert_memory_equal(got, CODE, 4);
	assert_int_equal(elf_file__read_vaddr(elf, text->sh_addr + sizeof(CODE) - 3, got, 4),
			 -EFAULT);
	assert_int_equal(elf_file__load_by_off(elf, text->sh_offset)->p_flags, PF_R | PF_X);
}

static void test_no_sections(void **state)
{
	struct elf_file *elf __free(elf_file) = NULL;
	uint8_t *bytes;
	size_t len, idx;
	struct elf_image *image __free(elf_image) = image_small(0, &bytes, &len);

	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(elf_file__section_cnt(elf), 0);
	assert_int_equal(elf_file__find_section(elf, ".text", &idx), -ENOENT);
	assert_int_equal(elf_file__phdr_cnt(elf), 2);
	assert_null(elf_file__find_phdr(elf, PT_DYNAMIC));
	assert_non_null(elf_file__find_phdr(elf, PT_LOAD));
}

/* A section table that points outside, or whose names do, is the same as none. */
static void test_broken_section_table(void **state)
{
	uint8_t *bytes;
	size_t len;
	struct elf_image *image __free(elf_image) = image_small(1, &bytes, &len);
	Elf64_Ehdr good = *(Elf64_Ehdr *)bytes;

	for (int i = 0; i < 5; i++) {
		struct elf_file *elf __free(elf_file) = NULL;
		Elf64_Ehdr bad = good;

		if (i == 0)
			bad.e_shoff = len - 10;
		else if (i == 1)
			bad.e_shoff = UINT64_MAX - 64;
		else if (i == 2)
			bad.e_shstrndx = 77;
		else if (i == 3)
			bad.e_shstrndx = 2;
		else
			bad.e_shentsize = 63;
		memcpy(bytes, &bad, sizeof(bad));
		assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
		assert_int_equal(elf_file__section_cnt(elf), 0);
	}
}

static void test_refusals(void **state)
{
	struct elf_file *elf = NULL;
	uint8_t *bytes;
	size_t len;
	struct elf_image *image __free(elf_image) = image_small(1, &bytes, &len);
	Elf64_Ehdr good = *(Elf64_Ehdr *)bytes, bad;

#define REFUSED(err, change)                                                                       \
	do {                                                                                       \
		bad = good;                                                                        \
		bad.change;                                                                        \
		memcpy(bytes, &bad, sizeof(bad));                                                  \
		assert_int_equal(elf_file__open_mem(bytes, len, &elf), err);                       \
	} while (0)
	REFUSED(-ENOEXEC, e_ident[1] = 'F');
	REFUSED(-ENOTSUP, e_ident[EI_CLASS] = ELFCLASS32);
	REFUSED(-ENOTSUP, e_ident[EI_DATA] = ELFDATA2MSB);
	REFUSED(-ENOTSUP, e_machine = EM_RISCV);
	REFUSED(-ENOTSUP, e_type = ET_REL);
	REFUSED(-ENOTSUP, e_type = ET_CORE);
	REFUSED(-ENOEXEC, e_phnum = 0);
	REFUSED(-ENOEXEC, e_phoff = len);
	REFUSED(-ENOEXEC, e_phentsize = 55);
	memcpy(bytes, &good, sizeof(good));
	assert_int_equal(elf_file__open_mem(bytes, 0, &elf), -ENOEXEC);
	assert_int_equal(elf_file__open_mem(bytes, sizeof(good) - 1, &elf), -ENOEXEC);
	assert_int_equal(elf_file__open("/dev/null", &elf), -EINVAL);
	assert_int_equal(elf_file__open("/nonexistent", &elf), -ENOENT);
	assert_null(elf);
}

/* Every cut of a good file either opens or is refused, and what opens can be read to its end. */
static void test_cut_anywhere(void **state)
{
	uint8_t *bytes;
	size_t len;
	struct elf_image *image __free(elf_image) = image_small(1, &bytes, &len);

	for (size_t cut = 0; cut < len; cut++) {
		struct elf_file *elf __free(elf_file) = NULL;
		uint8_t *part __free_mem = malloc(cut + 1);
		struct elf_span span;
		int err;

		memcpy(part, bytes, cut);
		err = elf_file__open_mem(part, cut, &elf);
		assert_true(err == 0 || err == -ENOEXEC);
		for (size_t i = 1; !err && i < elf_file__section_cnt(elf); i++)
			elf_file__section_data(elf, i, &span);
	}
}

static void test_file_that_shrinks(void **state)
{
	struct elf_file *elf __free(elf_file) = NULL;
	int fd __close_fd = memfd_create("shrinks", MFD_CLOEXEC);
	struct elf_span text, debug;
	uint8_t *bytes;
	size_t len;
	struct elf_image *image __free(elf_image) = image_small(1, &bytes, &len);

	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(elf_file__open_fd(fd, &elf), 0);
	assert_int_not_equal(elf_file__fd(elf), fd);
	assert_int_equal(elf_file__section_data(elf, 2, &text), 0);
	assert_int_equal(ftruncate(fd, 64), 0);
	assert_int_equal(elf_file__section_data(elf, 3, &debug), -ENODATA);
	/* What was read before is kept. */
	assert_int_equal(elf_file__section_data(elf, 2, &text), 0);
	assert_memory_equal(text.at, CODE, sizeof(CODE));
}

static void test_compressed_section(void **state)
{
	static const char plain[1000] = "zeros follow";
	struct {
		Elf64_Chdr chdr;
		uint8_t data[200];
	} packed = { { ELFCOMPRESS_ZLIB, 0, sizeof(plain), 1 }, {} };
	struct elf_image *image __free(elf_image) = elf_image__new(EM_AARCH64);
	struct elf_file *elf __free(elf_file) = NULL;
	uLongf data_len = sizeof(packed.data);
	struct elf_span span, again;
	size_t len;
	uint8_t *bytes;

	assert_int_equal(compress(packed.data, &data_len, (const uint8_t *)plain, sizeof(plain)),
			 Z_OK);
	elf_image__section(image, ".rodata", SHT_PROGBITS, SHF_ALLOC, DATA, sizeof(DATA));
	elf_image__section(image, ".good", SHT_PROGBITS, SHF_COMPRESSED, &packed,
			   sizeof(packed.chdr) + data_len);
	elf_image__section(image, ".cut", SHT_PROGBITS, SHF_COMPRESSED, &packed,
			   sizeof(packed.chdr) + data_len - 6);
	packed.chdr.ch_size = sizeof(plain) - 1;
	elf_image__section(image, ".less", SHT_PROGBITS, SHF_COMPRESSED, &packed, sizeof(packed));
	packed.chdr.ch_size = 1ull << 40;
	elf_image__section(image, ".bomb", SHT_PROGBITS, SHF_COMPRESSED, &packed, sizeof(packed));
	packed.chdr.ch_type = 2;
	elf_image__section(image, ".zstd", SHT_PROGBITS, SHF_COMPRESSED, &packed, sizeof(packed));
	elf_image__section(image, ".tiny", SHT_PROGBITS, SHF_COMPRESSED, &packed, 5);
	bytes = elf_image__finish(image, 1, &len);

	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(elf_file__section_data_by_name(elf, ".good", &span), 0);
	assert_int_equal(span.len_bytes, sizeof(plain));
	assert_memory_equal(span.at, plain, sizeof(plain));
	assert_int_equal(elf_file__section_data_by_name(elf, ".good", &again), 0);
	assert_ptr_equal(again.at, span.at);
	assert_int_equal(elf_file__section_data_by_name(elf, ".cut", &span), -EBADMSG);
	assert_int_equal(elf_file__section_data_by_name(elf, ".less", &span), -EBADMSG);
	assert_int_equal(elf_file__section_data_by_name(elf, ".bomb", &span), -EBADMSG);
	assert_int_equal(elf_file__section_data_by_name(elf, ".zstd", &span), -ENOTSUP);
	assert_int_equal(elf_file__section_data_by_name(elf, ".tiny", &span), -EBADMSG);
}

static void test_no_bytes(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = NULL;
	struct elf_span span;
	uint8_t *bytes, byte;
	size_t len;
	uint32_t far;

	elf_image__section(image, ".rodata", SHT_PROGBITS, SHF_ALLOC, DATA, sizeof(DATA));
	elf_image__section(image, ".bss", SHT_NOBITS, 0, "", 0);
	far = elf_image__section(image, ".far", SHT_PROGBITS, 0, DATA, sizeof(DATA));
	elf_image__shdr(image, far)->sh_size = UINT64_MAX - 100;
	bytes = elf_image__finish(image, 1, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(elf_file__section_data_by_name(elf, ".bss", &span), -ENODATA);
	assert_int_equal(elf_file__section_data_by_name(elf, ".far", &span), -ENODATA);
	assert_int_equal(elf_file__read(elf, len - 1, &byte, 1), 0);
	assert_int_equal(elf_file__read(elf, len, &byte, 1), -ENODATA);
	assert_int_equal(elf_file__read(elf, UINT64_MAX, &byte, 1), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_addresses_go_through_their_own_segment),
		cmocka_unit_test(test_no_sections),
		cmocka_unit_test(test_broken_section_table),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_file_that_shrinks),
		cmocka_unit_test(test_compressed_section),
		cmocka_unit_test(test_no_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
