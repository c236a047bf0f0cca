// SPDX-License-Identifier: Apache-2.0
#include "collect/spot.h"

#include "abi/stack.h"
#include "base/hash.h"
#include "collect/leaf.h"
#include "profile/wrapper.h"

static bool is_library(const struct snapshot *snapshot, uint64_t frame)
{
	const struct snapshot_file *file;

	if (FRAME_IS_ANON(frame))
		return false;
	file = snapshot__file(snapshot, FRAME_FILE(frame));
	return file && wrapper_is_file(snapshot__str(snapshot, file->path));
}

struct search {
	const struct snapshot *snapshot;
	struct spot *spot;
	bool found;
};

static void take(struct search *search, const struct snapshot_line *line)
{
	const char *name = snapshot__str(search->snapshot, line->name);
	struct spot *spot = search->spot;

	if (!spot->chain_cnt) {
		spot->function = name;
		spot->file = snapshot__str(search->snapshot, line->path);
		spot->line = line->line;
	}
	spot->chain_names[spot->chain_cnt] = name;
	spot->chain[spot->chain_cnt++] =
		hash_combine(line->system_name ? line->system_name : line->name, line->path);
}

/* One frame, its inlined functions first. False once the chain is as long as it gets. */
static bool look_at(struct search *search, const struct snapshot_symbol *symbol, bool library)
{
	const struct snapshot *s = search->snapshot;
	uint32_t i;

	for (i = leaf_inlined_cnt(s, symbol);
	     i < symbol->line_cnt && search->spot->chain_cnt < SPOT_CALLERS; i++) {
		const struct snapshot_line *line = &s->lines.at[symbol->line_start + i];
		const char *name = snapshot__str(s, line->name);

		search->found |= !library && !wrapper_is_function(name);
		if (search->found)
			take(search, line);
		else
			search->spot->via = name;
	}
	return search->spot->chain_cnt < SPOT_CALLERS;
}

/* Frames from @first on; wrappers are passed over until something else is found, unless @any. */
static void search_from(struct search *search, const struct alloc_site *site, uint32_t first,
			bool any)
{
	const struct snapshot *s = search->snapshot;
	const struct snapshot_symbol *symbol;
	uint32_t i;

	search->found = any;
	for (i = first; i < site->frame_cnt; i++) {
		uint64_t frame = s->frames.at[site->frame_start + i];

		symbol = snapshot__symbol(s, site->image, frame);
		if (symbol && !look_at(search, symbol, is_library(s, frame)))
			return;
	}
}

void spot_find(const struct snapshot *snapshot, const struct alloc_site *site, struct spot *ret)
{
	struct spot spot = { .function = "", .file = "", .via = "" };
	struct search search = { .snapshot = snapshot, .spot = &spot };
	struct leaf leaf = leaf_find(snapshot, site);

	spot.nested = leaf.nested;
	spot.alloc_fn = leaf.alloc_fn ? leaf.alloc_fn : leaf_fn_name(snapshot, site->fn);
	search_from(&search, site, leaf.skip_cnt, false);
	if (!spot.chain_cnt) {
		spot.via = "";
		search_from(&search, site, leaf.skip_cnt, true);
	}
	*ret = spot;
}
