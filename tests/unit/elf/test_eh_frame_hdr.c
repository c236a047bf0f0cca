// SPDX-License-Identifier: Apache-2.0
/* Of this program itself, which its compiler gave a table. */
#include "elf/eh_frame_hdr.h"

#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "elf/elf_file.h"

static __attribute__((noipa)) int function_to_find(int a)
{
	volatile int sum = 0;
	int i;

	for (i = 0; i < a; i++)
		sum += i;
	return sum;
}

static int note_bias(struct dl_phdr_info *info, size_t size, void *ctx)
{
	*(uint64_t *)ctx = info->dlpi_addr;
	return 1; /* the first is the program */
}

static uint64_t own_vaddr(const void *at)
{
	uint64_t bias = 0;

	dl_iterate_phdr(note_bias, &bias);
	return (uint64_t)(uintptr_t)at - bias;
}

static void functions_begin_where_they_do(void **state)
{
	struct elf_file *elf __free(elf_file) = NULL;
	uint64_t want = own_vaddr((const void *)function_to_find), start;

	assert_int_equal(function_to_find(3), 3);
	assert_int_equal(elf_file__open("/proc/self/exe", &elf), 0);
	assert_int_equal(eh_frame_hdr_find(elf, want, &start), 0);
	assert_true(start == want);
	assert_int_equal(eh_frame_hdr_find(elf, want + 9, &start), 0);
	assert_true(start == want);
}

static void where_no_function_is_none_begins(void **state)
{
	struct elf_file *elf __free(elf_file) = NULL;
	static const int data;
	uint64_t start;

	assert_int_equal(elf_file__open("/proc/self/exe", &elf), 0);
	assert_int_equal(eh_frame_hdr_find(elf, 0, &start), -ENOENT);
	assert_int_equal(eh_frame_hdr_find(elf, UINT64_MAX, &start), -ENOENT);
	assert_int_equal(eh_frame_hdr_find(elf, own_vaddr(&data), &start), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_begin_where_they_do),
		cmocka_unit_test(where_no_function_is_none_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
