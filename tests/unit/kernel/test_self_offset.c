// SPDX-License-Identifier: Apache-2.0
#include "kernel/self_offset.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* What the file has at the offset is what we have at the address: there a probe would be put. */
static void bytes_at_the_offset_are_the_code(void **state)
{
	const void *code = (const void *)(uintptr_t)bytes_at_the_offset_are_the_code;
	int fd __close_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	unsigned char bytes[32];
	uint64_t offset = 0;

	assert_true(fd >= 0);
	assert_int_equal(self_offset(code, &offset), 0);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), (off_t)offset), sizeof(bytes));
	assert_memory_equal(bytes, code, sizeof(bytes));
}

static void nothing_is_mapped_at_the_start(void **state)
{
	uint64_t offset = 77;

	assert_int_equal(self_offset((const void *)(uintptr_t)16, &offset), -ENOENT);
	assert_int_equal(offset, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_at_the_offset_are_the_code),
		cmocka_unit_test(nothing_is_mapped_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
