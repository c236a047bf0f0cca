// SPDX-License-Identifier: Apache-2.0
#include "collect/snapshot_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abi/stack.h"
#include "base/fdio.h"

#define FILE_VERSION   1u
#define ORDER_MARK     0x01020304u
#define FILE_MAX_BYTES ((size_t)4 << 30)

enum section {
	SECTION_END = 0,
	SECTION_META = 1,
	SECTION_STATS = 2,
	SECTION_STRINGS = 3, /* record_bytes 1: NUL-terminated, in the order of their numbers */
	SECTION_IMAGES = 4,
	SECTION_FILES = 5,
	SECTION_MAPS = 6,
	SECTION_FNS = 7,
	SECTION_PROBED = 8,
	SECTION_SITES = 9,
	SECTION_FRAMES = 10,
	SECTION_SYMBOLS = 11,
	SECTION_LINES = 12,
	SECTION_STORIES = 13,
	SECTION_PAIRS = 14,
	SECTION_TICKS = 15,
	SECTION_POINTS = 16,
	SECTION_SOURCES = 17,
	SECTION_REMARKS = 18,
	SECTION_COST = 19,
};

struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t order;
};

struct section_header {
	uint32_t kind;
	uint32_t record_bytes;
	uint64_t record_cnt;
};

struct meta {
	uint64_t time_ns;
	uint64_t duration_ns;
	uint64_t period_bytes;
	uint32_t flags;
	uint32_t image_max;
};

static void put_section(struct writer *writer, enum section kind, size_t record_bytes, size_t cnt,
			const void *records)
{
	struct section_header header = { kind, (uint32_t)record_bytes, cnt };

	writer__write(writer, &header, sizeof(header));
	writer__write(writer, records, record_bytes * cnt);
}

#define PUT_VEC(writer, kind, vec)                                                                 \
	put_section((writer), (kind), sizeof(*(vec).at), (vec).cnt,                                \
		    (vec).cnt ? (const void *)(vec).at : "")

static void put_strings(struct writer *writer, const struct intern *strings)
{
	struct section_header header = { SECTION_STRINGS, 1, 0 };
	const char *str;
	size_t i;

	for (i = 0; i < intern__cnt(strings); i++)
		header.record_cnt += strlen(intern__str(strings, (uint32_t)i)) + 1;
	writer__write(writer, &header, sizeof(header));
	for (i = 0; i < intern__cnt(strings); i++) {
		str = intern__str(strings, (uint32_t)i);
		writer__write(writer, str, strlen(str) + 1);
	}
}

int snapshot_file_write(const struct snapshot *s, struct writer *writer)
{
	struct file_header header = { SNAPSHOT_MAGIC, FILE_VERSION, ORDER_MARK };
	struct meta meta = { s->time_ns, s->duration_ns, s->period_bytes, s->flags, s->image_max };

	memcpy(header.magic, SNAPSHOT_MAGIC, sizeof(header.magic));
	writer__write(writer, &header, sizeof(header));
	put_section(writer, SECTION_META, sizeof(meta), 1, &meta);
	put_section(writer, SECTION_STATS, sizeof(s->stats[0]), STAT_CNT, s->stats);
	put_strings(writer, s->strings);
	PUT_VEC(writer, SECTION_IMAGES, s->images);
	PUT_VEC(writer, SECTION_FILES, s->files);
	PUT_VEC(writer, SECTION_MAPS, s->maps);
	PUT_VEC(writer, SECTION_FNS, s->fns);
	PUT_VEC(writer, SECTION_PROBED, s->probed);
	PUT_VEC(writer, SECTION_SITES, s->sites);
	PUT_VEC(writer, SECTION_FRAMES, s->frames);
	PUT_VEC(writer, SECTION_SYMBOLS, s->symbols);
	PUT_VEC(writer, SECTION_LINES, s->lines);
	PUT_VEC(writer, SECTION_REMARKS, s->remarks);
	put_section(writer, SECTION_COST, sizeof(s->cost), 1, &s->cost);
	if (s->sources.cnt)
		PUT_VEC(writer, SECTION_SOURCES, s->sources);
	if (s->flags & SNAPSHOT_STORIES) {
		PUT_VEC(writer, SECTION_STORIES, s->stories);
		PUT_VEC(writer, SECTION_PAIRS, s->pairs);
		PUT_VEC(writer, SECTION_TICKS, s->ticks);
		PUT_VEC(writer, SECTION_POINTS, s->points);
	}
	put_section(writer, SECTION_END, 1, 0, "");
	return writer__finish(writer);
}

/* --- reading: everything is the file's word until it is checked ---------------------------------------- */

