// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "encode/flame_tree.h"

/* A one-metric profile (or two) in the making; frames are single letters: "abc" is c called by b by
 * a. */
static struct profile *new_profile(void)
{
	struct profile *profile = profile__new();

	assert_non_null(profile);
	assert_int_equal(profile__add_type(profile, "objects", "count"), 0);
	assert_int_equal(profile__add_type(profile, "space", "bytes"), 0);
	return profile;
}

static uint32_t location(struct profile *profile, char name, int line)
{
	char text[2] = { name, '\0' };
	struct profile_line row = { .line = line };
	uint32_t mapping, ret;

	assert_int_equal(
		profile__add_mapping(profile, 0x1000, 0x2000, 0, "/bin/prog", "", 0, &mapping), 0);
	assert_int_equal(
		profile__add_function(profile, text, NULL, "/src/prog.c", 1, &row.function), 0);
	assert_int_equal(profile__add_location(profile, mapping,
					       (uint64_t)name << 16 | (uint64_t)line, &row, 1,
					       false, &ret),
			 0);
	return ret;
}

static void add(struct profile *profile, const char *stack, int64_t objects, int64_t bytes,
		const char *comm)
{
	uint32_t locs[64];
	size_t cnt = strlen(stack);
	struct profile_label label;

	for (size_t i = 0; i < cnt; i++)
		locs[cnt - 1 - i] = location(profile, stack[i], 7);
	if (comm)
		assert_int_equal(profile__label_str(profile, "comm", comm, &label), 0);
	assert_int_equal(profile__add_sample(profile, locs, cnt, (int64_t[]){ objects, bytes },
					     &label, comm ? 1 : 0, NULL),
			 0);
}

struct built {
	struct flame_paths *paths;
	struct flame_tree *tree;
};

static struct built build(const struct profile *before, const struct profile *after, size_t max)
{
	struct built b = {};

	assert_int_equal(flame_paths_new(before, after, &b.paths), 0);
	assert_int_equal(flame_tree_build(b.paths, max, &b.tree), 0);
	return b;
}

static void done(struct built *b)
{
	flame_tree__free(b->tree);
	flame_paths__free(b->paths);
}

static const char *name_of(const struct built *b, uint32_t node)
{
	return flame_frames__name(flame_paths__frames(b->paths),
				  flame_tree__node(b->tree, node)->frame);
}

/* The node at the end of @path, or 0. */
static uint32_t find(const struct built *b, const char *path)
{
	uint32_t node = 0;

	for (; *path; path++) {
		const struct flame_node *parent = flame_tree__node(b->tree, node);
		uint32_t i, found = 0;

		for (i = 0; i < parent->child_cnt && !found; i++)
			if (name_of(b, parent->first_child + i)[0] == *path)
				found = parent->first_child + i;
		if (!found)
			return 0;
		node = found;
	}
	return node;
}

/* Every total is the node's own plus its children's, in every value set. */
static void assert_adds_up(const struct built *b)
{
	for (uint32_t i = 0; i < flame_tree__cnt(b->tree); i++) {
		const struct flame_node *node = flame_tree__node(b->tree, i);

		for (size_t k = 0; k < flame_paths__set_cnt(b->paths); k++) {
			int64_t sum = flame_tree__self(b->tree, i, k);

			for (uint32_t c = 0; c < node->child_cnt; c++) {
				assert_int_equal(
					flame_tree__node(b->tree, node->first_child + c)->parent,
					i);
				sum += flame_tree__total(b->tree, node->first_child + c, k);
			}
			assert_int_equal(sum, flame_tree__total(b->tree, i, k));
		}
	}
}

static void stacks_share_their_beginning(void **state)
{
	struct profile *p __free(profile) = new_profile();
	struct built b;

	add(p, "ab", 1, 100, NULL);
	add(p, "ac", 2, 30, NULL);
	add(p, "acb", 4, 20, NULL);
	add(p, "d", 8, 50, NULL);
	b = build(NULL, p, 100);
	assert_int_equal(flame_tree__cnt(b.tree), 6);
	assert_adds_up(&b);
	assert_int_equal(flame_tree__total(b.tree, 0, 1), 200);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "a"), 1), 150);
	assert_int_equal(flame_tree__self(b.tree, find(&b, "a"), 1), 0);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "ac"), 0), 6);
	assert_int_equal(flame_tree__self(b.tree, find(&b, "ac"), 0), 2);
	assert_int_equal(flame_tree__self(b.tree, find(&b, "acb"), 1), 20);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "d"), 0), 8);
	done(&b);
}

