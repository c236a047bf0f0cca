// SPDX-License-Identifier: Apache-2.0
#include "serve/symbol.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect_parsed(const char *text, const uint64_t *want, size_t cnt)
{
	struct addresses addresses = {};
	size_t i;

	assert_int_equal(addresses__parse(&addresses, text), 0);
	assert_int_equal(addresses.list.cnt, cnt);
	for (i = 0; i < cnt; i++)
		assert_int_equal(addresses.list.at[i], want[i]);
	addresses__done(&addresses);
}

static void test_parse(void **state)
{
	expect_parsed("", NULL, 0);
	expect_parsed("0x1f+0X2E+3", (const uint64_t[]){ 0x1f, 0x2e, 3 }, 3);
	expect_parsed(" 0x1 0x2\r\n", (const uint64_t[]){ 1, 2 }, 2);
	expect_parsed("0xffffffffffffffff", (const uint64_t[]){ UINT64_MAX }, 1);
	expect_parsed("0+0x+-1++x+0x1g+0x10000000000000000+\xff+0x5", (const uint64_t[]){ 5 }, 1);
}

static void test_too_many(void **state)
{
	struct addresses addresses = {};
	size_t i;

	for (i = 0; i < ADDRESSES_MAX; i++)
		assert_int_equal(addresses__parse(&addresses, "0x1"), 0);
	assert_int_equal(addresses__parse(&addresses, "x"), 0);
	assert_int_equal(addresses__parse(&addresses, "0x1"), -E2BIG);
	addresses__done(&addresses);
}

static void add_location(struct profile *profile, uint64_t address, const char *inner,
			 const char *outer)
{
	struct profile_line lines[2] = {};
	uint32_t unused;

	profile__add_function(profile, inner, NULL, NULL, 0, &lines[0].function);
	profile__add_function(profile, outer, NULL, NULL, 0, &lines[1].function);
	assert_int_equal(profile__add_location(profile, 0, address, lines, 2, false, &unused), 0);
}

static void expect_names(const struct profile *profile, const char *asked, const char *want)
{
	struct buf *out __free(buf) = buf__new(1000);
	struct addresses addresses = {};

	assert_int_equal(addresses__parse(&addresses, asked), 0);
	assert_int_equal(symbol_write(profile, &addresses, out), 0);
	assert_string_equal(buf__data(out), want);
	addresses__done(&addresses);
}

static void test_names(void **state)
{
	struct profile *profile __free(profile) = profile__new_heap();

	add_location(profile, 0x1000, "inner", "outer");
	add_location(profile, 0x2000, "other\n0x1000\tforged", "outer");
	add_location(profile, 0x3000, "then", "outer");
	add_location(profile, 0x3000, "now", "outer");
	add_location(profile, 0x4000, "same", "outer");
	add_location(profile, 0x4000, "same", "another");
	expect_names(NULL, "0x1000", "num_symbols: 1\n");
	expect_names(profile, "", "num_symbols: 1\n");
	expect_names(profile, "0x2000+0x1000",
		     "num_symbols: 1\n0x2000\tother?0x1000?forged\n0x1000\tinner\n");
	/* Where calls return to, and what is next to that. */
	expect_names(profile, "0x1001+0xfff+0x1002", "num_symbols: 1\n0x1001\tinner\n");
	expect_names(profile, "0x1000+0x1000+4096", "num_symbols: 1\n0x1000\tinner\n");
	expect_names(profile, "0x3000+0x4000", "num_symbols: 1\n0x4000\tsame\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
