// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* What @say writes to standard error. */
static void said(void (*say)(void), char *out, size_t out_bytes)
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	size_t len;

	assert_non_null(file);
	assert_true(kept >= 0);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	say();
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	len = fread(out, 1, out_bytes - 1, file);
	out[len] = '\0';
	fclose(file);
}

static void say_names(void)
{
	log_info("tracing process %d (%s)", 7, "e\x1b[31ms\rc\n\xc2\x9b\xff");
	log_warn(0, "%s", "Größe\t漢字 …");
	log_err(-2, "%s", "a\x7f");
}

/* Whatever a process calls itself, a line is a line and no command to the terminal. */
static void names_are_shown_without_control_characters(void **state)
{
	char text[512];

	said(say_names, text, sizeof(text));
	assert_string_equal(text, "heaptap: tracing process 7 (e?[31ms?c?\?\?\?)\n"
				  "heaptap: warning: Größe 漢字 …\n"
				  "heaptap: a?: No such file or directory\n");
}

static void say_lines(void)
{
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug_lines("one\n\ntwo\x1b");
	log_debug_lines("");
	log_set_level(LOG_LEVEL_INFO);
	log_debug_lines("unheard");
}

static void texts_are_told_line_by_line(void **state)
{
	char text[512];

	said(say_lines, text, sizeof(text));
	assert_string_equal(text, "heaptap: debug: one\nheaptap: debug: \nheaptap: debug: two?\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_shown_without_control_characters),
		cmocka_unit_test(texts_are_told_line_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
