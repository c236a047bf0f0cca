// SPDX-License-Identifier: Apache-2.0
#include "unwind/cfi_section.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness/cfi_bytes.h"
#include "harness/elf_image.h"

#define VADDR 0x5000
#define USUAL "\x0c\x07\x08\x90\x01"

static struct cfi_section section_of(const struct cfi_bytes *b)
{
	return (struct cfi_section){
		.bytes = { (const uint8_t *)buf__data(b->bytes), buf__len(b->bytes) },
		.vaddr = b->debug_frame ? 0 : b->vaddr,
		.debug_frame = b->debug_frame,
	};
}

/* One CIE, one FDE for [0x1234, 0x1234 + 64): what is read must be that. */
static void check_pair(int debug_frame, const char *augmentation, const char *aug_data,
		       size_t aug_len, bool signal)
{
	uint32_t pos = 0, start, cie_pos;
	struct cfi_section section;
	struct cfi_bytes b;
	struct cfi_cie cie;
	struct cfi_fde fde;

	cfi_bytes_init(&b, VADDR, debug_frame);
	cfi_bytes__cie(&b, 16, augmentation, aug_data, aug_len, USUAL, 5);
	cfi_bytes__fde(&b, 0x1234, 64, "\x41\x0e\x10", 3);
	section = section_of(&b);
	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_CIE);
	assert_int_equal(start, 0);
	assert_int_equal(cfi_section_cie(&section, start, &cie), 0);
	assert_int_equal(cie.code_align, 1);
	assert_int_equal(cie.data_align, -8);
	assert_int_equal(cie.ra_reg, 16);
	assert_int_equal(cie.signal, signal);
	assert_memory_equal(cie.program.at, USUAL, 5);
	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_FDE);
	assert_int_equal(cfi_section_fde_cie_pos(&section, start, &cie_pos), 0);
	assert_int_equal(cie_pos, 0);
	assert_int_equal(cfi_section_fde(&section, start, &cie, &fde), 0);
	assert_int_equal(fde.vaddr, 0x1234);
	assert_int_equal(fde.len_bytes, 64);
	assert_memory_equal(fde.program.at, "\x41\x0e\x10", 3);
	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_END);
	/* An entry of one kind is not taken for the other. */
	assert_int_equal(cfi_section_cie(&section, start, &cie), -EBADMSG);
	assert_int_equal(cfi_section_fde_cie_pos(&section, 0, &cie_pos), -EBADMSG);
	cfi_bytes_done(&b);
}

static void test_eh_frame(void **state)
{
	check_pair(0, "zR", "\x1b", 1, false);
	check_pair(0, "zRS", "\x1b", 1, true);
	check_pair(0, "zR", CFI_ENC_ABSPTR, 1, false);
	/* encoding, personality (pcrel sdata4), LSDA encoding */
	check_pair(0, "zRPL", "\x1b\x9b\1\2\3\4\x1b", 7, false);
	check_pair(0, "zRPL", "\x1b\xff\x1b", 3, false);
	/* arm64's key B and tags; a letter from the future ends what is understood */
	check_pair(0, "zRB", "\x1b", 1, false);
	check_pair(0, "zRG", "\x1b", 1, false);
	check_pair(0, "zR?S", "\x1b\7\7", 3, false);
}

static void test_debug_frame(void **state)
{
	check_pair(1, "", "", 0, false);
}

static int cie_of(const void *bytes, size_t len)
{
	struct cfi_section section = { .bytes = { bytes, len } };
	struct cfi_cie cie;

	return cfi_section_cie(&section, 0, &cie);
}

