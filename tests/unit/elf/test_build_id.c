// SPDX-License-Identifier: Apache-2.0
#include "elf/build_id.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "elf/elf_file.h"
#include "harness/elf_image.h"

/* A note of another owner, then the build id. */
#define OTHER "\4\0\0\0\5\0\0\0\3\0\0\0GNUX12345\0\0\0"
#define BUILD "\4\0\0\0\3\0\0\0\3\0\0\0GNU\0\xab\xcd\x01"

static int read_notes(const void *notes, size_t notes_len, int sections, struct build_id *ret)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = NULL;
	uint8_t *bytes;
	size_t len;

	elf_image__section(image, ".rodata", SHT_PROGBITS, SHF_ALLOC, "x", 1);
	if (notes_len)
		elf_image__section(image, ".note.x", SHT_NOTE, SHF_ALLOC, notes, notes_len);
	bytes = elf_image__finish(image, sections, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	return build_id_read(elf, ret);
}

static void test_read(void **state)
{
	char hex[BUILD_ID_HEX_SIZE];
	struct build_id id;

	for (int sections = 0; sections < 2; sections++) {
		memset(&id, 0, sizeof(id));
		assert_int_equal(read_notes(OTHER BUILD, sizeof(OTHER BUILD) - 1, sections, &id),
				 0);
		assert_string_equal(build_id_format(&id, hex), "abcd01");
	}
}

static void test_none(void **state)
{
	struct build_id id = { .len_bytes = 7 };

	assert_int_equal(read_notes("", 0, 1, &id), -ENOENT);
	assert_int_equal(read_notes(OTHER, sizeof(OTHER) - 1, 1, &id), -ENOENT);
	assert_int_equal(read_notes("\4\0\0\0\xff\xff\xff\xff\3\0\0\0GNU\0", 16, 1, &id), -ENOENT);
	assert_int_equal(read_notes("\xff\xff\xff\xff\4\0\0\0\3\0\0\0GNU\0", 16, 1, &id), -ENOENT);
	assert_int_equal(id.len_bytes, 7);
	/* Cut at every byte: what is left of it is never taken for an id. */
	for (size_t cut = 1; cut < sizeof(OTHER BUILD) - 1; cut++)
		assert_int_equal(read_notes(OTHER BUILD, cut, 1, &id), -ENOENT);
}

static void test_text(void **state)
{
	char hex[BUILD_ID_HEX_SIZE], longest[2 * BUILD_ID_MAX_BYTES + 3];
	struct build_id a, b;

	assert_int_equal(build_id_parse("00ffA1b2", &a), 0);
	assert_string_equal(build_id_format(&a, hex), "00ffa1b2");
	assert_int_equal(build_id_parse("00ffa1b2", &b), 0);
	assert_true(build_id_equal(&a, &b));
	assert_int_equal(build_id_parse("00ffa1b3", &b), 0);
	assert_false(build_id_equal(&a, &b));
	assert_int_equal(build_id_parse("00ffa1", &b), 0);
	assert_false(build_id_equal(&a, &b));
	assert_int_equal(build_id_parse("", &b), -EINVAL);
	assert_int_equal(build_id_parse("abc", &b), -EINVAL);
	assert_int_equal(build_id_parse("zz", &b), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[2 * BUILD_ID_MAX_BYTES] = '\0';
	assert_int_equal(build_id_parse(longest, &b), 0);
	assert_string_equal(build_id_format(&b, hex), longest);
	memset(longest, 'a', sizeof(longest));
	longest[2 * BUILD_ID_MAX_BYTES + 2] = '\0';
	assert_int_equal(build_id_parse(longest, &b), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