struct section_view {
	struct section_header header;
	const uint8_t *records;
};

struct cursor {
	const uint8_t *at;
	size_t left;
};

static int next_section(struct cursor *cursor, struct section_view *ret)
{
	struct section_view view;
	uint64_t bytes;

	if (cursor->left < sizeof(view.header))
		return -ENODATA;
	memcpy(&view.header, cursor->at, sizeof(view.header));
	if (__builtin_mul_overflow((uint64_t)view.header.record_bytes, view.header.record_cnt,
				   &bytes) ||
	    !view.header.record_bytes)
		return -EPROTO;
	if (bytes > cursor->left - sizeof(view.header))
		return -ENODATA;
	view.records = cursor->at + sizeof(view.header);
	cursor->at += sizeof(view.header) + bytes;
	cursor->left -= sizeof(view.header) + bytes;
	*ret = view;
	return 0;
}

/* Copy records of maybe another size: what both know, zero for the rest. */
static int take_records(const struct section_view *view, void **at, size_t *room, size_t *cnt,
			size_t elem_bytes)
{
	size_t n = view->header.record_cnt, stride = view->header.record_bytes, i;
	size_t both = stride < elem_bytes ? stride : elem_bytes;
	int err;

	/* A record never shrank below half of what it is now, so memory is bounded by twice the file's size. */
	err = *cnt || stride < elem_bytes / 2 ? -EPROTO : vec_reserve(at, room, n, elem_bytes);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		memset((char *)*at + i * elem_bytes, 0, elem_bytes);
		memcpy((char *)*at + i * elem_bytes, view->records + i * stride, both);
	}
	*cnt = n;
	return 0;
}

#define TAKE_VEC(view, vec)                                                                        \
	take_records((view), (void **)&(vec).at, &(vec).room, &(vec).cnt, sizeof(*(vec).at))

static int take_strings(const struct section_view *view, struct snapshot *s)
{
	const char *at = (const char *)view->records;
	size_t left = view->header.record_cnt, len;
	uint32_t id, want = 0;

	if (view->header.record_bytes != 1)
		return -EPROTO;
	while (left) {
		len = strnlen(at, left);
		if (len == left)
			return -EPROTO;
		if (intern__add_n(s->strings, at, len, &id))
			return -ENOMEM;
		/* Strings are distinct and in order, or their numbers would not be what the records say. */
		if (id != want++)
			return -EPROTO;
		at += len + 1;
		left -= len + 1;
	}
	return 0;
}

static int take_meta(const struct section_view *view, struct snapshot *s)
{
	struct meta meta = {};
	size_t known =
		view->header.record_bytes < sizeof(meta) ? view->header.record_bytes : sizeof(meta);

	if (view->header.record_cnt != 1)
		return -EPROTO;
	memcpy(&meta, view->records, known);
	s->time_ns = meta.time_ns;
	s->duration_ns = meta.duration_ns;
	s->period_bytes = meta.period_bytes ? meta.period_bytes : 1;
	s->flags = meta.flags;
	s->image_max = meta.image_max;
	return 0;
}

static int take_cost(const struct section_view *view, struct snapshot *s)
{
	size_t known = view->header.record_bytes < sizeof(s->cost) ? view->header.record_bytes
								   : sizeof(s->cost);

	if (view->header.record_cnt != 1)
		return -EPROTO;
	memcpy(&s->cost, view->records, known);
	return 0;
}

static int take_stats(const struct section_view *view, struct snapshot *s)
{
	size_t cnt = view->header.record_cnt < STAT_CNT ? view->header.record_cnt : STAT_CNT;

	if (view->header.record_bytes != sizeof(s->stats[0]))
		return -EPROTO;
	memcpy(s->stats, view->records, cnt * sizeof(s->stats[0]));
	return 0;
}

static int take_section(const struct section_view *view, struct snapshot *s)
{
	switch (view->header.kind) {
	case SECTION_META:
		return take_meta(view, s);
	case SECTION_REMARKS:
		return TAKE_VEC(view, s->remarks);
	case SECTION_COST:
		return take_cost(view, s);
	case SECTION_STATS:
		return take_stats(view, s);
	case SECTION_STRINGS:
		return take_strings(view, s);
	case SECTION_IMAGES:
		return TAKE_VEC(view, s->images);
	case SECTION_FILES:
		return TAKE_VEC(view, s->files);
	case SECTION_MAPS:
		return TAKE_VEC(view, s->maps);
	case SECTION_FNS:
		return TAKE_VEC(view, s->fns);
	case SECTION_PROBED:
		return TAKE_VEC(view, s->probed);
	case SECTION_SITES:
		return TAKE_VEC(view, s->sites);
	case SECTION_FRAMES:
		return TAKE_VEC(view, s->frames);
	case SECTION_SYMBOLS:
		return TAKE_VEC(view, s->symbols);
	case SECTION_LINES:
		return TAKE_VEC(view, s->lines);
	case SECTION_STORIES:
		return TAKE_VEC(view, s->stories);
	case SECTION_PAIRS:
		return TAKE_VEC(view, s->pairs);
	case SECTION_TICKS:
		return TAKE_VEC(view, s->ticks);
	case SECTION_POINTS:
		return TAKE_VEC(view, s->points);
	case SECTION_SOURCES:
		return TAKE_VEC(view, s->sources);
	default:
		return 0;
	}
}