static void test_cie_refusals(void **state)
{
	/* length, id 0, version, augmentation, code and data alignment, return register */
	assert_int_equal(cie_of("\x09\0\0\0\0\0\0\0\1\0\1\x78\x10", 13), 0);
	assert_int_equal(cie_of("\x09\0\0\0\0\0\0\0\2\0\1\x78\x10", 13), -EBADMSG);
	/* ancient "eh", without 'z' */
	assert_int_equal(cie_of("\x0b\0\0\0\0\0\0\0\1eh\0\1\x78\x10", 15), -EBADMSG);
	/* augmentation data longer than the entry */
	assert_int_equal(cie_of("\x0b\0\0\0\0\0\0\0\1z\0\1\x78\x10\x55", 15), -EBADMSG);
	/* a string without an end */
	assert_int_equal(cie_of("\x06\0\0\0\0\0\0\0\1z", 10), -EBADMSG);
	/* version 4: 8-byte addresses only, no segments */
	assert_int_equal(cie_of("\x0b\0\0\0\0\0\0\0\4\0\x08\0\1\x78\x10", 15), 0);
	assert_int_equal(cie_of("\x0b\0\0\0\0\0\0\0\4\0\x04\0\1\x78\x10", 15), -EBADMSG);
	assert_int_equal(cie_of("\x0b\0\0\0\0\0\0\0\4\0\x08\1\1\x78\x10", 15), -EBADMSG);
}

static void test_every_cut(void **state)
{
	struct cfi_section section;
	struct cfi_bytes b;

	cfi_bytes_init(&b, VADDR, 0);
	cfi_bytes__cie(&b, 16, "zRPL", "\x1b\x9b\1\2\3\4\x1b", 7, USUAL, 5);
	cfi_bytes__fde(&b, 0x1234, 64, "\x41\x0e\x10", 3);
	section = section_of(&b);
	for (size_t cut = 0; cut < section.bytes.len_bytes; cut++) {
		uint8_t *part __free_mem = malloc(cut + 1);
		struct cfi_section less = section;
		uint32_t pos = 0, start;
		enum cfi_entry_kind kind;

		memcpy(part, section.bytes.at, cut);
		less.bytes = (struct elf_span){ part, cut };
		do
			kind = cfi_section_next(&less, &pos, &start);
		while (kind == CFI_ENTRY_CIE || kind == CFI_ENTRY_FDE);
		/* A cut between the two is none that could be seen. */
		if (kind == CFI_ENTRY_END)
			assert_true(cut == 0 || cut == pos);
		else
			assert_int_equal(kind, CFI_ENTRY_BAD);
	}
	cfi_bytes_done(&b);
}

static void test_zero_lengths(void **state)
{
	uint32_t pos = 0, start;
	struct cfi_section section;
	struct cfi_bytes b;

	cfi_bytes_init(&b, VADDR, 0);
	cfi_bytes__raw(&b, "\0\0\0\0\0\0\0\0", 8);
	cfi_bytes__cie(&b, 16, "zR", "\x1b", 1, USUAL, 5);
	section = section_of(&b);
	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_CIE);
	assert_int_equal(start, 8);
	pos = 0;
	section.ends_at_zero = true;
	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_END);
	cfi_bytes_done(&b);
}

/* 64-bit DWARF: the length escapes with 0xffffffff. */
static void test_64bit(void **state)
{
	static const char bytes[] = "\xff\xff\xff\xff\x0d\0\0\0\0\0\0\0"
				    "\xff\xff\xff\xff\xff\xff\xff\xff\3\0\1\x78\x10"
				    "\xff\xff\xff\xff\x18\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0\x34\x12\0\0\0\0\0\0\x40\0\0\0\0\0\0\0";
	struct cfi_section section = { .bytes = { (const uint8_t *)bytes, sizeof(bytes) - 1 },
				       .debug_frame = true };
	uint32_t pos = 0, start, cie_pos;
	struct cfi_cie cie;
	struct cfi_fde fde;

	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_CIE);
	assert_int_equal(cfi_section_cie(&section, start, &cie), 0);
	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_FDE);
	assert_int_equal(cfi_section_fde_cie_pos(&section, start, &cie_pos), 0);
	assert_int_equal(cie_pos, 0);
	assert_int_equal(cfi_section_fde(&section, start, &cie, &fde), 0);
	assert_int_equal(fde.vaddr, 0x1234);
	assert_int_equal(fde.len_bytes, 0x40);
	assert_int_equal(cfi_section_next(&section, &pos, &start), CFI_ENTRY_END);
}

