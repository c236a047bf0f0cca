// SPDX-License-Identifier: Apache-2.0
/* What users see, letter by letter: report, list and diff of a profile made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "profile/profile_merge.h"
#include "view/annotate.h"
#include "view/difference.h"
#include "view/report.h"

#define SECOND 1000000000LL

struct fixture {
	struct profile *profile;
	uint32_t main, parse, small, big;
};

static void add_location(struct fixture *fix, uint32_t mapping, const char *name, const char *file,
			 int32_t start, int32_t at, uint32_t *ret)
{
	struct profile_line line = { .line = at };

	assert_int_equal(
		profile__add_function(fix->profile, name, NULL, file, start, &line.function), 0);
	assert_int_equal(profile__add_location(fix->profile, mapping, 0x1000 + (uint64_t)at, &line,
					       1, false, ret),
			 0);
}

static void add(struct fixture *fix, uint32_t leaf, int64_t objects, int64_t bytes, int64_t live,
		int64_t live_bytes)
{
	uint32_t stack[] = { leaf, fix->parse, fix->main };
	int64_t values[] = { objects, bytes, live, live_bytes };
	struct profile_label label;

	assert_int_equal(profile__label_str(fix->profile, "alloc_fn", "malloc", &label), 0);
	assert_int_equal(profile__add_sample(fix->profile, stack, 3, values, &label, 1, NULL), 0);
}

static struct fixture build(int64_t scale)
{
	struct fixture fix = { .profile = profile__new_heap() };
	struct profile_meta meta = *profile__meta(fix.profile);
	uint32_t mapping;

	meta.time_ns = 1700000000 * SECOND;
	meta.duration_ns = 10 * SECOND;
	profile__set_meta(fix.profile, &meta);
	profile__add_comment(fix.profile, "complete: \x1b[31mnothing lost");
	profile__add_mapping(fix.profile, 0x1000, 0x9000, 0, "/usr/bin/server", "ab", 15, &mapping);
	add_location(&fix, mapping, "main", "/src/main.c", 3, 5, &fix.main);
	add_location(&fix, mapping, "parse", "/src/parse.c", 1, 2, &fix.parse);
	add_location(&fix, mapping, "small", "/src/parse.c", 4, 6, &fix.small);
	add_location(&fix, mapping, "big", "", 0, 0, &fix.big);
	add(&fix, fix.small, 1200000 * scale, 24 * 1200000 * scale, 1000, 24000);
	add(&fix, fix.big, 3, 3LL * (40 << 20), 1, 40 << 20);
	return fix;
}

static int setup(void **state)
{
	static struct fixture fix;

	setenv("TZ", "UTC", 1);
	fix = build(1);
	*state = &fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	profile__free(fix->profile);
	return 0;
}

static void assert_report(const struct profile *profile, const struct report_options *options,
			  const char *expected)
{
	struct buf *out __free(buf) = buf__new(0);

	assert_int_equal(report_write(profile, options, out), 0);
	assert_string_equal(buf__data(out), expected);
}

/* clang-format off */
#define HEADING \
	"server.pb.gz: heap profile of server, 10.0s from 2023-11-14 22:13:20 UTC, every allocation counted\n" \
	"  complete: ?[31mnothing lost\n\n"

static const char report_text[] =
	HEADING
	"                ──────── allocated ────────  ──── in use ─────  ───── cum ──────\n"
	" share     sum   bytes ▾  objects      mean     bytes  objects     bytes   share  function\n"
	"100.0%           147 MiB    1.20M     129 B  40.0 MiB    1.00k   147 MiB  100.0%  total\n"
	" 81.4%   81.4%   120 MiB        3  40.0 MiB  40.0 MiB        1   120 MiB   81.4%  big\n"
	" 18.6%  100.0%  27.5 MiB    1.20M      24 B  23.4 KiB    1.00k  27.5 MiB   18.6%  small\n"
	"  0.0%  100.0%         ·        ·                   ·        ·   147 MiB  100.0%  main\n"
	"  0.0%  100.0%         ·        ·                   ·        ·   147 MiB  100.0%  parse\n"
	"\n"
	"Many small: malloc in small (called from parse): 1.20M objects averaging 24 B, 100% of all objects, 19% of all bytes; "
	"cure the count: reuse, batch or embed them.\n"
	"Few big: malloc in big (called from parse): 3 objects averaging 40.0 MiB, under 1% of all objects, 81% of all bytes; "
	"cure the size: smaller, shared or streamed.\n";

static const char exact_text[] =
	HEADING
	"                ───────── allocated ──────────  ──── in use ─────  ───── cum ─────\n"
	" share     sum      bytes  objects ▾      mean     bytes  objects  objects   share  file\n"
	"100.0%       -  154629120    1200003       129  41967040     1001  1200003  100.0%  total\n"
	"100.0%  100.0%   28800000    1200000        24     24000     1000  1200003  100.0%  /src/parse.c\n"
	"  0.0%       -  125829120          3  41943040  41943040        1        -       -  (2 more)\n";