static bool range_ok(uint64_t start, uint64_t cnt, size_t have)
{
	return start <= have && cnt <= have - start;
}

/* The same for the life stories. */
static bool stories_are_consistent(const struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->stories.cnt; i++) {
		if (s->stories.at[i].site >= s->sites.cnt)
			return false;
	}
	for (i = 0; i < s->pairs.cnt; i++) {
		if (s->pairs.at[i].alloc_site >= s->sites.cnt ||
		    s->pairs.at[i].free_site >= s->sites.cnt)
			return false;
	}
	for (i = 0; i < s->points.cnt; i++) {
		if (s->points.at[i].tick >= s->ticks.cnt || s->points.at[i].site >= s->sites.cnt)
			return false;
		if (i && s->points.at[i].tick < s->points.at[i - 1].tick)
			return false;
	}
	if (s->ticks.cnt > SNAPSHOT_TICKS_MAX)
		return false;
	for (i = 1; i < s->ticks.cnt; i++) {
		if (s->ticks.at[i] < s->ticks.at[i - 1])
			return false;
	}
	return true;
}

/* Do all ranges lie within their arrays, and are the arrays in the order that look-ups rely on? String numbers need no
 * check: intern__str() takes any. */
static bool is_consistent(const struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->sites.cnt; i++) {
		const struct alloc_site *site = &s->sites.at[i];

		if (site->frame_cnt > STACK_DEPTH_MAX ||
		    !range_ok(site->frame_start, site->frame_cnt, s->frames.cnt))
			return false;
	}
	for (i = 0; i < s->symbols.cnt; i++) {
		const struct snapshot_symbol *symbol = &s->symbols.at[i];

		if (!range_ok(symbol->line_start, symbol->line_cnt, s->lines.cnt))
			return false;
		if (i && symbol->frame < symbol[-1].frame)
			return false;
	}
	for (i = 1; i < s->images.cnt; i++) {
		if (s->images.at[i].id <= s->images.at[i - 1].id)
			return false;
	}
	for (i = 0; i < s->images.cnt; i++) {
		if (!isfinite(s->images.at[i].variance_each) || s->images.at[i].variance_each < 0)
			return false;
	}
	for (i = 1; i < s->files.cnt; i++) {
		if (s->files.at[i].id <= s->files.at[i - 1].id)
			return false;
	}
	for (i = 0; i < s->maps.cnt; i++) {
		if (s->maps.at[i].end < s->maps.at[i].start)
			return false;
	}
	return stories_are_consistent(s);
}

int snapshot_file_parse(const void *data, size_t len_bytes, struct snapshot **ret)
{
	struct snapshot *s __free(snapshot) = snapshot__new();
	struct cursor cursor = { data, len_bytes };
	struct section_view view;
	struct file_header header;
	int err;

	if (!s)
		return -ENOMEM;
	if (len_bytes < sizeof(header) || memcmp(data, SNAPSHOT_MAGIC, sizeof(header.magic)))
		return -EPROTO;
	memcpy(&header, data, sizeof(header));
	if (header.version != FILE_VERSION || header.order != ORDER_MARK)
		return -ENOTSUP;
	cursor.at += sizeof(header);
	cursor.left -= sizeof(header);
	do {
		err = next_section(&cursor, &view);
		if (!err)
			err = take_section(&view, s);
		if (err)
			return err;
	} while (view.header.kind != SECTION_END);
	if (!is_consistent(s))
		return -EPROTO;
	/* Files of older versions have them in another order. */
	snapshot__sort_maps(s);
	*ret = TAKE_PTR(s);
	return 0;
}

int snapshot_file_read(int fd, struct snapshot **ret)
{
	char *data __free_mem = NULL;
	size_t len_bytes;
	int err = fdio_read_all(fd, FILE_MAX_BYTES, &data, &len_bytes);

	if (err)
		return err == -EFBIG ? -EOVERFLOW : err;
	return snapshot_file_parse(data, len_bytes, ret);
}
