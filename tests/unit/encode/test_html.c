// SPDX-License-Identifier: Apache-2.0
/* The files as bytes; what a browser makes of them is tests/flame's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/sha256.h"
#include "encode/flame.h"

static struct profile *new_profile(const char *name)
{
	struct profile *profile = profile__new_heap();
	struct profile_line line = { .line = 42 };
	uint32_t mapping, loc;

	assert_non_null(profile);
	assert_int_equal(
		profile__add_mapping(profile, 0x1000, 0x2000, 0, "/bin/prog", "", 0, &mapping), 0);
	assert_int_equal(profile__add_function(profile, name, NULL, "prog.c", 1, &line.function),
			 0);
	assert_int_equal(profile__add_location(profile, mapping, 0x1234, &line, 1, false, &loc), 0);
	assert_int_equal(profile__add_sample(profile, &loc, 1, (int64_t[]){ 2, 2048, 1, 1024 },
					     NULL, 0, NULL),
			 0);
	return profile;
}

typedef int (*write_fn)(const struct profile *profile, const struct encode_options *options,
			struct writer *writer);

static char *encode(write_fn write, const struct profile *profile, const char *title)
{
	struct encode_options options = { .metric = PROFILE_ALLOC_SPACE, .title = title };
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_int_equal(write(profile, &options, writer), 0);
	assert_int_equal(writer__finish(writer), 0);
	return buf__take(buf, &(size_t){ 0 });
}

/* The one element of that name, without its tags. */
static char *inside(const char *html, const char *open, const char *close)
{
	const char *from = strstr(html, open), *to = from ? strstr(from, close) : NULL;

	assert_non_null(to);
	from += strlen(open);
	return strndup(from, (size_t)(to - from));
}

static void equal_profiles_give_equal_bytes(void **state)
{
	static const write_fn writers[] = { encode_html, encode_svg };

	for (size_t i = 0; i < 2; i++) {
		struct profile *a __free(profile) = new_profile("f");
		struct profile *b __free(profile) = new_profile("f");
		char *x __free_mem = encode(writers[i], a, NULL);
		char *y __free_mem = encode(writers[i], b, NULL);

		assert_string_equal(x, y);
	}
}

static void policy_names_the_script_and_the_style(void **state)
{
	struct profile *p __free(profile) = new_profile("f");
	char *html __free_mem = encode(encode_html, p, NULL);
	char *script __free_mem = inside(html, "<script>", "</script>");
	char *style __free_mem = inside(html, "<style>", "</style>");
	char *policy __free_mem = inside(html, "Content-Security-Policy\" content=\"", "\"");
	char sum[SHA256_BASE64_CHARS + 1];

	assert_memory_equal(policy, "default-src 'none'; ", 20);
	assert_null(strstr(policy, "unsafe"));
	sha256_base64(script, strlen(script), sum);
	assert_non_null(strstr(policy, sum));
	sha256_base64(style, strlen(style), sum);
	assert_non_null(strstr(policy, sum));
}

static void our_code_is_small_and_loads_nothing(void **state)
{
	struct profile *p __free(profile) = new_profile("f");
	char *html __free_mem = encode(encode_html, p, NULL);
	char *data __free_mem = inside(html, "id=\"data\">", "</script>");

	assert_true(strlen(html) - strlen(data) < 60 * 1024);
	assert_null(strstr(html, "http://"));
	assert_null(strstr(html, "https://"));
	assert_null(strstr(html, "innerHTML"));
	assert_null(strstr(html, "eval("));
	assert_null(strstr(html, "{{"));
}

static void names_stay_text(void **state)
{
	struct profile *p __free(profile) = new_profile("</script><x onload='&'>");
	char *html __free_mem = encode(encode_html, p, "</title><x>");
	char *svg __free_mem = encode(encode_svg, p, "</title><x>");

	assert_null(strstr(html, "<x"));
	assert_non_null(strstr(html, "\\u003c/script\\u003e\\u003cx onload='\\u0026'\\u003e"));
	assert_null(strstr(svg, "<x"));
	assert_non_null(strstr(svg, "&lt;/script&gt;&lt;x onload=&#39;&amp;&#39;&gt;"));
}

static void picture_has_names_numbers_and_no_script(void **state)
{
	struct profile *p __free(profile) = new_profile("do_it");
	char *svg __free_mem = encode(encode_svg, p, "A title");

	assert_null(strstr(svg, "<script"));
	assert_non_null(strstr(svg, "<title>A title</title>"));
	assert_non_null(strstr(svg, "<title>do_it\nprog.c:42\nprog\n2.00 KiB (100.00 %)"));
	assert_non_null(strstr(svg, ">do_it</text>"));
}

static void differences_say_what_is_new_and_gone(void **state)
{
	struct profile *before __free(profile) = new_profile("old_way");
	struct profile *after __free(profile) = new_profile("new_way");
	struct encode_options options = { .metric = PROFILE_ALLOC_SPACE };
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_int_equal(flame_diff_svg(before, after, &options, writer), 0);
	assert_int_equal(writer__finish(writer), 0);
	assert_non_null(strstr(buf__data(buf), ">gone old_way</text>"));
	assert_non_null(strstr(buf__data(buf), ">new new_way</text>"));
}

static void profiles_without_a_common_type_cannot_be_compared(void **state)
{
	struct profile *before __free(profile) = profile__new(),
			       *after __free(profile) = new_profile("f");
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_int_equal(profile__add_type(before, "cpu", "nanoseconds"), 0);
	assert_int_equal(flame_diff_html(before, after, NULL, writer), FLAME_NO_COMMON_TYPE);
	assert_int_equal(flame_diff_svg(before, after, NULL, writer), FLAME_NO_COMMON_TYPE);
	assert_int_equal(writer__written_bytes(writer), 0);
}

/* Nothing allocated, or nothing of this metric: still a whole file. */
static void empty_profiles_are_shown(void **state)
{
	struct profile *p __free(profile) = profile__new_heap();
	char *html __free_mem = encode(encode_html, p, NULL);
	char *svg __free_mem = encode(encode_svg, p, NULL);

	assert_non_null(strstr(html, "\"self\":[]"));
	assert_non_null(strstr(html, "</html>"));
	assert_non_null(strstr(svg, "</svg>"));
}

static void write_errors_are_told(void **state)
{
	struct profile *p __free(profile) = new_profile("f");
	struct encode_options options = { .metric = PROFILE_ALLOC_SPACE };
	struct buf *buf __free(buf) = buf__new(50000);
	struct writer *writer __free(writer) = writer__new_buf(buf);
	int err = encode_html(p, &options, writer);

	assert_int_equal(err ? err : writer__finish(writer), -EOVERFLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_profiles_give_equal_bytes),
		cmocka_unit_test(policy_names_the_script_and_the_style),
		cmocka_unit_test(our_code_is_small_and_loads_nothing),
		cmocka_unit_test(names_stay_text),
		cmocka_unit_test(picture_has_names_numbers_and_no_script),
		cmocka_unit_test(differences_say_what_is_new_and_gone),
		cmocka_unit_test(profiles_without_a_common_type_cannot_be_compared),
		cmocka_unit_test(empty_profiles_are_shown),
		cmocka_unit_test(write_errors_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
