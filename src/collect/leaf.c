// SPDX-License-Identifier: Apache-2.0
#include "collect/leaf.h"

#include "abi/stack.h"
#include "target/alloc_internal.h"

/* Is the frame within a function that has an allocating probe of its own? */
static bool is_probed(const struct snapshot *snapshot, uint64_t frame)
{
	size_t i;

	if (FRAME_IS_ANON(frame))
		return false;
	for (i = 0; i < snapshot->probed.cnt; i++) {
		const struct snapshot_range *range = &snapshot->probed.at[i];

		if (range->file == FRAME_FILE(frame) && FRAME_OFF(frame) >= range->start &&
		    FRAME_OFF(frame) < range->end)
			return true;
	}
	return false;
}

/* By both names: of Rust's v0 mangling only the readable one tells. */
static bool is_internal(const struct snapshot *snapshot, const struct snapshot_line *line)
{
	if (line->flags & SNAPSHOT_LINE_JUDGED)
		return line->flags & SNAPSHOT_LINE_INTERNAL;
	return alloc_fn__is_internal_name(snapshot__str(snapshot, line->system_name)) ||
	       alloc_fn__is_internal_name(snapshot__str(snapshot, line->name));
}

uint32_t leaf_inlined_cnt(const struct snapshot *snapshot, const struct snapshot_symbol *symbol)
{
	const struct snapshot_line *lines = &snapshot->lines.at[symbol->line_start];
	uint32_t i;

	for (i = 0; i < symbol->line_cnt; i++) {
		if (!is_internal(snapshot, &lines[i]))
			return i;
	}
	return 0;
}

struct leaf leaf_find(const struct snapshot *snapshot, const struct alloc_site *site)
{
	const uint64_t *frames = site->frame_cnt ? snapshot->frames.at + site->frame_start : NULL;
	const struct snapshot_symbol *symbol;
	const struct snapshot_line *outer;
	struct leaf leaf = {};
	uint32_t i;

	for (i = 0; i < site->frame_cnt; i++) {
		symbol = snapshot__symbol(snapshot, site->image, frames[i]);
		if (!symbol || !symbol->line_cnt)
			break;
		outer = &snapshot->lines.at[symbol->line_start + symbol->line_cnt - 1];
		if (!is_internal(snapshot, outer))
			break;
		leaf.skip_cnt = i + 1;
		leaf.alloc_fn = snapshot__str(snapshot, outer->name);
		leaf.nested |= is_probed(snapshot, frames[i]);
	}
	return leaf;
}

const char *leaf_fn_name(const struct snapshot *snapshot, uint16_t fn)
{
	size_t i;

	for (i = 0; i < snapshot->fns.cnt; i++) {
		if (snapshot->fns.at[i].id == fn)
			return snapshot__str(snapshot, snapshot->fns.at[i].name);
	}
	return "";
}
