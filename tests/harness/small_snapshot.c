// SPDX-License-Identifier: Apache-2.0
#include "harness/small_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "abi/stack.h"

static uint32_t str(struct snapshot *s, const char *text)
{
	uint32_t id = 0;

	assert_int_equal(intern__add(s->strings, text, &id), 0);
	return id;
}

static void add_file(struct snapshot *s, uint32_t id, const char *path, uint64_t start)
{
	struct snapshot_file file = {
		.id = id, .path = str(s, path), .build_id = str(s, "abcd"), .has_lines = 1
	};
	struct snapshot_map map = {
		.image = SMALL_IMAGE, .file = id, .start = start, .end = start + 0x10000
	};

	assert_int_equal(vec__push(&s->files, file), 0);
	assert_int_equal(vec__push(&s->maps, map), 0);
}

static void add_symbol(struct snapshot *s, uint64_t frame, const char *name, uint32_t line)
{
	struct snapshot_symbol symbol = { .frame = frame,
					  .line_start = (uint32_t)s->lines.cnt,
					  .line_cnt = 1 };
	struct snapshot_line at = { .name = str(s, name),
				    .system_name = str(s, name),
				    .path = str(s, "/src/shop.c"),
				    .line = line };

	assert_int_equal(vec__push(&s->lines, at), 0);
	assert_int_equal(vec__push(&s->symbols, symbol), 0);
	assert_int_equal(vec__push(&s->frames, frame), 0);
}

struct snapshot *small_snapshot(void)
{
	struct snapshot *s = snapshot__new();
	struct alloc_site site = {
		.frame_cnt = 2,
		.image = SMALL_IMAGE,
		.fn = 1,
		.alloc_cnt = 3 * WEIGHT_ONE,
		.alloc_bytes = 300,
		.free_cnt = 1 * WEIGHT_ONE,
		.free_bytes = 100,
		.sample_cnt = 3,
	};
	struct snapshot_image image = { .id = SMALL_IMAGE, .tgid = 42 };
	struct snapshot_fn fn = { .id = 1 };

	assert_non_null(s);
	str(s, "");
	s->flags = SNAPSHOT_LIVE;
	s->time_ns = 1700000000000000000u;
	s->duration_ns = 2000000000u;
	s->stats[STAT_EVENT_ALLOC] = 3;
	s->stats[STAT_EVENT_FREE] = 1;
	s->stats[STAT_WALK_ROOT] = 3;
	image.comm = str(s, "shop");
	image.exe = str(s, "/usr/bin/shop");
	assert_int_equal(vec__push(&s->images, image), 0);
	add_file(s, SMALL_EXE, "/usr/bin/shop", 0x400000);
	add_file(s, SMALL_LIBC, "/lib/libc.so.6", 0x7f0000000000);
	snapshot__sort_maps(s);
	fn.name = str(s, "malloc");
	assert_int_equal(vec__push(&s->fns, fn), 0);
	/* Leaf first, and in the order that look-ups need. */
	add_symbol(s, FRAME_OF_FILE(SMALL_EXE, 0x1100), "work", 7);
	add_symbol(s, FRAME_OF_FILE(SMALL_EXE, 0x1200), "main", 20);
	assert_int_equal(vec__push(&s->sites, site), 0);
	return s;
}
