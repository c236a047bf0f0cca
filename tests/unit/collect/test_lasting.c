// SPDX-License-Identifier: Apache-2.0
#include "collect/lasting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "abi/stack.h"

#define CODE  FRAME_OF_ADDR(0x7f0000001000)
#define OTHER FRAME_OF_ADDR(0x7f0000002000)

static uint64_t note(struct lasting *lasting, uint32_t image, uint64_t frame, const char *name)
{
	assert_int_equal(lasting__note(lasting, image, frame, 0, name), 0);
	return lasting__frame(lasting, image, frame);
}

static void equal_names_are_one_frame(void **state)
{
	struct lasting *lasting __free(lasting) = lasting__new();
	uint64_t first = note(lasting, 5, CODE, "function f");

	assert_true(FRAME_IS_ANON(first));
	assert_int_equal(note(lasting, 9, OTHER, "function f"), first);
	assert_int_not_equal(note(lasting, 9, CODE, "function g"), first);
	assert_string_equal(lasting__name(lasting, first), "function f");
}

static void the_first_word_holds(void **state)
{
	struct lasting *lasting __free(lasting) = lasting__new();
	uint64_t first = note(lasting, 1, CODE, "f");

	assert_int_equal(note(lasting, 1, CODE, "g"), first);
	assert_int_equal(lasting__note(lasting, 1, OTHER, FRAME_OF_FILE(3, 0x10), "h"), 0);
	assert_int_equal(lasting__frame(lasting, 1, OTHER), FRAME_OF_FILE(3, 0x10));
}

static void places_of_one_process_are_no_names(void **state)
{
	struct lasting *lasting __free(lasting) = lasting__new();

	assert_int_equal(note(lasting, 1, CODE, "[anon]+0x12f0"), FRAME_OF_ADDR(0));
	assert_string_equal(lasting__name(lasting, note(lasting, 1, OTHER, "[jit]+0x10")), "[jit]");
	assert_string_equal(lasting__name(lasting, note(lasting, 2, CODE, "[vdso]")), "[vdso]");
}

static void what_was_not_shown_has_no_name(void **state)
{
	struct lasting *lasting __free(lasting) = lasting__new();
	uint64_t frame = note(lasting, 1, CODE, "f");

	assert_int_equal(lasting__frame(lasting, 1, OTHER), FRAME_OF_ADDR(0));
	assert_int_equal(lasting__frame(lasting, 77, CODE), FRAME_OF_ADDR(0));
	assert_string_equal(lasting__name(lasting, FRAME_OF_ADDR(0)), "[anon]");
	lasting__forget(lasting, 1);
	lasting__forget(lasting, 77);
	assert_int_equal(lasting__frame(lasting, 1, CODE), FRAME_OF_ADDR(0));
	assert_string_equal(lasting__name(lasting, frame), "f");
}

/* Whoever finds no room has found none from the start: it is not called otherwise when it ends. */
static void names_are_bounded(void **state)
{
	struct lasting *lasting __free(lasting) = lasting__new();
	char name[32];
	uint64_t i;

	for (i = 1; i < LASTING_NAMES_MAX + 10; i++) {
		snprintf(name, sizeof(name), "f%llu", (unsigned long long)i);
		note(lasting, 1, FRAME_OF_ADDR(i), name);
	}
	assert_string_equal(lasting__name(lasting, lasting__frame(lasting, 1, FRAME_OF_ADDR(2))),
			    "f2");
	assert_int_equal(note(lasting, 2, CODE, "one more"), FRAME_OF_ADDR(0));
	assert_int_equal(note(lasting, 2, OTHER, "f2"),
			 lasting__frame(lasting, 1, FRAME_OF_ADDR(2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_names_are_one_frame),
		cmocka_unit_test(the_first_word_holds),
		cmocka_unit_test(places_of_one_process_are_no_names),
		cmocka_unit_test(what_was_not_shown_has_no_name),
		cmocka_unit_test(names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
