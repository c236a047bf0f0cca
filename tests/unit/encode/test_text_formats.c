// SPDX-License-Identifier: Apache-2.0
/* The formats that are text, on one small profile with hostile names. */
#include "encode/encoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOSTILE "bad;\n\x1b[2J</script>\xe2\x80\xa8\" "

static struct profile *new_profile(void)
{
	struct profile *profile = profile__new_heap();
	struct profile_line lines[2] = { { .line = 8 }, { .line = 9 } };
	struct profile_label label;
	const int64_t small[] = { 10, 640, 1, 64 }, big[] = { 1, 1 << 20, 0, 0 }, none[4] = {};
	const double variances[] = { 4, 9, 0, 0 };
	uint32_t locs[3], sample;

	profile__add_function(profile, "main", NULL, "/src/main.c", 3, &lines[1].function);
	profile__add_location(profile, 0, 1, &lines[1], 1, false, &locs[2]);
	profile__add_function(profile, "inlined", NULL, "/src/a.h", 0, &lines[0].function);
	profile__add_location(profile, 0, 2, lines, 2, false, &locs[1]);
	profile__add_function(profile, HOSTILE, NULL, NULL, 0, &lines[0].function);
	lines[0].line = 0;
	profile__add_location(profile, 0, 3, lines, 1, false, &locs[0]);
	profile__label_num(profile, "bytes", 64, "bytes", &label);
	profile__add_sample(profile, locs, 3, small, &label, 1, &sample);
	profile__add_variances(profile, sample, variances);
	profile__add_sample(profile, locs, 3, small, NULL, 0, NULL);
	profile__add_sample(profile, locs + 1, 2, big, NULL, 0, NULL);
	profile__add_sample(profile, locs + 2, 1, none, NULL, 0, NULL);
	return profile;
}

static char *encode(const struct profile *profile, const char *name, size_t metric)
{
	struct encode_options options = { .metric = metric };
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_int_equal(encoder_write(encoder_by_name(name), profile, &options, writer), 0);
	return buf__take(buf, NULL);
}

#define SAFE "bad_??[2J</script>\xe2\x80\xa8\""

static void test_folded(void **state)
{
	struct profile *profile __free(profile) = new_profile();
	char *alloc __free_mem = encode(profile, "folded", PROFILE_ALLOC_SPACE);
	char *inuse __free_mem = encode(profile, "folded", PROFILE_INUSE_OBJECTS);

	/* labels do not split stacks, inlined functions are frames, zeros are left out */
	assert_string_equal(alloc, "main;main;inlined;" SAFE " 1280\nmain;main;inlined 1048576\n");
	assert_string_equal(inuse, "main;main;inlined;" SAFE " 2\n");
}

static void test_folded_edges(void **state)
{
	struct profile *profile __free(profile) = profile__new_heap();
	const int64_t up[] = { 5, 5, 5, 5 }, down[] = { -5, -6, -5, -5 };
	struct profile_line line = {};
	uint32_t a, b;

	profile__add_function(profile, "  ", NULL, NULL, 0, &line.function);
	profile__add_location(profile, 0, 1, &line, 1, false, &a);
	profile__add_location(profile, 0, 2, &line, 1, false, &b);
	profile__add_sample(profile, &a, 1, up, NULL, 0, NULL);
	profile__add_sample(profile, &b, 1, down, NULL, 0, NULL);
	profile__add_sample(profile, NULL, 0, up, NULL, 0, NULL);
	{
		char *sums __free_mem = encode(profile, "folded", 1);
		char *gone __free_mem = encode(profile, "folded", 0);

		assert_string_equal(sums, "[unknown] -1\n[no stack] 5\n");
		assert_string_equal(gone, "[no stack] 5\n");
	}
}

