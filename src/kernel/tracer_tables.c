// SPDX-License-Identifier: Apache-2.0
/*
 * Unwind tables, in arrays that BPF reads without a lock. A table that is replaced is published first, and what it took
 * rests until no program can be in it any more.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kernel/tracer_priv.h"

int tracer__init_tables(struct tracer *tracer)
{
	int err = extents__init(&tracer->row_room, (uint32_t)tracer->rows.cnt, TRACER_GRACE_NS);

	if (!err)
		err = extents__init(&tracer->page_room, (uint32_t)tracer->pages.cnt,
				    TRACER_GRACE_NS);
	return err;
}

void tracer__done_tables(struct tracer *tracer)
{
	extents__done(&tracer->row_room);
	extents__done(&tracer->page_room);
	free(tracer->sweep.free);
}

/* The file's number, or a new one. BPF may be giving one just now: who comes second takes it. */
static int file_id(struct tracer *tracer, const struct unwind_file_key *key,
		   struct unwind_file *ret)
{
	int fd = bpf_map__fd(tracer->skel->maps.files), err = 0;
	struct unwind_file file = {};

	if (bpf_map_lookup_elem(fd, key, &file)) {
		file.id = __atomic_fetch_add(&tracer__control(tracer)->file_next, 1,
					     __ATOMIC_SEQ_CST);
		err = bpf_map_update_elem(fd, key, &file, BPF_NOEXIST);
		if (err == -EEXIST)
			err = bpf_map_lookup_elem(fd, key, &file);
	}
	if (!err)
		*ret = file;
	return err;
}

/* Back with the rows and pages of @file. */
static void give_table(struct tracer *tracer, const struct unwind_file *file)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	const uint32_t *end;

	if (!(file->flags & UNWIND_FILE_TABLE))
		return;
	end = mapped__at(&tracer->pages, file->page0 + file->page_cnt);
	extents__give(&tracer->row_room, (struct extent){ file->row0, *end - file->row0 }, now);
	extents__give(&tracer->page_room, (struct extent){ file->page0, file->page_cnt + 1 }, now);
}

/* Copy a table to where BPF reads, as @ret. */
static int put_table(struct tracer *tracer, const struct unwind_row *rows, size_t row_cnt,
		     const uint32_t *pages, size_t page_cnt, struct unwind_file *ret)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint32_t row0, page0, *page;
	size_t i;

	if (row_cnt > UINT32_MAX || page_cnt >= UINT32_MAX ||
	    extents__take(&tracer->row_room, (uint32_t)row_cnt, now, &row0))
		return -ENOSPC;
	if (extents__take(&tracer->page_room, (uint32_t)page_cnt + 1, now, &page0)) {
		extents__give(&tracer->row_room, (struct extent){ row0, (uint32_t)row_cnt }, 0);
		return -ENOSPC;
	}
	memcpy(mapped__at(&tracer->rows, row0), rows, row_cnt * sizeof(*rows));
	for (i = 0; i <= page_cnt; i++) {
		page = mapped__at(&tracer->pages, page0 + i);
		*page = pages[i] + row0;
	}
	ret->flags = UNWIND_FILE_TABLE;
	ret->page0 = page0;
	ret->page_cnt = (uint32_t)page_cnt;
	ret->row0 = row0;
	return 0;
}

int tracer__add_table(struct tracer *tracer, const struct unwind_file_key *key,
		      const struct unwind_row *rows, size_t row_cnt, const uint32_t *pages,
		      size_t page_cnt, uint32_t page_base, uint32_t *ret_id)
{
	struct unwind_file old, file;
	int err = file_id(tracer, key, &old), full = 0;

	if (err)
		return err;
	file = (struct unwind_file){ .id = old.id,
				     .flags = UNWIND_FILE_NO_CFI,
				     .page_base = page_base };
	if (row_cnt)
		full = put_table(tracer, rows, row_cnt, pages, page_cnt, &file);
	err = bpf_map_update_elem(bpf_map__fd(tracer->skel->maps.files), key, &file, BPF_ANY);
	give_table(tracer, err ? &file : &old);
	if (err)
		return err;
	if (ret_id)
		*ret_id = file.id;
	return full;
}

void tracer__drop_table(struct tracer *tracer, const struct unwind_file_key *key)
{
	int fd = bpf_map__fd(tracer->skel->maps.files);
	struct unwind_file file;

	if (bpf_map_lookup_elem(fd, key, &file) || bpf_map_delete_elem(fd, key))
		return;
	give_table(tracer, &file);
}

/* A quarter of any of them left is little: what is new may be large, and free runs are scattered. */
bool tracer__tables_crowded(const struct tracer *tracer)
{
	return tracer->row_room.left < tracer->rows.cnt / 4 ||
	       tracer->page_room.left < tracer->pages.cnt / 4;
}
