// SPDX-License-Identifier: Apache-2.0
#include "base/seq_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint32_t add(struct seq_table *table, const uint32_t *elems, size_t cnt, bool want_new)
{
	uint32_t row;
	bool is_new;

	assert_int_equal(seq_table__add(table, elems, cnt, &row, &is_new), 0);
	assert_int_equal(is_new, want_new);
	return row;
}

static void test_varied(void **state)
{
	struct seq_table table = SEQ_TABLE_VARIED(uint32_t);
	const uint32_t a[] = { 1, 2, 3 }, *got;
	size_t cnt;

	assert_int_equal(add(&table, a, 3, true), 0);
	assert_int_equal(add(&table, a, 2, true), 1); /* a prefix is another row */
	assert_int_equal(add(&table, NULL, 0, true), 2);
	assert_int_equal(add(&table, a + 1, 2, true), 3);
	assert_int_equal(add(&table, a, 3, false), 0);
	assert_int_equal(add(&table, NULL, 0, false), 2);
	got = seq_table__at(&table, 3, &cnt);
	assert_int_equal(cnt, 2);
	assert_memory_equal(got, a + 1, 8);
	seq_table__at(&table, 2, &cnt);
	assert_int_equal(cnt, 0);
	seq_table__done(&table);
	assert_int_equal(add(&table, a, 1, true), 0);
	seq_table__done(&table);
}

/* Rows appended behind the index's back are found, and so are all after it was dropped. */
static void test_index_catches_up(void **state)
{
	struct seq_table table = SEQ_TABLE_FIXED(uint32_t);
	uint32_t i, row;

	for (i = 0; i < 1000; i++)
		assert_int_equal(seq_table__append(&table, &i, 1, &row), 0);
	for (i = 0; i < 100000; i++)
		assert_int_equal(add(&table, &i, 1, i >= 1000), i);
	seq_table__drop_index(&table);
	seq_table__shrink(&table);
	for (i = 0; i < 100000; i++)
		assert_int_equal(add(&table, &i, 1, false), i);
	assert_int_equal(table.row_cnt, 100000);
	seq_table__done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_varied),
					    cmocka_unit_test(test_index_catches_up) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
