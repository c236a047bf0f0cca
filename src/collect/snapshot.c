// SPDX-License-Identifier: Apache-2.0
#include "collect/snapshot.h"

#include <stdlib.h>

#include "abi/stack.h"

struct snapshot *snapshot__new(void)
{
	struct snapshot *snapshot __free(snapshot) = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return NULL;
	snapshot->strings = intern__new();
	if (!snapshot->strings)
		return NULL;
	snapshot->period_bytes = 1;
	return TAKE_PTR(snapshot);
}

void snapshot__free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	intern__free(snapshot->strings);
	vec__done(&snapshot->images);
	vec__done(&snapshot->files);
	vec__done(&snapshot->maps);
	vec__done(&snapshot->fns);
	vec__done(&snapshot->probed);
	vec__done(&snapshot->sites);
	vec__done(&snapshot->frames);
	vec__done(&snapshot->symbols);
	vec__done(&snapshot->lines);
	vec__done(&snapshot->sources);
	vec__done(&snapshot->stories);
	vec__done(&snapshot->pairs);
	vec__done(&snapshot->ticks);
	vec__done(&snapshot->points);
	free(snapshot);
}

/* Images and files are in order of their ids, but ids may be missing. */
const struct snapshot_image *snapshot__image(const struct snapshot *snapshot, uint32_t id)
{
	size_t lo = 0, hi = snapshot->images.cnt, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (snapshot->images.at[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == snapshot->images.cnt || snapshot->images.at[lo].id != id)
		return NULL;
	return &snapshot->images.at[lo];
}

const struct snapshot_file *snapshot__file(const struct snapshot *snapshot, uint32_t id)
{
	size_t lo = 0, hi = snapshot->files.cnt, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (snapshot->files.at[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == snapshot->files.cnt || snapshot->files.at[lo].id != id)
		return NULL;
	return &snapshot->files.at[lo];
}

static bool map_holds(const struct snapshot_map *map, uint32_t image, uint64_t frame)
{
	if (map->image != image)
		return false;
	if (FRAME_IS_ANON(frame))
		return FRAME_ADDR(frame) >= map->start && FRAME_ADDR(frame) < map->end;
	return map->file == FRAME_FILE(frame) && FRAME_OFF(frame) >= map->offset &&
	       FRAME_OFF(frame) - map->offset < map->end - map->start;
}

/* Image 0 has one map per file, in the order of files. */
static const struct snapshot_map *placed_map(const struct snapshot *snapshot, uint64_t frame)
{
	size_t lo = 0, hi = snapshot->maps.cnt, mid;

	if (FRAME_IS_ANON(frame))
		return NULL;
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (!snapshot->maps.at[mid].image &&
		    snapshot->maps.at[mid].file < FRAME_FILE(frame))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < snapshot->maps.cnt && map_holds(&snapshot->maps.at[lo], 0, frame)
		       ? &snapshot->maps.at[lo]
		       : NULL;
}

const struct snapshot_map *snapshot__map(const struct snapshot *snapshot, uint32_t image,
					 uint64_t frame)
{
	size_t lo = 0, hi = snapshot->maps.cnt, mid;
	const struct snapshot_map *found = NULL, *map;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (snapshot->maps.at[mid].image < image)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < snapshot->maps.cnt && snapshot->maps.at[lo].image == image; lo++) {
		map = &snapshot->maps.at[lo];
		if (!map_holds(map, image, frame))
			continue;
		if (!FRAME_IS_ANON(frame))
			return map;
		/* Libraries took turns at this address: better no name than the wrong one's. */
		if (found && found->file != map->file)
			return NULL;
		found = map;
	}
	return found ? found : placed_map(snapshot, frame);
}

const struct snapshot_symbol *snapshot__symbol(const struct snapshot *snapshot, uint32_t image,
					       uint64_t frame)
{
	size_t lo = 0, hi = snapshot->symbols.cnt, mid;
	const struct snapshot_symbol *symbol;

	if (!FRAME_IS_ANON(frame))
		image = 0;
	while (lo < hi) {
		mid = (lo + hi) / 2;
		symbol = &snapshot->symbols.at[mid];
		if (symbol->frame < frame || (symbol->frame == frame && symbol->image < image))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == snapshot->symbols.cnt)
		return NULL;
	symbol = &snapshot->symbols.at[lo];
	return symbol->frame == frame && symbol->image == image ? symbol : NULL;
}

const char *snapshot__str(const struct snapshot *snapshot, uint32_t id)
{
	return intern__str(snapshot->strings, id);
}

bool snapshot__site_is_live(const struct snapshot *snapshot, const struct alloc_site *site)
{
	const struct snapshot_image *image = snapshot__image(snapshot, site->image);

	return (snapshot->flags & SNAPSHOT_LIVE) && (!image || !image->end_ns);
}
