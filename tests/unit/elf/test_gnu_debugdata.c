// SPDX-License-Identifier: Apache-2.0
#include "elf/gnu_debugdata.h"

#include <errno.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "elf/elf_file.h"
#include "harness/elf_image.h"

static int unpack(const void *data, size_t len, uint8_t **ret, size_t *ret_len)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = NULL;
	uint8_t *bytes;
	size_t size;

	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1);
	if (data)
		elf_image__section(image, ".gnu_debugdata", SHT_PROGBITS, 0, data, len);
	bytes = elf_image__finish(image, 1, &size);
	assert_int_equal(elf_file__open_mem(bytes, size, &elf), 0);
	return gnu_debugdata_unpack(elf, ret, ret_len);
}

/* @len zeroes by xz. */
static uint8_t *pack_zeroes(size_t len, size_t *ret_len)
{
	static uint8_t zeroes[1 << 20];
	lzma_stream xz = LZMA_STREAM_INIT;
	size_t cap = len / 100 + 65536;
	uint8_t *packed = malloc(cap);

	assert_int_equal(lzma_easy_encoder(&xz, 0, LZMA_CHECK_CRC32), LZMA_OK);
	xz.next_out = packed;
	xz.avail_out = cap;
	while (len) {
		xz.next_in = zeroes;
		xz.avail_in = len < sizeof(zeroes) ? len : sizeof(zeroes);
		len -= xz.avail_in;
		assert_int_equal(lzma_code(&xz, LZMA_RUN), LZMA_OK);
	}
	assert_int_equal(lzma_code(&xz, LZMA_FINISH), LZMA_STREAM_END);
	*ret_len = cap - xz.avail_out;
	lzma_end(&xz);
	return packed;
}

static void test_good(void **state)
{
	uint8_t *packed __free_mem = NULL, *data __free_mem = NULL;
	size_t packed_len, len, i;

	packed = pack_zeroes(300000, &packed_len);
	assert_int_equal(unpack(packed, packed_len, &data, &len), 0);
	assert_int_equal(len, 300000);
	for (i = 0; i < len; i++)
		assert_int_equal(data[i], 0);
}

static void test_bad(void **state)
{
	uint8_t *packed __free_mem = NULL, *data = NULL;
	size_t packed_len, len;

	packed = pack_zeroes(300000, &packed_len);
	assert_int_equal(unpack(NULL, 0, &data, &len), -ENOENT);
	assert_int_equal(unpack("", 0, &data, &len), -EBADMSG);
	assert_int_equal(unpack("no xz", 5, &data, &len), -EBADMSG);
	assert_int_equal(unpack(packed, packed_len - 1, &data, &len), -EBADMSG);
	packed[packed_len / 2] ^= 1;
	assert_int_equal(unpack(packed, packed_len, &data, &len), -EBADMSG);
	assert_null(data);
}

static void test_bomb(void **state)
{
	uint8_t *packed __free_mem = NULL, *data = NULL;
	size_t packed_len, len;

	packed = pack_zeroes(GNU_DEBUGDATA_MAX_BYTES + 1, &packed_len);
	assert_int_equal(unpack(packed, packed_len, &data, &len), -EFBIG);
	assert_null(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
