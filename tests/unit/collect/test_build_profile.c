// SPDX-License-Identifier: Apache-2.0
#include "collect/build_profile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "abi/stack.h"
#include "collect/ledger.h"
#include "harness/small_snapshot.h"

static struct profile *build(const struct snapshot *s, struct build_totals *totals)
{
	struct build_options options = {};
	struct profile *profile = NULL;

	assert_int_equal(build_profile(s, &options, &profile, totals), 0);
	assert_non_null(profile);
	return profile;
}

static void check_totals(const struct profile *profile, int64_t objects, int64_t bytes,
			 int64_t inuse_objects, int64_t inuse_bytes)
{
	int64_t totals[PROFILE_TYPES_MAX];
	size_t heap[PROFILE_METRIC_CNT];

	assert_true(profile__heap_types(profile, heap));
	profile__totals(profile, totals);
	assert_int_equal(totals[heap[PROFILE_ALLOC_OBJECTS]], objects);
	assert_int_equal(totals[heap[PROFILE_ALLOC_SPACE]], bytes);
	assert_int_equal(totals[heap[PROFILE_INUSE_OBJECTS]], inuse_objects);
	assert_int_equal(totals[heap[PROFILE_INUSE_SPACE]], inuse_bytes);
}

static const char *function_at(const struct profile *profile, size_t depth)
{
	const struct profile_line *lines;
	const uint32_t *stack;
	size_t cnt;

	stack = profile__stack(profile, 0, &cnt);
	assert_true(depth < cnt);
	lines = profile__lines(profile, stack[depth], &cnt);
	assert_int_equal(cnt, 1);
	return profile__str(profile, profile__function(profile, lines[0].function)->name);
}

static void four_values_and_a_stack(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct build_totals totals = {};
	struct profile *profile __free(profile) = build(s, &totals);

	assert_int_equal(profile__sample_cnt(profile), 1);
	check_totals(profile, 3, 300, 2, 200);
	assert_int_equal(totals.values[PROFILE_ALLOC_SPACE], 300);
	assert_string_equal(function_at(profile, 0), "work");
	assert_string_equal(function_at(profile, 1), "main");
}

static void ended_processes_hold_nothing(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *profile __free(profile) = NULL;

	s->images.at[0].end_ns = 5;
	profile = build(s, NULL);
	check_totals(profile, 3, 300, 0, 0);
}

/* The comment of @s's profile that begins with "process". */
static void says_of_processes(const struct snapshot *s, const char *expected)
{
	struct profile *profile __free(profile) = build(s, NULL);
	size_t i;

	for (i = 0; i < profile__comment_cnt(profile); i++) {
		if (strncmp(profile__comment(profile, i), "process", 7))
			continue;
		assert_string_equal(profile__comment(profile, i), expected);
		return;
	}
	fail_msg("nothing is said of processes");
}

/* A command's first image is heaptap, before the exec; what a shell execs is the shell's process. */
static void processes_are_those_that_did_something(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct alloc_site other = s->sites.at[0];
	struct snapshot_image before = { .id = SMALL_IMAGE + 1, .tgid = 42 };
	struct snapshot_image idle = { .id = SMALL_IMAGE + 2, .tgid = 43 };

	says_of_processes(s, "process: shop, pid 42");
	assert_int_equal(intern__add(s->strings, "heaptap", &before.comm), 0);
	assert_int_equal(intern__add(s->strings, "idle", &idle.comm), 0);
	assert_int_equal(vec__push(&s->images, before), 0);
	assert_int_equal(vec__push(&s->images, idle), 0);
	says_of_processes(s, "process: shop, pid 42");
	other.image = before.id;
	assert_int_equal(vec__push(&s->sites, other), 0);
	says_of_processes(s, "process: heaptap, pid 42");
	s->sites.at[1].image = idle.id;
	says_of_processes(s, "processes: 2");
	/* Nobody did anything: whoever was there. */
	s->sites.cnt = 0;
	says_of_processes(s, "processes: 2");
	s->images.cnt = 2;
	says_of_processes(s, "process: heaptap, pid 42");
}

/* What a budget made uncertain is one error for the whole process: each sample has its share of the sum's. */
static void errors_of_a_process_are_shared_by_its_samples(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *profile __free(profile) = NULL;
	const double *variances;

	s->flags |= SNAPSHOT_SAMPLED;
	s->sites.at[0].variance = 5 * VARIANCE_ONE;
	s->images.at[0].variance_each = 1e12f;
	profile = build(s, NULL);
	variances = profile__variances(profile, 0);
	assert_non_null(variances);
	assert_true(fabs(variances[PROFILE_ALLOC_OBJECTS] / 3e12 - 1) < 1e-6);
	assert_true(fabs(variances[PROFILE_ALLOC_SPACE] / 3e16 - 1) < 1e-6);
	assert_true(fabs(variances[PROFILE_INUSE_OBJECTS] - 5) < 1e-6);
}

