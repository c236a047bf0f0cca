// SPDX-License-Identifier: Apache-2.0
#include "collect/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "abi/stack.h"

static void add_map(struct snapshot *s, uint32_t image, uint32_t file, uint64_t start, uint64_t end,
		    uint64_t offset)
{
	struct snapshot_map map = {
		.image = image, .file = file, .start = start, .end = end, .offset = offset
	};

	assert_int_equal(vec__push(&s->maps, map), 0);
}

static void check_map(const struct snapshot *s, uint32_t image, uint64_t frame, uint64_t start)
{
	const struct snapshot_map *map = snapshot__map(s, image, frame);

	if (!start) {
		assert_null(map);
		return;
	}
	assert_non_null(map);
	assert_int_equal(map->image, image);
	assert_int_equal(map->start, start);
}

static void mappings_are_found_by_file_and_address(void **state)
{
	struct snapshot *s __free(snapshot) = snapshot__new();

	assert_non_null(s);
	/* Not in order: two parts of a file, the same file in another image, code without a file. */
	add_map(s, 2, 5, 0x7000, 0x9000, 0x1000);
	add_map(s, 1, 5, 0x400000, 0x402000, 0x3000);
	add_map(s, 1, 0, 0x10000, 0x11000, 0);
	add_map(s, 1, 5, 0x100000, 0x101000, 0x1000);
	add_map(s, 1, 9, 0x200000, 0x201000, 0);
	add_map(s, 1, 0, 0x30000, 0x38000, 0);
	snapshot__sort_maps(s);

	check_map(s, 1, FRAME_OF_FILE(5, 0x1000), 0x100000);
	check_map(s, 1, FRAME_OF_FILE(5, 0x1fff), 0x100000);
	check_map(s, 1, FRAME_OF_FILE(5, 0x2000), 0);
	check_map(s, 1, FRAME_OF_FILE(5, 0x3000), 0x400000);
	check_map(s, 1, FRAME_OF_FILE(5, 0x4fff), 0x400000);
	check_map(s, 1, FRAME_OF_FILE(5, 0x5000), 0);
	check_map(s, 1, FRAME_OF_FILE(5, 0xfff), 0);
	check_map(s, 2, FRAME_OF_FILE(5, 0x1000), 0x7000);
	check_map(s, 2, FRAME_OF_FILE(9, 0), 0);
	check_map(s, 3, FRAME_OF_FILE(5, 0x1000), 0);
	check_map(s, 1, FRAME_OF_FILE(FILE_ID_MAX, (1ull << 40) - 1), 0);

	check_map(s, 1, FRAME_OF_ADDR(0x10fff), 0x10000);
	check_map(s, 1, FRAME_OF_ADDR(0x11000), 0);
	check_map(s, 1, FRAME_OF_ADDR(0x37fff), 0x30000);
	check_map(s, 1, FRAME_OF_ADDR(0), 0);
	check_map(s, 1, FRAME_OF_ADDR((1ull << 48) - 1), 0);
	/* The walker knew the address alone. */
	check_map(s, 1, FRAME_OF_ADDR(0x200010), 0x200000);
	check_map(s, 2, FRAME_OF_ADDR(0x200010), 0);
}

static void files_without_a_mapping_have_a_place(void **state)
{
	struct snapshot *s __free(snapshot) = snapshot__new();

	assert_non_null(s);
	add_map(s, 0, 5, 0x1000, 0x9000, 0);
	add_map(s, 0, 6, 0x9000, 0xa000, 0);
	add_map(s, 1, 5, 0x400000, 0x401000, 0x1000);
	snapshot__sort_maps(s);
	check_map(s, 1, FRAME_OF_FILE(5, 0x1800), 0x400000);
	assert_int_equal(snapshot__map(s, 1, FRAME_OF_FILE(5, 0x2800))->start, 0x1000);
	assert_int_equal(snapshot__map(s, 2, FRAME_OF_FILE(6, 0x10))->start, 0x9000);
	/* Addresses there are nobody's. */
	check_map(s, 0, FRAME_OF_ADDR(0x1800), 0);
	check_map(s, 2, FRAME_OF_ADDR(0x1800), 0);
}

static void mappings_of_different_times_may_overlap(void **state)
{
	struct snapshot *s __free(snapshot) = snapshot__new();

	assert_non_null(s);
	add_map(s, 1, 5, 0x10000, 0x90000, 0);
	add_map(s, 1, 5, 0x120000, 0x121000, 0x1000);
	add_map(s, 1, 6, 0x20000, 0x21000, 0);
	snapshot__sort_maps(s);
	check_map(s, 1, FRAME_OF_FILE(5, 0x1500), 0x120000);
	check_map(s, 1, FRAME_OF_FILE(5, 0x7000), 0x10000);
	check_map(s, 1, FRAME_OF_FILE(5, 0x80000), 0);
	/* Files took turns at one of the addresses. */
	check_map(s, 1, FRAME_OF_ADDR(0x1f000), 0x10000);
	check_map(s, 1, FRAME_OF_ADDR(0x20500), 0);
}

