// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <stdlib.h>

#include <cmocka.h>

#include "base/extents.h"

#define REST 100

static void takes_and_gives(void **state)
{
	struct extents extents;
	uint32_t a, b, c, d;

	(void)state;
	assert_int_equal(extents__init(&extents, 10, REST), 0);
	assert_int_equal(extents__take(&extents, 4, 0, &a), 0);
	assert_int_equal(extents__take(&extents, 3, 0, &b), 0);
	assert_int_equal(extents__take(&extents, 4, 0, &c), -ENOSPC);
	assert_int_equal(extents__take(&extents, 3, 0, &c), 0);
	assert_int_equal(extents.left, 0);

	/* Not before it has rested. */
	assert_int_equal(extents__give(&extents, (struct extent){ b, 3 }, 50), 0);
	assert_int_equal(extents.left, 3);
	assert_int_equal(extents__take(&extents, 1, 149, &d), -ENOSPC);
	assert_int_equal(extents__take(&extents, 3, 150, &d), 0);
	assert_int_equal(d, b);

	/* Neighbours join, whichever comes first. */
	assert_int_equal(extents__give(&extents, (struct extent){ c, 3 }, 200), 0);
	assert_int_equal(extents__give(&extents, (struct extent){ a, 4 }, 210), 0);
	assert_int_equal(extents__give(&extents, (struct extent){ b, 3 }, 220), 0);
	assert_int_equal(extents__take(&extents, 10, 320, &d), 0);
	assert_int_equal(d, 0);
	assert_int_equal(extents.free.cnt, 0);
	extents__done(&extents);
}

#define CNT 512

/* Owned by turns, as in a model that knows each element by itself. */
static void never_gives_twice(void **state)
{
	struct extents extents;
	struct extent held[64] = {};
	uint8_t owned[CNT] = {};
	uint64_t now = 0;
	uint32_t i, j, used = 0;

	(void)state;
	srand(7);
	assert_int_equal(extents__init(&extents, CNT, 3), 0);
	for (i = 0; i < 20000; i++, now++) {
		struct extent *one = &held[rand() % 64];

		if (one->cnt) {
			for (j = 0; j < one->cnt; j++)
				owned[one->first + j] = 0;
			used -= one->cnt;
			assert_int_equal(extents__give(&extents, *one, now), 0);
			one->cnt = 0;
		} else {
			uint32_t cnt = 1 + (uint32_t)rand() % 24;

			if (extents__take(&extents, cnt, now, &one->first))
				continue;
			one->cnt = cnt;
			used += cnt;
			assert_true(one->first + cnt <= CNT);
			for (j = 0; j < cnt; j++) {
				assert_false(owned[one->first + j]);
				owned[one->first + j] = 1;
			}
		}
		assert_int_equal(extents.left, CNT - used);
	}
	for (i = 0; i < 64; i++)
		assert_int_equal(extents__give(&extents, held[i], now), 0);
	assert_int_equal(extents__take(&extents, CNT, now + 3, &i), 0);
	extents__done(&extents);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_and_gives),
		cmocka_unit_test(never_gives_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
