// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "view/group.h"

struct fixture {
	struct profile *profile;
	uint32_t main, work, leaf; /* locations; leaf has inlined_copy inlined into it */
};

static uint32_t function(struct profile *profile, const char *name, const char *file)
{
	uint32_t ret = 0;

	assert_int_equal(profile__add_function(profile, name, NULL, file, 1, &ret), 0);
	return ret;
}

static void add(struct fixture *fix, const uint32_t *stack, size_t cnt, int64_t objects,
		int64_t bytes, int32_t pid, const char *comm, bool is_base)
{
	struct profile_label labels[3];
	int64_t values[] = { objects, bytes, objects / 2, bytes / 2 };
	size_t label_cnt = 0;

	if (pid)
		profile__label_num(fix->profile, "pid", pid, "", &labels[label_cnt++]);
	if (comm)
		profile__label_str(fix->profile, "comm", comm, &labels[label_cnt++]);
	if (is_base)
		profile__label_str(fix->profile, "pprof::base", "true", &labels[label_cnt++]);
	assert_int_equal(
		profile__add_sample(fix->profile, stack, cnt, values, labels, label_cnt, NULL), 0);
}

static int setup(void **state)
{
	static struct fixture fix;
	struct profile_line lines[2] = {};
	uint32_t exe, lib;

	fix = (struct fixture){ .profile = profile__new_heap() };
	profile__add_mapping(fix.profile, 0x1000, 0x2000, 0, "/bin/prog", "", 15, &exe);
	profile__add_mapping(fix.profile, 0x8000, 0x9000, 0, "/lib/libwork.so", "", 0, &lib);
	lines[0] = (struct profile_line){ function(fix.profile, "main", "main.c"), 10, 0 };
	profile__add_location(fix.profile, exe, 0x1010, lines, 1, false, &fix.main);
	lines[0] = (struct profile_line){ function(fix.profile, "work", ""), 0, 0 };
	profile__add_location(fix.profile, lib, 0x8010, lines, 1, false, &fix.work);
	lines[0] = (struct profile_line){ function(fix.profile, "copy", "copy.h"), 3, 0 };
	lines[1] = (struct profile_line){ function(fix.profile, "leaf", "main.c"), 20, 0 };
	profile__add_location(fix.profile, exe, 0x1020, lines, 2, false, &fix.leaf);
	*state = &fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	profile__free(fix->profile);
	return 0;
}

/* The group called @name, or SIZE_MAX. */
static size_t find(const struct groups *groups, const char *name)
{
	size_t i;

	for (i = 0; i < groups__cnt(groups); i++) {
		struct buf *buf __free(buf) = buf__new(0);

		groups__name(groups, i, false, buf);
		if (!strcmp(buf__data(buf), name))
			return i;
	}
	return SIZE_MAX;
}

static void assert_bytes(const struct groups *groups, const char *name, int64_t flat, int64_t cum)
{
	size_t group = find(groups, name);

	if (group == SIZE_MAX)
		fail_msg("no group '%s'", name);
	assert_int_equal(groups__flat(groups, group)[PROFILE_ALLOC_SPACE], flat);
	assert_int_equal(groups__cum(groups, group)[PROFILE_ALLOC_SPACE], cum);
}

static void test_inlined_leaf_has_the_flat(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;

	add(fix, (uint32_t[]){ fix->leaf, fix->main }, 2, 1, 100, 0, NULL, false);
	add(fix, (uint32_t[]){ fix->main }, 1, 1, 7, 0, NULL, false);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FUNCTION, GROUPS_ALL, &groups), 0);
	assert_int_equal(groups__totals(groups)[PROFILE_ALLOC_SPACE], 107);
	assert_bytes(groups, "copy", 100, 100);
	assert_bytes(groups, "leaf", 0, 100);
	assert_bytes(groups, "main", 7, 107);
	assert_bytes(groups, "work", 0, 0);
	assert_int_equal(groups__leaf(groups, 0), find(groups, "copy"));
}

static void test_recursion_counts_once_in_cum(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;

	add(fix, (uint32_t[]){ fix->work, fix->main, fix->work, fix->work, fix->main }, 5, 1, 50, 0,
	    NULL, false);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FUNCTION, GROUPS_ALL, &groups), 0);
	assert_bytes(groups, "work", 50, 50);
	assert_bytes(groups, "main", 0, 50);
}

static void test_every_grouping(void **state)
{
	struct fixture *fix = *state;
	uint32_t stack[] = { fix->leaf, fix->work, fix->main };
	struct groups *groups;

	add(fix, stack, 3, 2, 64, 0, NULL, false);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_LINE, GROUPS_ALL, &groups), 0);
	assert_bytes(groups, "copy copy.h:3", 64, 64);
	assert_bytes(groups, "leaf main.c:20", 0, 64);
	assert_bytes(groups, "work libwork.so", 0, 64);
	assert_int_equal(groups__line(groups, find(groups, "leaf main.c:20")), 20);
	groups__free(groups);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FILE, GROUPS_ALL, &groups), 0);
	assert_bytes(groups, "copy.h", 64, 64);
	assert_bytes(groups, "main.c", 0, 64);
	assert_bytes(groups, "[no line information: libwork.so]", 0, 64);
	groups__free(groups);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_MODULE, GROUPS_ALL, &groups), 0);
	assert_bytes(groups, "/bin/prog", 64, 64);
	assert_bytes(groups, "/lib/libwork.so", 0, 64);
	groups__free(groups);
}

