// SPDX-License-Identifier: Apache-2.0
#include "elf/debuglink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "elf/elf_file.h"
#include "harness/elf_image.h"

/* A file with one section of these bytes. */
static struct elf_file *open_with(struct elf_image *image, const char *section, const void *data,
				  size_t len)
{
	struct elf_file *elf = NULL;
	uint8_t *bytes;
	size_t size;

	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1);
	elf_image__section(image, section, SHT_PROGBITS, 0, data, len);
	bytes = elf_image__finish(image, 1, &size);
	assert_int_equal(elf_file__open_mem(bytes, size, &elf), 0);
	return elf;
}

static int read_link(const char *data, size_t len, char name[static 16], uint32_t *ret_crc)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = open_with(image, ".gnu_debuglink", data, len);
	struct debuglink link;
	int err = debuglink_read(elf, &link);

	if (!err) {
		snprintf(name, 16, "%s", link.name);
		*ret_crc = link.crc;
	}
	return err;
}

static void test_link(void **state)
{
	char name[16];
	uint32_t crc;

	assert_int_equal(read_link("a.debug\0\x78\x56\x34\x12", 12, name, &crc), 0);
	assert_string_equal(name, "a.debug");
	assert_int_equal(crc, 0x12345678);
	assert_int_equal(read_link("a.deb\0\0\0\x78\x56\x34\x12", 12, name, &crc), 0);
	assert_int_equal(crc, 0x12345678);
}

static void test_bad_link(void **state)
{
	char name[16];
	uint32_t crc;

	assert_int_equal(read_link("a.debug\0\x78\x56\x34", 11, name, &crc), -EBADMSG);
	assert_int_equal(read_link("a.deb\0\0\x78\x56\x34\x12", 11, name, &crc), -EBADMSG);
	assert_int_equal(read_link("no end", 6, name, &crc), -EBADMSG);
	assert_int_equal(read_link("\0\0\0\0\1\2\3\4", 8, name, &crc), -EBADMSG);
	assert_int_equal(read_link("../../x\0\1\2\3\4", 12, name, &crc), -EBADMSG);
	assert_int_equal(read_link("..\0\0\1\2\3\4", 8, name, &crc), -EBADMSG);
	assert_int_equal(read_link("", 0, name, &crc), -EBADMSG);
}

static void test_none(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = open_with(image, ".other", "x", 1);
	struct debugaltlink alt;
	struct debuglink link;

	assert_int_equal(debuglink_read(elf, &link), -ENOENT);
	assert_int_equal(debugaltlink_read(elf, &alt), -ENOENT);
}

static void test_alt(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) =
		open_with(image, ".gnu_debugaltlink", "/a/b\0\1\2\3", 8);
	struct debugaltlink alt;

	assert_int_equal(debugaltlink_read(elf, &alt), 0);
	assert_string_equal(alt.path, "/a/b");
	assert_int_equal(alt.build_id.len_bytes, 3);
	assert_memory_equal(alt.build_id.bytes, "\1\2\3", 3);
}

static void test_bad_alt(void **state)
{
	char too_long[4 + BUILD_ID_MAX_BYTES] = "/a";
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) =
		open_with(image, ".gnu_debugaltlink", too_long, sizeof(too_long));
	struct debugaltlink alt;

	assert_int_equal(debugaltlink_read(elf, &alt), -EBADMSG);
}

/* Bit by bit, as the polynomial says (0xedb88320, reflected); the file is longer than one chunk. */
static void test_crc(void **state)
{
	static uint8_t data[200000];
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = NULL;
	uint32_t want = UINT32_MAX, got;
	uint8_t *bytes;
	size_t size, i;
	int bit;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 >> 3);
	elf_image__section(image, ".data", SHT_PROGBITS, SHF_ALLOC, data, sizeof(data));
	bytes = elf_image__finish(image, 1, &size);
	assert_int_equal(elf_file__open_mem(bytes, size, &elf), 0);
	for (i = 0; i < size; i++) {
		want ^= bytes[i];
		for (bit = 0; bit < 8; bit++)
			want = want >> 1 ^ (want & 1 ? 0xedb88320 : 0);
	}
	assert_int_equal(debuglink_crc(elf, &got), 0);
	assert_int_equal(got, ~want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),    cmocka_unit_test(test_bad_link),
		cmocka_unit_test(test_none),    cmocka_unit_test(test_alt),
		cmocka_unit_test(test_bad_alt), cmocka_unit_test(test_crc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