/* Against the plain search, over many layouts. */
static void mappings_are_those_of_a_plain_search(void **state)
{
	uint32_t random = 1;
	int round, i;

	for (round = 0; round < 200; round++) {
		struct snapshot *s __free(snapshot) = snapshot__new();

		assert_non_null(s);
		for (i = 0; i < round % 20; i++) {
			random = random * 1664525 + 1013904223;
			/* Mappings of one file that do not overlap in it: one answer is right. */
			add_map(s, 1 + (random >> 30), 1 + (random >> 28) % 3,
				0x100000u * (unsigned)(i + 1),
				0x100000u * (unsigned)(i + 1) + 0x800, 0x1000u * (unsigned)i);
		}
		snapshot__sort_maps(s);
		for (i = 0; i < 20 * 0x1000; i += 0x7f) {
			random = random * 1664525 + 1013904223;
			uint32_t image = 1 + (random >> 30), file = 1 + (random >> 28) % 3;
			const struct snapshot_map *want = NULL;
			size_t k;

			for (k = 0; k < s->maps.cnt; k++) {
				const struct snapshot_map *map = &s->maps.at[k];

				if (map->image == image && map->file == file &&
				    (uint64_t)i >= map->offset && (uint64_t)i < map->offset + 0x800)
					want = map;
			}
			assert_ptr_equal(snapshot__map(s, image, FRAME_OF_FILE(file, (uint64_t)i)),
					 want);
		}
	}
}

static void images_files_and_symbols_are_found_by_id(void **state)
{
	struct snapshot *s __free(snapshot) = snapshot__new();
	const uint64_t shared = FRAME_OF_FILE(3, 0x10), own = FRAME_OF_ADDR(0x5000);

	assert_non_null(s);
	assert_null(snapshot__image(s, 1));
	assert_null(snapshot__file(s, 1));
	assert_null(snapshot__symbol(s, 1, shared));
	assert_int_equal(vec__push(&s->images, (struct snapshot_image){ .id = 2, .tgid = 20 }), 0);
	assert_int_equal(vec__push(&s->images, (struct snapshot_image){ .id = 7, .tgid = 70 }), 0);
	assert_int_equal(vec__push(&s->files, (struct snapshot_file){ .id = 3 }), 0);
	assert_int_equal(vec__push(&s->symbols, (struct snapshot_symbol){ .frame = shared }), 0);
	assert_int_equal(
		vec__push(&s->symbols, (struct snapshot_symbol){ .frame = own, .image = 2 }), 0);
	assert_int_equal(
		vec__push(&s->symbols, (struct snapshot_symbol){ .frame = own, .image = 7 }), 0);
	assert_int_equal(snapshot__image(s, 2)->tgid, 20);
	assert_int_equal(snapshot__image(s, 7)->tgid, 70);
	assert_null(snapshot__image(s, 3));
	assert_null(snapshot__image(s, UINT32_MAX));
	assert_non_null(snapshot__file(s, 3));
	assert_null(snapshot__file(s, 4));
	/* A file's frame means the same in all images, an address does not. */
	assert_ptr_equal(snapshot__symbol(s, 2, shared), snapshot__symbol(s, 7, shared));
	assert_int_equal(snapshot__symbol(s, 7, own)->image, 7);
	assert_null(snapshot__symbol(s, 3, own));
}

static void in_use_is_what_living_processes_hold(void **state)
{
	struct snapshot *s __free(snapshot) = snapshot__new();
	struct alloc_site alive = { .image = 1 }, ended = { .image = 2 }, unknown = { .image = 9 };

	assert_non_null(s);
	assert_int_equal(vec__push(&s->images, (struct snapshot_image){ .id = 1 }), 0);
	assert_int_equal(vec__push(&s->images, (struct snapshot_image){ .id = 2, .end_ns = 5 }), 0);
	assert_false(snapshot__site_is_live(s, &alive));
	s->flags = SNAPSHOT_LIVE;
	assert_true(snapshot__site_is_live(s, &alive));
	assert_false(snapshot__site_is_live(s, &ended));
	assert_true(snapshot__site_is_live(s, &unknown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_are_found_by_file_and_address),
		cmocka_unit_test(files_without_a_mapping_have_a_place),
		cmocka_unit_test(mappings_of_different_times_may_overlap),
		cmocka_unit_test(mappings_are_those_of_a_plain_search),
		cmocka_unit_test(images_files_and_symbols_are_found_by_id),
		cmocka_unit_test(in_use_is_what_living_processes_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
