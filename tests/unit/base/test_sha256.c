// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/sha256.h"

/* Sums from FIPS 180-4's examples and sha256sum(1). */
static void known_sums(void **state)
{
	char text[SHA256_BASE64_CHARS + 1];

	sha256_base64("", 0, text);
	assert_string_equal(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	sha256_base64("abc", 3, text);
	assert_string_equal(text, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
	sha256_base64("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text);
	assert_string_equal(text, "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE=");
}

/* The padding takes one block or two, depending on what is left: every length around the edges. */
static void every_padding(void **state)
{
	static const struct {
		size_t len;
		uint8_t first[4];
	} cases[] = {
		{ 55, { 0x9f, 0x43, 0x90, 0xf8 } }, { 56, { 0xb3, 0x54, 0x39, 0xa4 } },
		{ 63, { 0x7d, 0x3e, 0x74, 0xa0 } }, { 64, { 0xff, 0xe0, 0x54, 0xfe } },
		{ 65, { 0x63, 0x53, 0x61, 0xc4 } },
	};
	uint8_t sum[SHA256_BYTES];
	char text[65];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sha256(text, cases[i].len, sum);
		assert_memory_equal(sum, cases[i].first, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sums),
		cmocka_unit_test(every_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
