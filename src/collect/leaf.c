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

struct leaf leaf_find(const struct snapshot *snapshot, const struct alloc_site *site)
{
	const uint64_t *frames = snapshot->frames.at + site->frame_start;
	const struct snapshot_symbol *symbol;
	const struct snapshot_line *outer;
	struct leaf leaf = {};
	uint32_t i;

	for (i = 0; i < site->frame_cnt; i++) {
		symbol = snapshot__symbol(snapshot, site->image, frames[i]);
		if (!symbol || !symbol->line_cnt)
			break;
		outer = &snapshot->lines.at[symbol->line_start + symbol->line_cnt - 1];
		if (!alloc_fn__is_internal_name(snapshot__str(snapshot, outer->system_name)))
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