static void test_text(void **state)
{
	struct profile *profile __free(profile) = new_profile();
	char *text __free_mem = encode(profile, "text", PROFILE_ALLOC_OBJECTS);

	assert_non_null(strstr(text, "total: alloc_objects 21, alloc_space 1.00 MiB"));
	assert_non_null(strstr(text, "  20   ±10%  95.2        20  1.25 KiB          0.1  1.25 KiB "
				     "        2        100.0"));
	/* main is on the stack twice and counts once; it allocates nothing itself */
	assert_non_null(strstr(text, "   0          0.0        21       0 B          0.0  1.00 MiB "
				     "        0          0.0"
				     "         2       0 B          0.0     128 B  main\n"));
	assert_true(strstr(text, SAFE) < strstr(text, "inlined"));
	assert_null(strchr(text, 0x1b));
}

static void test_text_rows(void **state)
{
	struct profile *profile __free(profile) = new_profile();
	struct encode_options options = { .row_cnt = 1, .title = "a\nb" };
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_int_equal(encoder_write(encoder_by_name("text"), profile, &options, writer), 0);
	assert_non_null(strstr(buf__data(buf), "and 2 more functions\n"));
	assert_true(!strncmp(buf__data(buf), "a?b\n", 4));
}

static void test_json(void **state)
{
	struct profile *profile __free(profile) = new_profile();
	char *json __free_mem = encode(profile, "json", 0);

	assert_non_null(
		strstr(json, "{\"stack\":[3,2,1],\"values\":[10,640,1,64],\"stderr\":[2,3,0,0],"
			     "\"labels\":[{\"key\":\"bytes\",\"value\":64,\"unit\":\"bytes\"}]}"));
	assert_non_null(
		strstr(json, "\"name\":\"bad;\\u000a\\u001b[2J\\u003c/script>\\u2028\\\" \""));
	assert_null(strchr(json, '<'));
	assert_non_null(strstr(json, "{\"id\":2,\"address\":\"0x2\",\"mapping\":0,"
				     "\"lines\":[[2,8,0],[1,9,0]]}"));
}

static void test_speedscope(void **state)
{
	struct profile *profile __free(profile) = new_profile();
	char *json __free_mem = encode(profile, "speedscope", PROFILE_ALLOC_SPACE);

	assert_non_null(strstr(json, "{\"name\":\"main\",\"file\":\"/src/main.c\",\"line\":3}"));
	assert_non_null(strstr(json, "{\"name\":\"inlined\",\"file\":\"/src/a.h\",\"line\":8}"));
	assert_non_null(strstr(json, "\"activeProfileIndex\":1"));
	assert_non_null(strstr(json, "\"name\":\"alloc_space\",\"unit\":\"bytes\",\"startValue\":0,"
				     "\"samples\":[[0,0,1,2],\n[0,0,1,2],\n[0,0,1]],"
				     "\"weights\":[640,640,1048576],\"endValue\":1049856"));
	assert_non_null(strstr(json, "\"name\":\"inuse_objects\",\"unit\":\"none\""));
}

/* Nothing to show is no reason to fail. */
static void test_nothing(void **state)
{
	struct profile *profile __free(profile) = profile__new_heap();
	const struct encoder *encoder;

	for (encoder = encoders; encoder->name; encoder++) {
		char *text __free_mem = encode(profile, encoder->name, 0);

		assert_non_null(text);
	}
}

static void test_by_path(void **state)
{
	assert_string_equal(encoder_by_path("x.speedscope.json")->name, "speedscope");
	assert_string_equal(encoder_by_path("/a.b/x.json")->name, "json");
	assert_string_equal(encoder_by_path("x.pb.gz")->name, "pprof");
	assert_string_equal(encoder_by_path(".folded")->name, "folded");
	assert_null(encoder_by_path("x.gz"));
	assert_null(encoder_by_path(""));
	assert_null(encoder_by_name("x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folded),  cmocka_unit_test(test_folded_edges),
		cmocka_unit_test(test_text),    cmocka_unit_test(test_text_rows),
		cmocka_unit_test(test_json),    cmocka_unit_test(test_speedscope),
		cmocka_unit_test(test_by_path), cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