static void test_pointer_encodings(void **state)
{
	static const uint8_t bytes[] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };
	const struct cfi_section section = { .bytes = { bytes, sizeof(bytes) }, .vaddr = VADDR };
	const struct {
		uint8_t enc;
		int err;
		uint64_t value;
		size_t len;
	} cases[] = {
		{ 0x00, 0, 0x7ffffffffffffffe, 8 },
		{ 0x01, 0, 0xfffffffffffffe, 8 }, /* uleb128: eight groups of seven bits */
		{ 0x02, 0, 0xfffe, 2 },
		{ 0x03, 0, 0xfffffffe, 4 },
		{ 0x04, 0, 0x7ffffffffffffffe, 8 },
		{ 0x0a, 0, -2ull, 2 },
		{ 0x0b, 0, -2ull, 4 },
		{ 0x0c, 0, 0x7ffffffffffffffe, 8 },
		{ 0x1b, 0, VADDR - 2, 4 },
		{ 0x12, 0, VADDR + 0xfffe, 2 },
		{ 0x05, -EBADMSG, 0, 0 },
		{ 0x3b, -EBADMSG, 0, 0 }, /* datarel */
		{ 0x9b, -EBADMSG, 0, 0 }, /* indirect */
		{ 0xff, -EBADMSG, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint8_t *at = bytes;
		uint64_t value = 0;

		assert_int_equal(cfi_section_pointer(&section, cases[i].enc, &at,
						     bytes + sizeof(bytes), &value),
				 cases[i].err);
		if (cases[i].err)
			continue;
		assert_int_equal(value, cases[i].value);
		assert_int_equal(at - bytes, cases[i].len);
	}
}

static void test_fde_to_nowhere(void **state)
{
	/* relative to before the section, and .debug_frame beyond its end */
	const struct cfi_section eh = { .bytes = { (const uint8_t *)"\4\0\0\0\x55\0\0\0", 8 } };
	const struct cfi_section dbg = { .bytes = eh.bytes, .debug_frame = true };
	uint32_t cie_pos;

	assert_int_equal(cfi_section_fde_cie_pos(&eh, 0, &cie_pos), -EBADMSG);
	assert_int_equal(cfi_section_fde_cie_pos(&dbg, 0, &cie_pos), -EBADMSG);
	assert_int_equal(cfi_section_fde_cie_pos(&eh, 9, &cie_pos), -EBADMSG);
}

/* Without sections the program header leads to .eh_frame_hdr, and that to .eh_frame. */
static void test_find_without_sections(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = NULL;
	struct cfi_section section;
	uint64_t eh_vaddr;
	uint8_t *bytes, header[12] = { 1, 0x1b, 0x03, 0x3b };
	int32_t rel;
	size_t len;

	eh_vaddr = elf_image__next_vaddr(image);
	elf_image__section(image, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, "\0\0\0\0rest", 8);
	rel = (int32_t)(eh_vaddr - (elf_image__next_vaddr(image) + 4));
	memcpy(header + 4, &rel, 4);
	elf_image__section(image, ".eh_frame_hdr", SHT_PROGBITS, SHF_ALLOC, header, sizeof(header));
	bytes = elf_image__finish(image, 0, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(cfi_section_find_eh_frame(elf, &section), 0);
	assert_int_equal(section.vaddr, eh_vaddr);
	assert_true(section.ends_at_zero);
	assert_memory_equal(section.bytes.at, "\0\0\0\0rest", 8);
	assert_int_equal(cfi_section_find_debug_frame(elf, &section), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eh_frame),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_cie_refusals),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_zero_lengths),
		cmocka_unit_test(test_64bit),
		cmocka_unit_test(test_pointer_encodings),
		cmocka_unit_test(test_fde_to_nowhere),
		cmocka_unit_test(test_find_without_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
