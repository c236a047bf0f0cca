// SPDX-License-Identifier: Apache-2.0
#include "collect/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/stack.h"
#include "collect/capture_stories.h"

static int add_image(const struct capture *capture, const struct image *from, uint32_t id,
		     struct snapshot *snapshot)
{
	const struct process_info *info = process_table__info(capture->processes, id);
	struct snapshot_image image = { .id = id,
					.tgid = from->tgid,
					.start_ns = from->start_ns,
					.end_ns = from->end_ns,
					.uid = from->uid };
	char service[PROCESS_SERVICE_SIZE];
	struct intern *strings = snapshot->strings;
	int err = intern__add_n(strings, from->comm, strnlen(from->comm, sizeof(from->comm)),
				&image.comm);

	if (!err)
		err = intern__add(strings, info->exe, &image.exe);
	if (!err)
		err = intern__add(strings, process_service(info, from->comm, service),
				  &image.service);
	if (!err)
		err = intern__add(strings, info->owner.container, &image.container);
	if (!err)
		err = intern__add(strings, info->owner.pod, &image.pod);
	if (!err)
		err = intern__add(strings, info->owner.unit, &image.unit);
	return err ? err : vec__push(&snapshot->images, image);
}

static int add_images(const struct capture *capture, struct snapshot *snapshot)
{
	const struct image *images;
	size_t cnt;
	uint32_t id;
	int err = 0;

	images = tracer__images(capture->tracer, &cnt);
	for (id = 1; !err && id < cnt; id++) {
		if (!images[id].tgid)
			continue;
		if (capture->wanted &&
		    !capture->wanted(capture->ctx, &images[id],
				     process_table__info(capture->processes, id)))
			continue;
		err = add_image(capture, &images[id], id, snapshot);
	}
	return err;
}

static int by_id(const void *a, const void *b)
{
	const struct snapshot_file *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int add_files(const struct capture *capture, struct snapshot *snapshot)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < file_table__cnt(capture->files); i++) {
		const struct file_entry *entry = file_table__at(capture->files, i);
		struct snapshot_file file = { .id = entry->id };

		if (!entry->id)
			continue;
		err = intern__add(snapshot->strings, entry->path, &file.path);
		if (!err)
			err = intern__add(snapshot->strings, entry->build_id, &file.build_id);
		if (!err)
			err = vec__push(&snapshot->files, file);
	}
	if (snapshot->files.cnt)
		qsort(snapshot->files.at, snapshot->files.cnt, sizeof(*snapshot->files.at), by_id);
	return err;
}

static int add_image_maps(const struct capture *capture, uint32_t image, struct snapshot *snapshot)
{
	const struct process_map *maps;
	size_t cnt, i;
	int err = 0;

	maps = process_table__maps(capture->processes, image, &cnt);
	for (i = 0; !err && i < cnt; i++) {
		struct snapshot_map map = { .image = image,
					    .start = maps[i].start,
					    .end = maps[i].end,
					    .offset = maps[i].offset };

		if (maps[i].file != PROCESS_MAP_NO_FILE)
			map.file = file_table__at(capture->files, maps[i].file)->id;
		err = intern__add(snapshot->strings, maps[i].name, &map.name);
		if (!err)
			err = vec__push(&snapshot->maps, map);
	}
	return err;
}

/* Every file once, as image 0 has them: for what has no mappings of its own. Files are sorted by id already. */
static int place_files(struct snapshot *snapshot)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < snapshot->files.cnt; i++) {
		struct snapshot_map map = { .file = snapshot->files.at[i].id };

		map.start = FRAME_OF_FILE(map.file, 0);
		map.end = FRAME_OF_FILE(map.file + 1, 0);
		err = vec__push(&snapshot->maps, map);
	}
	return err;
}

static int add_maps(const struct capture *capture, struct snapshot *snapshot)
{
	size_t i;
	int err = place_files(snapshot);

	for (i = 0; !err && i < snapshot->images.cnt; i++)
		err = add_image_maps(capture, snapshot->images.at[i].id, snapshot);
	snapshot__sort_maps(snapshot);
	return err;
}

/* 0: nobody knows the file. */
static uint32_t file_of(const struct capture *capture, const struct target_object *object)
{
	struct unwind_file_key key = { .ino = object->ino, .dev = object->kernel_dev };
	const struct file_entry *file;

	if (object->fd < 0)
		return object->forgotten_as;
	file = file_table__find(capture->files, &key);
	return file ? file->id : 0;
}

/* The functions that were probed: their names for labels, their code to recognise calls among them. */
static int add_object(const struct capture *capture, const struct target_object *object,
		      struct snapshot *snapshot)
{
	uint32_t file = file_of(capture, object);
	size_t i;
	int err = 0;

