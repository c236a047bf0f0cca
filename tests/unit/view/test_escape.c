// SPDX-License-Identifier: Apache-2.0
#include "view/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "# example.com/app\n"
			   "./main.go:14:6: cannot inline makeNode: marked go:noinline\n"
			   "./main.go:15:2: moved to heap: n\n"
			   "sub/parse.go:42:13: make([]byte, n) escapes to heap\n"
			   "sub/parse.go:42:20: &node{...} escapes to heap:\n"
			   "../lib/x.go:7: new(T) escapes to heap\n"
			   "sub/parse.go:43:13: make([]byte, 8) does not escape\n"
			   "./main.go:99999999999:1: moved to heap: big\n"
			   "./main.go:-3:1: moved to heap: below\n"
			   "./main.go:: moved to heap: none";

static struct escape_notes *notes_of(const char *from, size_t len)
{
	struct escape_notes *notes = escape_notes__new(from, len);

	assert_non_null(notes);
	return notes;
}

static void test_what_escapes_is_kept(void **state)
{
	struct escape_notes *notes __free(escape_notes) = notes_of(text, strlen(text));

	assert_int_equal(escape_notes__cnt(notes), 4);
	assert_string_equal(escape_notes__find(notes, "/src/app/main.go", 15, 0),
			    "moved to heap: n");
	assert_null(escape_notes__find(notes, "/src/app/main.go", 15, 1));
	assert_null(escape_notes__find(notes, "/src/app/main.go", 14, 0));
	assert_string_equal(escape_notes__find(notes, "/src/app/sub/parse.go", 42, 0),
			    "make([]byte, n) escapes to heap");
	assert_string_equal(escape_notes__find(notes, "/src/app/sub/parse.go", 42, 1),
			    "&node{...} escapes to heap:");
	assert_null(escape_notes__find(notes, "/src/app/sub/parse.go", 43, 0));
}

static void test_files_are_matched_by_whole_names(void **state)
{
	struct escape_notes *notes __free(escape_notes) = notes_of(text, strlen(text));

	assert_null(escape_notes__find(notes, "/src/app/domain.go", 15, 0));
	assert_null(escape_notes__find(notes, "/src/app/other/parse.go", 42, 0));
	assert_non_null(escape_notes__find(notes, "/src/lib/x.go", 7, 0));
	/* A profile of a build with -trimpath has the shorter name. */
	assert_non_null(escape_notes__find(notes, "parse.go", 42, 0));
	assert_null(escape_notes__find(notes, "", 42, 0));
}

static void test_anything_is_taken(void **state)
{
	static const char broken[] = { '.', 'g', 'o', ':', '\0', '\n', ':', '1', '\n' };
	struct escape_notes *notes __free(escape_notes) = notes_of("", 0);
	struct escape_notes *strange __free(escape_notes) = notes_of(broken, sizeof(broken));

	assert_int_equal(escape_notes__cnt(notes), 0);
	assert_int_equal(escape_notes__cnt(strange), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_escapes_is_kept),
		cmocka_unit_test(test_files_are_matched_by_whole_names),
		cmocka_unit_test(test_anything_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
