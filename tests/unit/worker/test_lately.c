// SPDX-License-Identifier: Apache-2.0
#include "worker/lately.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DEAR ((size_t)1 << 20)

static void keep(uint64_t ino, size_t its_bytes)
{
	struct lately_key key = { .ino = ino };
	struct symbolizer *sym = symbolizer__new(NULL);

	assert_non_null(sym);
	lately_keep(&key, sym, (uint32_t)ino + 100, its_bytes);
}

/* Is it there? It is not kept any more then. */
static bool take(struct lately_key key)
{
	struct symbolizer *sym __free(symbolizer) = NULL;
	size_t its_bytes = 0;
	uint32_t file = 0;

	sym = lately_take(&key, &file, &its_bytes);
	if (!sym)
		return false;
	assert_int_equal(file, key.ino + 100);
	assert_int_equal(its_bytes, DEAR);
	return true;
}

static void what_is_kept_is_given_once(void **state)
{
	keep(1, DEAR);
	keep(2, DEAR);
	assert_false(take((struct lately_key){ .ino = 3 }));
	assert_false(take((struct lately_key){ .ino = 1, .mtime_ns = 1 }));
	assert_false(take((struct lately_key){ .ino = 1, .flags = SYM_READ_NO_LINES }));
	assert_true(take((struct lately_key){ .ino = 1 }));
	assert_false(take((struct lately_key){ .ino = 1 }));
	assert_true(take((struct lately_key){ .ino = 2 }));
}

static void the_oldest_makes_room(void **state)
{
	uint64_t ino, kept_cnt = 0;

	for (ino = 1; ino <= 40; ino++)
		keep(ino, DEAR);
	assert_false(take((struct lately_key){ .ino = 1 }));
	for (ino = 40; ino && take((struct lately_key){ .ino = ino }); ino--)
		kept_cnt++;
	assert_true(kept_cnt >= 4 && kept_cnt < 40);
	for (; ino; ino--)
		assert_false(take((struct lately_key){ .ino = ino }));
}

static void what_is_cheap_drives_out_nobody(void **state)
{
	uint64_t ino;

	keep(1, DEAR);
	for (ino = 2; ino <= 40; ino++)
		keep(ino, 4096);
	assert_false(take((struct lately_key){ .ino = 40 }));
	assert_true(take((struct lately_key){ .ino = 1 }));
}

static void all_of_them_can_go(void **state)
{
	keep(1, DEAR);
	keep(2, DEAR);
	lately_forget();
	assert_false(take((struct lately_key){ .ino = 1 }));
	assert_false(take((struct lately_key){ .ino = 2 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_is_given_once),
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(what_is_cheap_drives_out_nobody),
		cmocka_unit_test(all_of_them_can_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
