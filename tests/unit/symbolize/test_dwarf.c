// SPDX-License-Identifier: Apache-2.0
/*
 * What does not need a compiler's view of things; tests/symbols/ has that. The DWARF read here is
 * this very program's.
 */
#include "symbolize/dwarf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness/elf_image.h"
#include "symbolize/dwarf_unit.h"

static struct elf_file *open_self(void)
{
	struct elf_file *elf = NULL;

	assert_int_equal(elf_file__open("/proc/self/exe", &elf), 0);
	return elf;
}

static void test_none(void **state)
{
	struct elf_image *image __free(elf_image) = elf_image__new(EM_X86_64);
	struct elf_file *elf __free(elf_file) = NULL;
	const struct dwarf_files files = {};
	struct dwarf *dw = NULL;
	uint8_t *bytes;
	size_t len;

	elf_image__section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1);
	bytes = elf_image__finish(image, 1, &len);
	assert_int_equal(elf_file__open_mem(bytes, len, &elf), 0);
	assert_int_equal(dwarf__new(elf, 0, &files, &dw), -ENOENT);
	assert_null(dw);
}

static void test_outside(void **state)
{
	struct elf_file *elf __free(elf_file) = open_self();
	const struct dwarf_files files = {};
	struct dwarf_frames frames = {};
	struct dwarf *dw __free(dwarf) = NULL;

	assert_int_equal(dwarf__new(elf, 0, &files, &dw), 0);
	assert_int_equal(dwarf__find(dw, 0, &frames), -ENOENT);
	assert_int_equal(dwarf__find(dw, UINT64_MAX, &frames), -ENOENT);
	assert_int_equal(frames.list.cnt, 0);
}

/* With every number of steps it ends, in nothing but "too much" or success. */
static void test_limits(void **state)
{
	struct elf_file *elf __free(elf_file) = open_self();
	uint64_t steps;
	int err = -E2BIG, failures = 0;

	for (steps = 1; err; steps *= 3) {
		struct dw_shared shared = { .steps = steps, .items = 1u << 24 };
		struct dw_file *file __free(dw_file) = NULL;
		const struct dw_funcs *funcs;
		struct dw_lines *lines;

		assert_int_equal(dw_file__new(elf, &shared, &file), 0);
		err = dw_file__scan_units(file);
		if (!err && !file->units.cnt)
			fail();
		if (!err)
			err = dw_unit__funcs(file->units.at[0], &funcs);
		if (!err)
			err = dw_unit__lines(file->units.at[0], &lines);
		assert_true(!err || err == -E2BIG);
		assert_true(shared.steps <= steps);
		failures += err != 0;
	}
	assert_true(failures > 3);
}

static void test_items(void **state)
{
	struct elf_file *elf __free(elf_file) = open_self();
	struct dw_shared shared = { .steps = 1u << 28, .items = 100 };
	struct dw_file *file __free(dw_file) = NULL;

	assert_int_equal(dw_file__new(elf, &shared, &file), 0);
	assert_int_equal(dw_file__scan_units(file), -E2BIG);
}

/* LEB128: the examples of DWARF 5, tables 7.7 and 7.8, and numbers that do not fit. */
static void test_leb(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t u;
		int64_t s;
		bool bad;
	} cases[] = {
		{ "\x02", 1, 2, 2, false },
		{ "\x7f", 1, 127, -1, false },
		{ "\x80\x01", 2, 128, 128, false },
		{ "\x81\x01", 2, 129, 129, false },
		{ "\xff\x00", 2, 127, 127, false },
		{ "\xff\x7e", 2, 16255, -129, false },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, UINT64_MAX, -1, false },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12, 0, 0, false },
		{ "\x80", 1, 0, 0, true },
		{ "", 0, 0, 0, true },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct elf_span span = { (const uint8_t *)cases[i].bytes, cases[i].len };
		struct dw_cursor u = dw_cursor_make(span, 0, span.len_bytes), s = u;

		assert_true(dw_uleb(&u) == cases[i].u);
		assert_true(dw_sleb(&s) == cases[i].s);
		assert_int_equal(u.bad, cases[i].bad);
		assert_int_equal(dw_left(&u), 0);
	}
}

static void test_cursor(void **state)
{
	struct elf_span span = { (const uint8_t *)"\x01\x02\x03\x04str", 7 };
	struct dw_cursor c = dw_cursor_make(span, 0, 7);

	assert_int_equal(dw_u16(&c), 0x0201);
	assert_int_equal(dw_u8(&c), 3);
	dw_skip(&c, 1);
	assert_string_equal(dw_str(&c), ""); /* no NUL inside */
	assert_true(c.bad);
	assert_int_equal(dw_u32(&c), 0);
	assert_true(dw_cursor_make(span, 3, 8).bad);
	assert_true(dw_cursor_make(span, 5, 4).bad);
	c = dw_cursor_make(span, 0, 7);
	dw_skip(&c, UINT64_MAX);
	assert_true(c.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),   cmocka_unit_test(test_outside),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_items),
		cmocka_unit_test(test_leb),    cmocka_unit_test(test_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
