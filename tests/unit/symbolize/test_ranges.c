// SPDX-License-Identifier: Apache-2.0
#include "symbolize/ranges.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_empty(void **state)
{
	struct ranges r = {};

	assert_int_equal(ranges_add(&r, 5, 5, 1), 0);
	assert_int_equal(ranges_add(&r, 9, 5, 1), 0);
	assert_int_equal(ranges_seal(&r), 0);
	assert_int_equal(ranges_find(&r, 5), RANGES_NONE);
	ranges_done(&r);
}

static void test_nested(void **state)
{
	struct ranges r = {};

	ranges_add(&r, 100, 200, 0);
	ranges_add(&r, 120, 180, 1);
	ranges_add(&r, 140, 150, 2);
	ranges_add(&r, 150, 160, 2);
	ranges_add(&r, 300, UINT64_MAX, 3);
	assert_int_equal(ranges_seal(&r), 0);
	assert_int_equal(ranges_find(&r, 99), RANGES_NONE);
	assert_int_equal(ranges_find(&r, 100), 0);
	assert_int_equal(ranges_find(&r, 119), 0);
	assert_int_equal(ranges_find(&r, 120), 1);
	assert_int_equal(ranges_find(&r, 140), 2);
	assert_int_equal(ranges_find(&r, 159), 2);
	assert_int_equal(ranges_find(&r, 160), 1);
	assert_int_equal(ranges_find(&r, 180), 0);
	assert_int_equal(ranges_find(&r, 200), RANGES_NONE);
	assert_int_equal(ranges_find(&r, UINT64_MAX - 1), 3);
	assert_int_equal(ranges_find(&r, UINT64_MAX), RANGES_NONE);
	ranges_done(&r);
}

/* Against the rule itself: the highest id of those that cover an address. */
static void test_random(void **state)
{
	struct range all[60];
	uint32_t seed = 7, round, i, addr, want;

	for (round = 0; round < 300; round++) {
		struct ranges r = {};

		for (i = 0; i < 60; i++) {
			seed = seed * 1103515245 + 12345;
			all[i].lo = (seed >> 8) % 200;
			all[i].hi = all[i].lo + (seed >> 20) % 50;
			all[i].id = (seed >> 4) % 40;
			assert_int_equal(ranges_add(&r, all[i].lo, all[i].hi, all[i].id), 0);
		}
		assert_int_equal(ranges_seal(&r), 0);
		for (i = 1; i < r.list.cnt; i++)
			assert_true(r.list.at[i - 1].hi <= r.list.at[i].lo);
		for (addr = 0; addr < 260; addr++) {
			want = RANGES_NONE;
			for (i = 0; i < 60; i++)
				if (addr >= all[i].lo && addr < all[i].hi &&
				    (want == RANGES_NONE || all[i].id > want))
					want = all[i].id;
			assert_int_equal(ranges_find(&r, addr), want);
		}
		ranges_done(&r);
	}
}

/* More may be added to what was sealed. */
static void test_again(void **state)
{
	struct ranges r = {};

	ranges_add(&r, 0, 10, 1);
	assert_int_equal(ranges_seal(&r), 0);
	ranges_add(&r, 5, 15, 2);
	assert_int_equal(ranges_seal(&r), 0);
	assert_int_equal(ranges_find(&r, 4), 1);
	assert_int_equal(ranges_find(&r, 5), 2);
	assert_int_equal(ranges_find(&r, 14), 2);
	ranges_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
