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
	vec__done(&snapshot->remarks);
	vec__done(&snapshot->remark_images);
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

int snapshot__remark(struct snapshot *snapshot, uint32_t image, const char *text)
{
	uint32_t string;
	int err = vec__reserve(&snapshot->remarks, snapshot->remarks.cnt + 1);

	if (!err)
		err = vec__reserve(&snapshot->remark_images, snapshot->remarks.cnt + 1);
	if (!err)
		err = intern__add(snapshot->strings, text, &string);
	if (err)
		return err;
	snapshot->remarks.at[snapshot->remarks.cnt++] = string;
	snapshot->remark_images.at[snapshot->remark_images.cnt++] = image;
	return 0;
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

/* Where frames of the mapping begin: in its file, or without one in memory. */
static uint64_t map_place(const struct snapshot_map *map)
{
	return map->file ? map->offset : map->start;
}

static int by_place(const void *a, const void *b)
{
	const struct snapshot_map *x = a, *y = b;

	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (map_place(x) != map_place(y))
		return map_place(x) < map_place(y) ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

void snapshot__sort_maps(struct snapshot *snapshot)
{
	if (snapshot->maps.cnt)
		qsort(snapshot->maps.at, snapshot->maps.cnt, sizeof(*snapshot->maps.at), by_place);
}

/* The first mapping that is not before @image, @file and @place. */
static size_t find_place(const struct snapshot *snapshot, uint32_t image, uint32_t file,
			 uint64_t place)
{
	const struct snapshot_map key = {
		.image = image, .file = file, .offset = place, .start = file ? 0 : place
	};
	size_t lo = 0, hi = snapshot->maps.cnt, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (by_place(&snapshot->maps.at[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The last mapping of @file that begins at or before @place and reaches beyond it. Mappings of different times may
 * overlap, so it need not be the nearest. */
static const struct snapshot_map *find_holder(const struct snapshot *snapshot, uint32_t image,
					      uint32_t file, uint64_t place)
{
	size_t i = find_place(snapshot, image, file, place + 1);
	const struct snapshot_map *map;

	while (i--) {
		map = &snapshot->maps.at[i];
		if (map->image != image || map->file != file)
			return NULL;
		if (place - map_place(map) < map->end - map->start)
			return map;
	}
	return NULL;
}

/* The mapping of any file that has the address. Libraries may have taken turns there: better no name than the wrong
 * one's. */
static const struct snapshot_map *find_addr(const struct snapshot *snapshot, uint32_t image,
					    uint64_t addr)
{
	const struct snapshot_map *found = NULL, *map;
	size_t i;

	for (i = find_place(snapshot, image, 0, 0); i < snapshot->maps.cnt; i++) {
		map = &snapshot->maps.at[i];
		if (map->image != image)
			break;
		if (addr < map->start || addr >= map->end)
			continue;
		if (found && found->file != map->file)
			return NULL;
		found = map;
	}
	return found;
}

const struct snapshot_map *snapshot__map(const struct snapshot *snapshot, uint32_t image,
					 uint64_t frame)
{
	const struct snapshot_map *map;

	if (FRAME_IS_ANON(frame)) /* those of image 0 are nobody's addresses */
		return image ? find_addr(snapshot, image, FRAME_ADDR(frame)) : NULL;
	map = find_holder(snapshot, image, FRAME_FILE(frame), FRAME_OFF(frame));
	return map ? map : find_holder(snapshot, 0, FRAME_FILE(frame), FRAME_OFF(frame));
}

uint64_t snapshot__file_frame(const struct snapshot *snapshot, uint32_t image, uint64_t frame)
{
	const struct snapshot_map *map =
		FRAME_IS_ANON(frame) ? snapshot__map(snapshot, image, frame) : NULL;

	return map && map->file
		       ? FRAME_OF_FILE(map->file, FRAME_ADDR(frame) - map->start + map->offset)
		       : frame;
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
