// SPDX-License-Identifier: Apache-2.0
#include "collect/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "abi/stack.h"

static const struct process_info program = { .exe = (char *)"/usr/bin/cc1", .service = (char *)"" };

static uint32_t group_of(struct tally *tally, const char *comm, uint32_t uid,
			 const struct process_info *info)
{
	struct image image = { .tgid = 1, .uid = uid };
	uint32_t group = UINT32_MAX;

	snprintf(image.comm, sizeof(image.comm), "%s", comm);
	assert_int_equal(tally__group(tally, &image, info, &group), 0);
	return group;
}

static void add(struct tally *tally, uint32_t group, uint64_t *frames, uint32_t cnt, uint64_t bytes)
{
	struct alloc_site site = { .stack_hash = frames[0] * 31,
				   .stack_check = frames[0] * 17,
				   .frame_cnt = cnt,
				   .image = 77,
				   .alloc_cnt = WEIGHT_ONE,
				   .alloc_bytes = bytes,
				   .free_cnt = WEIGHT_ONE,
				   .free_bytes = bytes / 2,
				   .sample_cnt = 1,
				   .variance = 3,
				   .free_variance = 2 };

	assert_int_equal(tally__add(tally, group, &site, frames), 0);
}

static void sums(const struct snapshot *snapshot, uint64_t *ret_cnt, uint64_t *ret_bytes)
{
	size_t i;

	*ret_cnt = *ret_bytes = 0;
	for (i = 0; i < snapshot->sites.cnt; i++) {
		*ret_cnt += snapshot->sites.at[i].alloc_cnt >> WEIGHT_SHIFT;
		*ret_bytes += snapshot->sites.at[i].alloc_bytes;
	}
}

static void test_groups(void **state)
{
	struct tally *tally __free(tally) = tally__new(0);
	struct process_info unit = program;
	uint32_t first = group_of(tally, "cc1", 0, &program);

	snprintf(unit.owner.unit, sizeof(unit.owner.unit), "build.service");
	assert_int_equal(group_of(tally, "cc1", 0, &program), first);
	assert_int_not_equal(group_of(tally, "cc1", 5, &program), first);
	assert_int_not_equal(group_of(tally, "as", 0, &program), first);
	assert_int_not_equal(group_of(tally, "cc1", 0, &unit), first);
	assert_int_equal(tally__group_cnt(tally), 4);
}

static void test_equal_sites_add_up(void **state)
{
	struct tally *tally __free(tally) = tally__new(0);
	struct snapshot *snapshot __free(snapshot) = snapshot__new();
	uint64_t frames[2] = { FRAME_OF_FILE(1, 0x10), FRAME_OF_FILE(1, 0x20) };
	uint32_t group = group_of(tally, "cc1", 0, &program);

	add(tally, group, frames, 2, 100);
	add(tally, group, frames, 2, 50);
	assert_int_equal(tally__append(tally, 1000, NULL, snapshot), 0);
	assert_int_equal(snapshot->sites.cnt, 1);
	assert_int_equal(snapshot->sites.at[0].alloc_bytes, 150);
	assert_int_equal(snapshot->sites.at[0].free_bytes, 75);
	assert_int_equal(snapshot->sites.at[0].sample_cnt, 2);
	assert_int_equal(snapshot->sites.at[0].variance, 6);
	assert_int_equal(snapshot->sites.at[0].free_variance, 4);
	assert_int_equal(snapshot->sites.at[0].image, 1000);
	assert_int_equal(snapshot->frames.cnt, 2);
	assert_memory_equal(snapshot->frames.at, frames, sizeof(frames));
	assert_string_equal(snapshot__str(snapshot, snapshot->images.at[0].service), "cc1");
	assert_false(snapshot__site_is_live(snapshot, &snapshot->sites.at[0]));
}

/* BPF's hashes are of the addresses that frames had while their process lived. */
static void test_stacks_are_what_is_kept_of_them(void **state)
{
	struct tally *tally __free(tally) = tally__new(0);
	uint64_t frames[2] = { FRAME_OF_ADDR(3), FRAME_OF_FILE(1, 0x20) };
	uint64_t other[2] = { FRAME_OF_ADDR(4), FRAME_OF_FILE(1, 0x20) };
	struct alloc_site site = { .frame_cnt = 2, .alloc_cnt = WEIGHT_ONE };
	uint32_t group = group_of(tally, "node", 0, &program);

	for (site.stack_hash = 1; site.stack_hash < 4; site.stack_hash++)
		assert_int_equal(tally__add(tally, group, &site, frames), 0);
	assert_int_equal(tally__site_cnt(tally), 1);
	assert_int_equal(tally__add(tally, group, &site, other), 0);
	assert_int_equal(tally__site_cnt(tally), 2);
}

/* What is given up is no more certain for that. */
static void need_errors(const struct snapshot *snapshot, uint64_t cnt)
{
	uint64_t sample_cnt = 0, variance = 0, free_variance = 0;
	size_t i;

	for (i = 0; i < snapshot->sites.cnt; i++) {
		sample_cnt += snapshot->sites.at[i].sample_cnt;
		variance += snapshot->sites.at[i].variance;
		free_variance += snapshot->sites.at[i].free_variance;
	}
	assert_int_equal(sample_cnt, cnt);
	assert_int_equal(variance, 3 * cnt);
	assert_int_equal(free_variance, 2 * cnt);
}

/* Whatever is given up, the totals never go backwards, and the memory is bounded. */
static void test_eviction_keeps_totals(void **state)
{
	struct tally *tally __free(tally) = tally__new(64 << 10);
	uint32_t groups[2] = { group_of(tally, "a", 0, &program),
			       group_of(tally, "b", 0, &program) };
	uint64_t cnt, bytes, want = 0;
	uint64_t i;

	for (i = 1; i <= 5000; i++) {
		uint64_t frames[3] = { FRAME_OF_FILE(1, i), FRAME_OF_FILE(2, i),
				       FRAME_OF_FILE(3, i) };

		add(tally, groups[i & 1], frames, 3, i);
		want += i;
		assert_true(tally__bytes(tally) <= 64 << 10);
		if (i % 500)
			continue;
		struct snapshot *snapshot __free(snapshot) = snapshot__new();

		assert_int_equal(tally__append(tally, 1, "cc1", snapshot), 0);
		sums(snapshot, &cnt, &bytes);
		assert_int_equal(cnt, i);
		assert_int_equal(bytes, want);
		need_errors(snapshot, i);
	}
	assert_true(tally__evicted_cnt(tally) > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_equal_sites_add_up),
		cmocka_unit_test(test_stacks_are_what_is_kept_of_them),
		cmocka_unit_test(test_eviction_keeps_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
