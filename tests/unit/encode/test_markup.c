// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "encode/markup.h"

#define BAD "\xef\xbf\xbd"

static void check(void (*escape)(struct writer *writer, const char *str), const char *in,
		  const char *out)
{
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	escape(writer, in);
	assert_int_equal(writer__finish(writer), 0);
	assert_string_equal(buf__data(buf), out);
}

static void text_is_text(void **state)
{
	check(markup_text, "plain µ", "plain µ");
	check(markup_text, "<b a=\"1\" c='2'>&amp;",
	      "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
}

static void json_is_safe_in_a_script(void **state)
{
	check(markup_json, "", "\"\"");
	check(markup_json, "</script><!--", "\"\\u003c/script\\u003e\\u003c!--\"");
	check(markup_json, "a\"b\\c&", "\"a\\\"b\\\\c\\u0026\"");
}

static void what_cannot_be_seen_is_marked(void **state)
{
	check(markup_text, "\x1b[2J\n\t\x7f", BAD "[2J" BAD BAD BAD);
	check(markup_text, "\xc2\x85\xc2\xa0", BAD "\xc2\xa0"); /* C1 control; no-break space */
	check(markup_json, "\xe2\x80\xa8\xe2\x80\xa9\"",
	      "\"" BAD BAD "\\\"\""); /* line separators */
	check(markup_text,
	      "\xe2\x80\xae"
	      "gpj",
	      BAD "gpj"); /* right-to-left override */
	check(markup_text, "\xe2\x81\xa6\xe2\x81\xaa",
	      BAD "\xe2\x81\xaa");                               /* isolate; its neighbour */
	check(markup_text, "\xef\xbf\xbf\xef\xbf\xbd", BAD BAD); /* not in XML; U+FFFD itself */
	check(markup_text, "\xff\xc3(", BAD BAD "(");            /* not UTF-8 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_text),
		cmocka_unit_test(json_is_safe_in_a_script),
		cmocka_unit_test(what_cannot_be_seen_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