static void children_are_heaviest_first(void **state)
{
	struct profile *p __free(profile) = new_profile();
	struct built b;

	add(p, "x", 1, 10, NULL);
	add(p, "y", 1, 80, NULL);
	add(p, "z", 98, 10, NULL); /* few bytes, most objects */
	b = build(NULL, p, 100);
	assert_string_equal(name_of(&b, 1), "z");
	assert_string_equal(name_of(&b, 2), "y");
	assert_string_equal(name_of(&b, 3), "x");
	done(&b);
}

static void many_small_frames_are_gathered(void **state)
{
	struct profile *p __free(profile) = new_profile();
	struct built b;
	uint32_t gathered = 0;

	for (int i = 0; i < 20; i++)
		add(p, (char[]){ 'm', (char)('A' + i), '\0' }, 1, i < 2 ? 1000 : 10, NULL);
	b = build(NULL, p, 5); /* the root, m, and three of its children */
	assert_adds_up(&b);
	assert_int_equal(flame_tree__total(b.tree, 0, 1), 2180);
	for (uint32_t i = 1; i < flame_tree__cnt(b.tree); i++)
		if (flame_tree__node(b.tree, i)->frame == flame_paths__gathered_frame(b.paths))
			gathered = i;
	assert_int_not_equal(gathered, 0);
	assert_int_equal(flame_tree__node(b.tree, gathered)->site, 17);
	assert_int_equal(flame_tree__self(b.tree, gathered, 0), 17);
	assert_int_equal(flame_tree__self(b.tree, gathered, 1), 170);
	assert_int_not_equal(find(&b, "mA"), 0);
	assert_int_not_equal(find(&b, "mB"), 0);
	done(&b);
}

/* With room for nothing at all, everything is in one box and still all there. */
static void no_room_loses_nothing(void **state)
{
	struct profile *p __free(profile) = new_profile();
	struct built b;

	for (size_t max = 0; max < 12; max++) {
		struct profile *q __free(profile) = new_profile();

		add(q, "abcdef", 3, 30, NULL);
		add(q, "abxyz", 2, 50, NULL);
		add(q, "ab", 1, 7, NULL);
		add(q, "", 9, 90, NULL); /* no stack at all */
		b = build(NULL, q, max);
		assert_adds_up(&b);
		assert_int_equal(flame_tree__total(b.tree, 0, 0), 15);
		assert_int_equal(flame_tree__total(b.tree, 0, 1), 177);
		assert_int_equal(flame_tree__self(b.tree, 0, 1), 90);
		done(&b);
	}
	b = build(NULL, p, 10); /* and an empty profile is a root */
	assert_int_equal(flame_tree__cnt(b.tree), 1);
	done(&b);
}

static void inlined_frames_are_frames(void **state)
{
	struct profile *p __free(profile) = new_profile();
	struct profile_line lines[2] = { { .line = 30 }, { .line = 20 } };
	uint32_t mapping, loc;
	struct built b;

	assert_int_equal(profile__add_mapping(p, 0x1000, 0x2000, 0, "/bin/prog", "", 0, &mapping),
			 0);
	assert_int_equal(profile__add_function(p, "i", NULL, "in.h", 0, &lines[0].function), 0);
	assert_int_equal(profile__add_function(p, "o", NULL, "out.c", 0, &lines[1].function), 0);
	assert_int_equal(profile__add_location(p, mapping, 0x1234, lines, 2, false, &loc), 0);
	assert_int_equal(profile__add_sample(p, &loc, 1, (int64_t[]){ 1, 2 }, NULL, 0, NULL), 0);
	b = build(NULL, p, 10);
	assert_int_equal(flame_tree__node(b.tree, find(&b, "o"))->site,
			 20 << FLAME_SITE_LINE_SHIFT);
	assert_int_equal(flame_tree__node(b.tree, find(&b, "oi"))->site,
			 30 << FLAME_SITE_LINE_SHIFT | FLAME_SITE_INLINED);
	done(&b);
}

static void calls_from_several_lines_are_one_node(void **state)
{
	struct profile *p __free(profile) = new_profile();
	uint32_t light = location(p, 'a', 10), heavy = location(p, 'a', 20);
	struct built b;

	assert_int_equal(profile__add_sample(p, &light, 1, (int64_t[]){ 1, 2 }, NULL, 0, NULL), 0);
	assert_int_equal(profile__add_sample(p, &heavy, 1, (int64_t[]){ 5, 9 }, NULL, 0, NULL), 0);
	b = build(NULL, p, 10);
	assert_int_equal(flame_tree__cnt(b.tree), 2);
	assert_int_equal(flame_tree__node(b.tree, 1)->site,
			 20 << FLAME_SITE_LINE_SHIFT | FLAME_SITE_LINES_DIFFER);
	assert_int_equal(flame_tree__self(b.tree, 1, 1), 11);
	done(&b);
}