static const char cpu_text[] =
	"cpu: profile\n\n"
	"                                  ───── cum ─────\n"
	" share     sum  samples    cpu ▾    value   share  function\n"
	"100.0%                3  30.0 ms  30.0 ms  100.0%  total\n"
	"100.0%  100.0%        3  30.0 ms  30.0 ms  100.0%  spin\n";

static const char list_text[] =
	"small in /src/parse.c\n"
	"alloc_space: flat 27.5 MiB (18.6%), cum 27.5 MiB (18.6%) of 147 MiB\n"
	"The source is newer than the profile: lines may have moved.\n"
	"      flat       cum   objects    line\n"
	"                                     4  void *small(void)\n"
	"                                     5  {\n"
	"  27.5 MiB  27.5 MiB     1.20M       6          return malloc(24); ?[2J\n"
	"                                     7  }\n";

static const char diff_text[] =
	"alloc_space grew by 27.5 MiB (+18.6%); by function: 2 grew (1 new), 0 shrank (0 gone).\n\n"
	"allocated, change   in use, change  ── alloc_space ───\n"
	"  bytes ▾  objects  bytes  objects    before     after           function\n"
	"+27.5 MiB   +1.20M      ·        ·   147 MiB   175 MiB   +18.6%  total\n"
	"+27.5 MiB   +1.20M      ·        ·  27.5 MiB  54.9 MiB  +100.0%  small\n"
	"+10.0 KiB      +10      ·        ·       0 B  10.0 KiB      new  fresh\n"
	"        ·        ·      ·        ·   120 MiB   120 MiB           (the unchanged)\n";
/* clang-format on */

static void test_report(void **state)
{
	struct fixture *fix = *state;
	struct report_options options = { .type = PROFILE_ALLOC_SPACE, .name = "server.pb.gz" };

	assert_report(fix->profile, &options, report_text);
}

static void test_report_cum_and_cut(void **state)
{
	struct fixture *fix = *state;
	struct report_options options = {
		.by = VIEW_BY_FILE,
		.type = PROFILE_ALLOC_OBJECTS,
		.name = "server.pb.gz",
		.row_cnt = 1,
		.style = { .exact = true },
	};

	assert_report(fix->profile, &options, exact_text);
}

static void test_any_sample_types(void **state)
{
	struct profile *profile __free(profile) = profile__new();
	struct report_options options = { .type = 1, .name = "cpu" };
	int64_t values[] = { 3, 30000000 };
	struct profile_line line = { .line = 7 };
	uint32_t location;

	profile__add_type(profile, "samples", "count");
	profile__add_type(profile, "cpu", "nanoseconds");
	profile__add_function(profile, "spin", NULL, "spin.c", 1, &line.function);
	profile__add_location(profile, 0, 0x10, &line, 1, false, &location);
	profile__add_sample(profile, &location, 1, values, NULL, 0, NULL);
	assert_report(profile, &options, cpu_text);
}

/* Where there are variances there is a column for the error, filled where it is worth a thought. */
static void test_errors_are_shown_if_large(void **state)
{
	struct fixture *fix = *state;
	struct report_options options = { .type = PROFILE_ALLOC_SPACE, .name = "server.pb.gz" };
	struct buf *out __free(buf) = buf__new(0);
	double small = 28800000 * 0.04, big = 125829120 * 0.25;
	double small_variances[] = { 0, small * small, 0, 0 };
	double big_variances[] = { 0, big * big, 0, 0 };

	assert_int_equal(profile__add_variances(fix->profile, 0, small_variances), 0);
	assert_int_equal(profile__add_variances(fix->profile, 1, big_variances), 0);
	assert_int_equal(report_write(fix->profile, &options, out), 0);
	assert_non_null(strstr(buf__data(out), " 81.4%   81.4%  ±25%   120 MiB"));
	assert_non_null(strstr(buf__data(out), " 18.6%  100.0%        27.5 MiB"));
}

static void no_source(void *ctx, const char *filename, struct annotate_source *ret)
{
}

/* Line 6 allocates; the file was written after the profile. */
static void find_source(void *ctx, const char *filename, struct annotate_source *ret)
{
	if (strcmp(filename, "/src/parse.c"))
		return;
	ret->text =
		strdup("one\ntwo\nthree\nvoid *small(void)\n{\n\treturn malloc(24); \x1b[2J\n}\n");
	ret->len_bytes = strlen(ret->text);
	ret->mtime_ns = 1700000001 * SECOND;
}