static void test_processes_by_label(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;
	uint32_t stack[] = { fix->leaf };

	add(fix, stack, 1, 1, 10, 42, "redis", false);
	add(fix, stack, 1, 1, 20, 43, "redis", false);
	add(fix, stack, 1, 1, 30, 43, "redis", false);
	add(fix, stack, 1, 1, 40, 0, NULL, false);
	add(fix, stack, 1, 1, 50, 44, NULL, false);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_PROCESS, GROUPS_ALL, &groups), 0);
	assert_bytes(groups, "redis (42)", 10, 10);
	assert_bytes(groups, "redis (43)", 50, 50);
	assert_bytes(groups, "process 44", 50, 50);
	assert_bytes(groups, "[process not recorded]", 40, 40);
}

/* Of one process alone the profile says it once. */
static void test_the_process_of_the_comment(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;
	uint32_t stack[] = { fix->leaf };

	add(fix, stack, 1, 1, 10, 42, NULL, false);
	add(fix, stack, 1, 1, 20, 43, NULL, false);
	profile__add_comment(fix->profile, "process: a, pid 7, pid 42");
	assert_int_equal(groups_new(fix->profile, VIEW_BY_PROCESS, GROUPS_ALL, &groups), 0);
	assert_bytes(groups, "a, pid 7 (42)", 10, 10);
	assert_bytes(groups, "process 43", 20, 20);
}

static void test_sides_of_a_difference(void **state)
{
	struct fixture *fix = *state;
	struct groups *before __free(groups) = NULL, *after __free(groups) = NULL;
	uint32_t stack[] = { fix->work };

	add(fix, stack, 1, -3, -30, 0, NULL, true);
	add(fix, stack, 1, 5, 50, 0, NULL, false);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FUNCTION, GROUPS_BASE, &before), 0);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FUNCTION, GROUPS_NOT_BASE, &after), 0);
	assert_int_equal(groups__cnt(before), groups__cnt(after));
	assert_bytes(before, "work", 30, 30);
	assert_bytes(after, "work", 50, 50);
	assert_int_equal(groups__totals(before)[PROFILE_ALLOC_OBJECTS], 3);
}

static void test_sums_do_not_wrap(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;

	add(fix, (uint32_t[]){ fix->work }, 1, 1, INT64_MAX, 0, NULL, false);
	add(fix, (uint32_t[]){ fix->work, fix->main }, 2, 1, INT64_MAX, 0, NULL, false);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FUNCTION, GROUPS_ALL, &groups), 0);
	assert_bytes(groups, "work", INT64_MAX, INT64_MAX);
}

static void test_sorted(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;
	uint32_t *sorted __free_mem = NULL, *by_cum __free_mem = NULL;
	size_t cnt, all_cnt;

	add(fix, (uint32_t[]){ fix->work, fix->main }, 2, 1, -90, 0, NULL, false);
	add(fix, (uint32_t[]){ fix->main }, 1, 9, 20, 0, NULL, false);
	add(fix, (uint32_t[]){ fix->leaf }, 1, 1, 0, 0, NULL, false);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FUNCTION, GROUPS_ALL, &groups), 0);
	assert_int_equal(
		groups__sorted(groups, PROFILE_ALLOC_SPACE, false, &sorted, &cnt, &all_cnt), 0);
	/* What has no value of that type comes last. */
	assert_int_equal(cnt, 2);
	assert_int_equal(all_cnt, 4);
	assert_true(sorted[2] == find(groups, "copy") || sorted[3] == find(groups, "copy"));
	assert_int_equal(sorted[0], find(groups, "work"));
	assert_int_equal(
		groups__sorted(groups, PROFILE_ALLOC_OBJECTS, true, &by_cum, &cnt, &all_cnt), 0);
	assert_int_equal(by_cum[0], find(groups, "main"));
}

static void test_errors_add_in_squares(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;
	double three[] = { 0, 9, 0, 0 }, four[] = { 0, 16, 0, 0 };

	add(fix, (uint32_t[]){ fix->work }, 1, 1, 10, 0, NULL, false);
	add(fix, (uint32_t[]){ fix->work, fix->main }, 2, 1, 10, 0, NULL, false);
	assert_int_equal(profile__add_variances(fix->profile, 0, three), 0);
	assert_int_equal(profile__add_variances(fix->profile, 1, four), 0);
	assert_int_equal(groups_new(fix->profile, VIEW_BY_FUNCTION, GROUPS_ALL, &groups), 0);
	assert_true(groups__flat_error(groups, find(groups, "work"), PROFILE_ALLOC_SPACE) == 5);
	assert_true(groups__flat_error(groups, find(groups, "main"), PROFILE_ALLOC_SPACE) == 0);
}

static void test_no_samples(void **state)
{
	struct fixture *fix = *state;
	struct groups *groups __free(groups) = NULL;
	uint32_t *sorted __free_mem = NULL;
	size_t cnt, all_cnt;

	assert_int_equal(groups_new(fix->profile, VIEW_BY_LINE, GROUPS_ALL, &groups), 0);
	assert_int_equal(groups__sorted(groups, 0, false, &sorted, &cnt, &all_cnt), 0);
	assert_int_equal(cnt, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_inlined_leaf_has_the_flat),
		TEST(test_recursion_counts_once_in_cum),
		TEST(test_every_grouping),
		TEST(test_processes_by_label),
		TEST(test_the_process_of_the_comment),
		TEST(test_sides_of_a_difference),
		TEST(test_sums_do_not_wrap),
		TEST(test_sorted),
		TEST(test_errors_add_in_squares),
		TEST(test_no_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