static void in_use_is_never_negative(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *profile __free(profile) = NULL;

	s->sites.at[0].free_cnt = 9 * WEIGHT_ONE;
	s->sites.at[0].free_bytes = 900;
	profile = build(s, NULL);
	check_totals(profile, 3, 300, 0, 0);
}

static void name_innermost(struct snapshot *s, const char *name)
{
	uint32_t id = 0;

	assert_int_equal(intern__add(s->strings, name, &id), 0);
	s->lines.at[0].name = s->lines.at[0].system_name = id;
}

static void allocators_are_not_in_the_stack(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *profile __free(profile) = NULL;

	name_innermost(s, "malloc");
	profile = build(s, NULL);
	check_totals(profile, 3, 300, 2, 200);
	assert_string_equal(function_at(profile, 0), "main");
}

/* Names are not looked at twice. */
static void what_was_judged_is_not_judged_again(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *inner __free(profile) = NULL, *own __free(profile) = NULL;

	s->lines.at[0].flags = SNAPSHOT_LINE_JUDGED | SNAPSHOT_LINE_INTERNAL;
	inner = build(s, NULL);
	assert_string_equal(function_at(inner, 0), "main");
	name_innermost(s, "malloc");
	s->lines.at[0].flags = SNAPSHOT_LINE_JUDGED;
	own = build(s, NULL);
	assert_string_equal(function_at(own, 0), "malloc");
}

/* Rust's alloc::alloc::alloc() is nearly always part of its caller. */
static void inlined_allocators_are_not_in_the_stack(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct build_options options = { .allocator_frames = true };
	struct profile *profile __free(profile) = NULL, *whole __free(profile) = NULL;
	struct snapshot_line outer = s->lines.at[0];
	const uint32_t *stack;
	size_t cnt;

	name_innermost(s, "alloc::alloc::alloc");
	s->symbols.at[0].line_start = (uint32_t)s->lines.cnt;
	s->symbols.at[0].line_cnt = 2;
	assert_int_equal(vec__push(&s->lines, s->lines.at[0]), 0);
	assert_int_equal(vec__push(&s->lines, outer), 0);
	profile = build(s, NULL);
	assert_string_equal(function_at(profile, 0), "work");
	assert_string_equal(function_at(profile, 1), "main");

	assert_int_equal(build_profile(s, &options, &whole, NULL), 0);
	stack = profile__stack(whole, 0, &cnt);
	assert_int_equal(cnt, 3); /* the entry point, work, main */
	profile__lines(whole, stack[1], &cnt);
	assert_int_equal(cnt, 2);
}

static void what_an_allocator_asks_an_allocator_for_is_counted_once(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct snapshot_range range = { .file = SMALL_EXE, .start = 0x1100, .end = 0x1180 };
	struct profile *profile __free(profile) = NULL;
	struct build_totals totals = {};

	name_innermost(s, "malloc");
	assert_int_equal(vec__push(&s->probed, range), 0);
	profile = build(s, &totals);
	assert_int_equal(totals.nested_cnt, 3);
	check_totals(profile, 0, 0, 0, 0);
}

static void what_is_not_there_is_said(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct build_totals totals = {};
	struct profile *profile __free(profile) = build(s, &totals);
	struct buf *out __free(buf) = buf__new(0);

	assert_non_null(out);
	assert_true(ledger_is_complete(s));
	s->stats[STAT_LIVE_FULL] = 7;
	assert_false(ledger_is_complete(s));
	ledger_text(s, &totals, out);
	assert_non_null(strstr(buf__data(out), "7 live table full"));
	s->stats[STAT_LIVE_FULL] = 0;
	s->stats[STAT_WALK_TOO_DEEP] = 1;
	assert_false(ledger_is_complete(s));
	buf__reset(out);
	ledger_text(s, &totals, out);
	assert_non_null(strstr(buf__data(out), "75.00% complete: 1 too deep"));
	s->stats[STAT_WALK_TOO_DEEP] = 0;
	s->flags |= SNAPSHOT_INCOMPLETE;
	assert_false(ledger_is_complete(s));
	assert_int_equal(ledger_comments(s, &totals, true, profile), 0);
	assert_true(profile__comment_cnt(profile) > 0);
	assert_string_equal(ledger_stat_id(STAT_LIVE_FULL), "LIVE_FULL");
}