	for (i = 0; !err && i < object->probe_cnt; i++) {
		const struct target_probe *probe = &object->probes[i];
		struct snapshot_fn fn = { .id = probe->probe.fn };

		err = intern__add(snapshot->strings, probe->label, &fn.name);
		if (!err)
			err = vec__push(&snapshot->fns, fn);
		if (!err && file && (probe->probe.flags & PROBE_ALLOC))
			err = vec__push(&snapshot->probed,
					(struct snapshot_range){ .file = file,
								 .start = probe->site.entry_off,
								 .end = probe->site.entry_off +
									probe->size_bytes });
	}
	return err;
}

static int add_targets(const struct capture *capture, struct snapshot *snapshot)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < target_set__cnt(capture->targets); i++)
		err = add_object(capture, target_set__at(capture->targets, i), snapshot);
	return err;
}

/* @numbers: what the numbers of sites become, CAPTURE_NO_SITE for those that are left out. */
static int add_sites(const struct capture *capture, struct snapshot *snapshot,
		     struct site_numbers *numbers)
{
	bool stories = snapshot->flags & SNAPSHOT_STORIES;
	const struct alloc_site *sites;
	size_t cnt, i;
	int err;

	sites = tracer__sites(capture->tracer, &cnt);
	err = vec__reserve(numbers, cnt);
	for (i = 0; !err && i < cnt; i++) {
		struct alloc_site site = sites[i];

		numbers->at[numbers->cnt++] = CAPTURE_NO_SITE;
		/* Sites of frees count nothing. */
		if (!site.alloc_cnt && !site.free_cnt && !(stories && site.frame_cnt))
			continue;
		if (i < capture->image_max) {
			site.image = (uint32_t)i;
			site.stop = SITE_OVERFLOW;
			site.frame_cnt = 0;
		}
		if (capture->wanted && !snapshot__image(snapshot, site.image))
			continue;
		numbers->at[i] = (uint32_t)snapshot->sites.cnt;
		err = vec__push(&snapshot->sites, site);
	}
	return err;
}

static int add_frames(const struct capture *capture, struct snapshot *snapshot)
{
	const uint64_t *frames;
	size_t cnt;
	int err;

	frames = tracer__frames(capture->tracer, &cnt);
	err = vec__reserve(&snapshot->frames, cnt);
	if (err || !cnt)
		return err;
	memcpy(snapshot->frames.at, frames, cnt * sizeof(*frames));
	snapshot->frames.cnt = cnt;
	return 0;
}

/* What an adapted sampling interval was on average; one that never had to be wider than a byte is none. */
static void set_period(const struct capture *capture, struct snapshot *snapshot)
{
	uint64_t sample_cnt = 0, bytes = 0, variance = 0;
	size_t i;

	snapshot->period_bytes = capture->period_bytes;
	if (capture->period_bytes)
		return;
	for (i = 0; i < snapshot->sites.cnt; i++) {
		sample_cnt += snapshot->sites.at[i].sample_cnt;
		bytes += snapshot->sites.at[i].alloc_bytes;
		variance |= snapshot->sites.at[i].variance;
	}
	snapshot->period_bytes = variance && bytes > sample_cnt ? bytes / sample_cnt : 1;
	if (!variance)
		snapshot->flags &= ~(uint32_t)SNAPSHOT_SAMPLED;
}

int capture_snapshot(const struct capture *capture, struct snapshot **ret)
{
	struct snapshot *snapshot __free(snapshot) = snapshot__new();
	struct site_numbers numbers __site_numbers = {};
	int err;

	if (!snapshot)
		return -ENOMEM;
	snapshot->time_ns = capture->time_ns;
	snapshot->duration_ns = capture->duration_ns;
	snapshot->flags = capture->flags;
	snapshot->image_max = capture->image_max;
	err = tracer__stats(capture->tracer, snapshot->stats);
	if (!err)
		err = add_images(capture, snapshot);
	/* Sites before frames: a site refers only to frames that were there before it. */
	if (!err)
		err = add_sites(capture, snapshot, &numbers);
	set_period(capture, snapshot);
	if (!err)
		err = add_frames(capture, snapshot);
	if (!err && (snapshot->flags & SNAPSHOT_STORIES))
		err = capture_stories(capture, &numbers, snapshot);
	if (!err && capture->tally)
		err = tally__append(capture->tally, capture->image_max, capture->service, snapshot);
	if (!err)
		err = add_files(capture, snapshot);
	if (!err)
		err = add_maps(capture, snapshot);
	if (!err)
		err = add_targets(capture, snapshot);
	if (err)
		return err;
	*ret = TAKE_PTR(snapshot);
	return 0;
}
