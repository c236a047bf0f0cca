// SPDX-License-Identifier: Apache-2.0
/* Classes of sizes: those that there are, and those that only a file that lies has. */
#include "abi/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_a_class_begins_with_its_least_size(void **state)
{
	uint32_t class;

	/* 4 to 7 are sizes of one class each, and the formula's next one is 8. */
	for (class = 0; class <= SIZE_CLASS_MAX; class ++)
		assert_int_equal(size_class(size_class_bytes((uint8_t) class)), class);
	assert_int_equal(size_class(UINT64_MAX), SIZE_CLASS_MAX);
}

static void test_a_class_ends_where_the_next_begins(void **state)
{
	uint32_t class;

	for (class = 0; class <= SIZE_CLASS_MAX; class ++) {
		uint64_t last = size_class_max_bytes((uint8_t) class);

		assert_int_equal(size_class(last), class);
		if (class < SIZE_CLASS_MAX)
			assert_int_equal(size_class(last + 1), class + 1);
	}
}

/* Found with UBSan: a shift by 64. */
static void test_no_class_is_larger_than_all_sizes(void **state)
{
	uint32_t class;

	for (class = SIZE_CLASS_MAX + 1; class <= UINT8_MAX; class ++) {
		assert_int_equal(size_class_bytes((uint8_t) class), UINT64_MAX);
		assert_int_equal(size_class_max_bytes((uint8_t) class), UINT64_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_class_begins_with_its_least_size),
		cmocka_unit_test(test_a_class_ends_where_the_next_begins),
		cmocka_unit_test(test_no_class_is_larger_than_all_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