static void assert_list(const struct profile *profile, const char *pattern,
			void (*source)(void *ctx, const char *filename,
				       struct annotate_source *ret),
			int outcome, const char *expected)
{
	struct buf *out __free(buf) = buf__new(0);
	struct annotate_options options = { .type = PROFILE_ALLOC_SPACE, .find_source = source };
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	options.functions = &regex;
	assert_int_equal(annotate_write(profile, &options, out), outcome);
	regfree(&regex);
	assert_string_equal(buf__data(out), expected);
}

static void test_list(void **state)
{
	struct fixture *fix = *state;

	assert_list(fix->profile, "^sm.*l$", find_source, 0, list_text);
}

/* Line numbers are whatever the file says: none, negative, beyond the end of the source. */
static void test_list_of_lines_that_lie(void **state)
{
	static const int32_t lines[] = { 0, -7, INT32_MIN, 99, INT32_MAX };
	struct fixture *fix = *state;
	struct buf *out __free(buf) = buf__new(0);
	struct annotate_options options = { .type = PROFILE_ALLOC_OBJECTS,
					    .find_source = find_source };
	regex_t regex;
	uint32_t leaf;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		add_location(fix, 1, "small", "/src/parse.c", 4, lines[i], &leaf);
		add(fix, leaf, 10 + (int64_t)i, 1, 0, 0);
	}
	assert_int_equal(regcomp(&regex, "small", REG_EXTENDED | REG_NOSUB), 0);
	options.functions = &regex;
	assert_int_equal(annotate_write(fix->profile, &options, out), 0);
	regfree(&regex);
	assert_non_null(strstr(buf__data(out), "        10        10       ?  \n"));
	assert_non_null(strstr(buf__data(out), "     1.20M     1.20M       6          return"));
	assert_non_null(strstr(buf__data(out), "        13        13      99  \n"));
}

static void test_list_without_source(void **state)
{
	struct fixture *fix = *state;

	assert_list(fix->profile, "small", no_source, 0,
		    "small in /src/parse.c\n"
		    "alloc_space: flat 27.5 MiB (18.6%), cum 27.5 MiB (18.6%) of 147 MiB\n"
		    "Source not found: name its directory with --source-path, or cut the build's "
		    "prefix off with --trim-path.\n"
		    "      flat       cum   objects    line\n"
		    "  27.5 MiB  27.5 MiB     1.20M       6  \n");
	assert_list(fix->profile, "nonesuch", no_source, ANNOTATE_NO_MATCH, "");
}

static void test_list_without_lines_says_what_to_do(void **state)
{
	struct fixture *fix = *state;
	struct buf *out __free(buf) = buf__new(0);
	struct annotate_options options = { .type = PROFILE_ALLOC_SPACE, .find_source = no_source };
	regex_t regex;

	assert_int_equal(regcomp(&regex, "big", REG_EXTENDED | REG_NOSUB), 0);
	options.functions = &regex;
	assert_int_equal(annotate_write(fix->profile, &options, out), 0);
	regfree(&regex);
	assert_non_null(strstr(buf__data(out), "No line information"));
	assert_non_null(strstr(buf__data(out), "DEBUGINFOD_URLS"));
}

static void test_diff(void **state)
{
	struct fixture *fix = *state, later = build(2);
	struct profile *after __free(profile) = later.profile, *difference __free(profile) = NULL;
	struct difference_options options = { .type = PROFILE_ALLOC_SPACE };
	struct buf *out __free(buf) = buf__new(0);
	uint32_t fresh;

	add_location(&later, 1, "fresh", "/src/fresh.c", 1, 9, &fresh);
	add(&later, fresh, 10, 10240, 0, 0);
	assert_int_equal(profile_diff(fix->profile, after, PROFILE_DIFF_LABEL_BASE, &difference),
			 0);
	assert_int_equal(difference_write(difference, &options, out), 0);
	assert_string_equal(buf__data(out), diff_text);
}

static void test_diff_backwards(void **state)
{
	struct fixture *fix = *state, later = build(2);
	struct profile *before __free(profile) = later.profile, *difference __free(profile) = NULL;
	struct difference_options options = { .type = PROFILE_ALLOC_SPACE, .cum = true };
	struct buf *out __free(buf) = buf__new(0);

	assert_int_equal(profile_diff(before, fix->profile, PROFILE_DIFF_LABEL_BASE, &difference),
			 0);
	assert_int_equal(difference_write(difference, &options, out), 0);
	assert_non_null(strstr(buf__data(out), "alloc_space shrank by 27.5 MiB (-15.7%)"));
	assert_non_null(strstr(buf__data(out), "-50.0%  small\n"));
	assert_null(strstr(buf__data(out), "unchanged"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_report),
		TEST(test_report_cum_and_cut),
		TEST(test_any_sample_types),
		TEST(test_errors_are_shown_if_large),
		TEST(test_list),
		TEST(test_list_of_lines_that_lie),
		TEST(test_list_without_source),
		TEST(test_list_without_lines_says_what_to_do),
		TEST(test_diff),
		TEST(test_diff_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