static void nothing_makes_an_empty_profile(void **state)
{
	struct snapshot *s __free(snapshot) = snapshot__new();
	struct profile *profile __free(profile) = NULL;

	assert_non_null(s);
	profile = build(s, NULL);
	assert_int_equal(profile__sample_cnt(profile), 0);
}

static struct profile *build_placed(const struct snapshot *s)
{
	struct build_options options = { .placed = true };
	struct profile *profile = NULL;

	assert_int_equal(build_profile(s, &options, &profile, NULL), 0);
	return profile;
}

/* The first site's likeness in a process @id, which has ended and been forgotten if @gone. */
static struct alloc_site *add_likeness(struct snapshot *s, uint32_t id, bool gone)
{
	struct snapshot_image image = s->images.at[0];
	struct alloc_site site = s->sites.at[0];

	image.id = site.image = id;
	image.tgid = gone ? 0 : id;
	assert_int_equal(vec__push(&s->images, image), 0);
	assert_int_equal(vec__push(&s->sites, site), 0);
	return &s->sites.at[s->sites.cnt - 1];
}

/* 1.4 of one that lives and 1.4 of one that does not are as many as 2.8 of two that do not. */
static void fractions_are_rounded_once(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *profile __free(profile) = NULL;
	uint64_t part = 14 * WEIGHT_ONE / 10;

	s->sites.at[0].alloc_cnt = part;
	s->sites.at[0].free_cnt = 0;
	add_likeness(s, 900, true)->alloc_cnt = part;
	profile = build_placed(s);
	assert_int_equal(profile__sample_cnt(profile), 1);
	assert_int_equal(profile__values(profile, 0)[PROFILE_ALLOC_OBJECTS], 3);
	assert_int_equal(profile__values(profile, 0)[PROFILE_INUSE_OBJECTS], 3);
}

static void use_anon_code(struct snapshot *s, struct alloc_site *site, uint64_t frame,
			  uint32_t name)
{
	struct snapshot_symbol symbol = {
		.frame = frame, .image = site->image, .line_cnt = 1, .lasting = name
	};

	site->frame_start = (uint32_t)s->frames.cnt;
	site->frame_cnt = 1;
	assert_int_equal(vec__push(&s->frames, frame), 0);
	assert_int_equal(vec__push(&s->symbols, symbol), 0);
}

/* At whatever address it lies, and when it lies nowhere any more. */
static void code_without_a_file_is_what_it_is_called(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *profile __free(profile) = NULL;
	uint32_t name, ids[2] = { 800, 900 };
	size_t i;

	assert_int_equal(intern__add(s->strings, "jitted", &name), 0);
	for (i = 0; i < 2; i++)
		add_likeness(s, ids[i], i == 1);
	use_anon_code(s, &s->sites.at[2], FRAME_OF_ADDR(1), name);
	use_anon_code(s, &s->sites.at[0], FRAME_OF_ADDR(0x7000), name);
	use_anon_code(s, &s->sites.at[1], FRAME_OF_ADDR(0x9000), name);
	profile = build_placed(s);
	assert_int_equal(profile__sample_cnt(profile), 1);
	assert_int_equal(profile__values(profile, 0)[PROFILE_ALLOC_OBJECTS], 9);
	assert_string_equal(function_at(profile, 0), "jitted");
}

/* What was met before its mapping was known to BPF is at the place of the rest of that file. */
static void addresses_in_a_file_are_the_files(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct profile *profile __free(profile) = NULL;
	const uint32_t *stack;
	size_t cnt;

	s->sites.at[0].frame_cnt = 0;
	use_anon_code(s, &s->sites.at[0], FRAME_OF_ADDR(0x401234), 0);
	profile = build_placed(s);
	stack = profile__stack(profile, 0, &cnt);
	assert_int_equal(profile__location(profile, stack[0])->address,
			 FRAME_OF_FILE(SMALL_EXE, 0x1234));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_values_and_a_stack),
		cmocka_unit_test(ended_processes_hold_nothing),
		cmocka_unit_test(processes_are_those_that_did_something),
		cmocka_unit_test(errors_of_a_process_are_shared_by_its_samples),
		cmocka_unit_test(in_use_is_never_negative),
		cmocka_unit_test(allocators_are_not_in_the_stack),
		cmocka_unit_test(what_was_judged_is_not_judged_again),
		cmocka_unit_test(inlined_allocators_are_not_in_the_stack),
		cmocka_unit_test(what_an_allocator_asks_an_allocator_for_is_counted_once),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(nothing_makes_an_empty_profile),
		cmocka_unit_test(fractions_are_rounded_once),
		cmocka_unit_test(code_without_a_file_is_what_it_is_called),
		cmocka_unit_test(addresses_in_a_file_are_the_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
