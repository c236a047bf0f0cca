// SPDX-License-Identifier: Apache-2.0
#include "symbolize/perf_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct perf_map *parse(const char *text)
{
	struct perf_map *map = NULL;

	assert_int_equal(perf_map__parse(strdup(text), strlen(text), &map), 0);
	return map;
}

static void expect(const struct perf_map *map, uint64_t addr, const char *want)
{
	size_t len = 0;
	const char *name = perf_map__find(map, addr, &len);

	if (!want) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(name, want, len);
}

static void test_lines(void **state)
{
	struct perf_map *map __free(perf_map) = parse("3ef414c0 398 RegExp:[{(]\n"
						      "0x3ef418A0 0x10 LazyCompile:~f a b.js:1\r\n"
						      "ffffffffffffff00 ff top\n"
						      "1000 20 last line is still being writ");

	assert_int_equal(perf_map__entry_cnt(map), 3);
	expect(map, 0x3ef414bf, NULL);
	expect(map, 0x3ef414c0, "RegExp:[{(]");
	expect(map, 0x3ef41857, "RegExp:[{(]");
	expect(map, 0x3ef41858, NULL);
	expect(map, 0x3ef418a5, "LazyCompile:~f a b.js:1");
	expect(map, 0xfffffffffffffff0, "top");
	expect(map, 0x1000, NULL);
}

/* Code moves, and other code takes its place: what was said last holds. */
static void test_overwritten(void **state)
{
	struct perf_map *map __free(perf_map) = parse("1000 100 old\n"
						      "1040 20 new\n"
						      "1050 100 newer\n"
						      "1000 8 newest\n");

	expect(map, 0x1000, "newest");
	expect(map, 0x1008, "old");
	expect(map, 0x1040, "new");
	expect(map, 0x1050, "newer");
	expect(map, 0x114f, "newer");
	expect(map, 0x1150, NULL);
}

static void test_garbage(void **state)
{
	struct perf_map *map __free(perf_map) = parse("\n"
						      "no hex at all\n"
						      "1000\n"
						      "1000 10\n"
						      "1000 10 \n"
						      "1000 0 empty\n"
						      "10000000000000000 10 too many digits\n"
						      "ffffffffffffffff 10 wraps\n"
						      "-1000 10 negative\n"
						      "1000 10\tname\n"
						      "2000  10   good name \n");

	assert_int_equal(perf_map__entry_cnt(map), 1);
	expect(map, 0x1000, NULL);
	expect(map, 0x2000, "good name ");
}

static void test_nothing(void **state)
{
	struct perf_map *map __free(perf_map) = parse("");

	expect(map, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_overwritten),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