static void two_profiles_lie_over_one_another(void **state)
{
	struct profile *before __free(profile) = new_profile(),
			       *after __free(profile) = new_profile();
	struct built b;

	add(before, "ab", 1, 100, NULL);
	add(before, "ag", 1, 40, NULL); /* gone */
	add(after, "an", 1, 60, NULL);  /* new */
	add(after, "ab", 2, 150, NULL);
	b = build(before, after, 100);
	assert_true(flame_paths__is_diff(b.paths));
	assert_int_equal(flame_paths__set_cnt(b.paths), 4);
	assert_int_equal(flame_tree__cnt(b.tree), 5);
	assert_adds_up(&b);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "ab"), 1), 100);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "ab"), 3), 150);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "ag"), 3), 0);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "an"), 1), 0);
	assert_int_equal(flame_tree__total(b.tree, 0, 1), 140);
	assert_int_equal(flame_tree__total(b.tree, 0, 3), 210);
	done(&b);
}

/* A profile that is a difference already has negative values: those were before. */
static void negative_values_were_before(void **state)
{
	struct profile *p __free(profile) = new_profile();
	struct built b;

	add(p, "a", -3, INT64_MIN, NULL);
	add(p, "b", 4, 40, NULL);
	b = build(NULL, p, 100);
	assert_true(flame_paths__is_diff(b.paths));
	assert_int_equal(flame_tree__total(b.tree, find(&b, "a"), 0), 3);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "a"), 2), 0);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "a"), 1), INT64_MAX);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "b"), 3), 40);
	done(&b);
}

static void only_common_types_are_compared(void **state)
{
	struct profile *before __free(profile) = profile__new();
	struct profile *after __free(profile) = new_profile();
	struct flame_paths *paths = NULL;

	assert_int_equal(profile__add_type(before, "space", "KiB"), 0);
	assert_int_equal(flame_paths_new(before, after, &paths), FLAME_NO_COMMON_TYPE);
	assert_null(paths);
	assert_int_equal(profile__add_type(before, "objects", "count"), 0);
	assert_int_equal(flame_paths_new(before, after, &paths), 0);
	assert_int_equal(flame_paths__metric_cnt(paths), 1);
	assert_int_equal(flame_paths__type_of(paths, 0), 0);
	flame_paths__free(paths);
}

static void several_processes_come_first(void **state)
{
	struct profile *one __free(profile) = new_profile(), *two __free(profile) = new_profile();
	struct built b;

	add(one, "a", 1, 1, "web");
	b = build(NULL, one, 100);
	assert_string_equal(name_of(&b, 1), "a");
	done(&b);

	add(two, "a", 1, 10, "web");
	add(two, "a", 1, 20, "db");
	b = build(NULL, two, 100);
	assert_int_equal(flame_tree__node(b.tree, 0)->child_cnt, 2);
	assert_string_equal(name_of(&b, 1), "db");
	assert_int_equal(flame_tree__total(b.tree, find(&b, "da"), 1), 20);
	assert_int_equal(flame_tree__total(b.tree, find(&b, "wa"), 1), 10);
	done(&b);
}

static void huge_sums_saturate(void **state)
{
	struct profile *p __free(profile) = new_profile();
	struct built b;

	add(p, "a", INT64_MAX, INT64_MAX, NULL);
	add(p, "b", INT64_MAX, 1, NULL);
	b = build(NULL, p, 100);
	assert_int_equal(flame_tree__total(b.tree, 0, 0), INT64_MAX);
	assert_int_equal(flame_tree__total(b.tree, 0, 1), INT64_MAX);
	done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_share_their_beginning),
		cmocka_unit_test(children_are_heaviest_first),
		cmocka_unit_test(many_small_frames_are_gathered),
		cmocka_unit_test(no_room_loses_nothing),
		cmocka_unit_test(inlined_frames_are_frames),
		cmocka_unit_test(calls_from_several_lines_are_one_node),
		cmocka_unit_test(two_profiles_lie_over_one_another),
		cmocka_unit_test(negative_values_were_before),
		cmocka_unit_test(only_common_types_are_compared),
		cmocka_unit_test(several_processes_come_first),
		cmocka_unit_test(huge_sums_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
