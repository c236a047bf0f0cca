// SPDX-License-Identifier: Apache-2.0
#include "collect/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>


static int add_images(const struct capture *capture, struct snapshot *snapshot)
{
	const struct image *images;
	size_t cnt, i;
	int err = 0;

	images = tracer__images(capture->tracer, &cnt);
	for (i = 1; !err && i < cnt; i++) {
		struct snapshot_image image = { .id = (uint32_t)i, .tgid = images[i].tgid,
						.start_ns = images[i].start_ns,
						.end_ns = images[i].end_ns };

		if (!image.tgid)
			continue;
		err = intern__add_n(snapshot->strings, images[i].comm, sizeof(images[i].comm),
				    &image.comm);
		if (!err)
			err = intern__add(snapshot->strings,
					  process_table__exe(capture->processes, image.id), &image.exe);
		if (!err)
			err = vec__push(&snapshot->images, image);
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

static int add_maps(const struct capture *capture, struct snapshot *snapshot)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < process_table__map_cnt(capture->processes); i++) {
		const struct process_map *from = process_table__map(capture->processes, i);
		struct snapshot_map map = { .image = from->image, .start = from->start,
					    .end = from->end, .offset = from->offset };

		if (from->file != PROCESS_MAP_NO_FILE)
			map.file = file_table__at(capture->files, from->file)->id;
		err = intern__add(snapshot->strings, from->name, &map.name);
		if (!err)
			err = vec__push(&snapshot->maps, map);
	}
	return err;
}

/* The functions that were probed: their names for labels, their code to recognise calls among them. */
static int add_object(const struct capture *capture, const struct target_object *object,
		      struct snapshot *snapshot)
{
	struct unwind_file_key key = { .ino = object->ino, .dev = object->kernel_dev };
	const struct file_entry *file = file_table__find(capture->files, &key);
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
					(struct snapshot_range){ .file = file->id, .start = probe->site.entry_off,
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

static int add_sites(const struct capture *capture, struct snapshot *snapshot)
{
	const struct alloc_site *sites;
	size_t cnt, i;
	int err = 0;

	sites = tracer__sites(capture->tracer, &cnt);
	for (i = 0; !err && i < cnt; i++) {
		struct alloc_site site = sites[i];

		if (!site.alloc_cnt && !site.free_cnt)
			continue;
		if (i < capture->image_max) {
			site.image = (uint32_t)i;
			site.stop = SITE_OVERFLOW;
			site.frame_cnt = 0;
		}
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

int capture_snapshot(const struct capture *capture, struct snapshot **ret)
{
	struct snapshot *snapshot __free(snapshot) = snapshot__new();
	int err;

	if (!snapshot)
		return -ENOMEM;
	snapshot->time_ns = capture->time_ns;
	snapshot->duration_ns = capture->duration_ns;
	snapshot->period_bytes = capture->period_bytes;
	snapshot->flags = capture->flags;
	snapshot->image_max = capture->image_max;
	err = tracer__stats(capture->tracer, snapshot->stats);
	/* Sites before frames: a site refers only to frames that were there before it. */
	if (!err)
		err = add_sites(capture, snapshot);
	if (!err)
		err = add_frames(capture, snapshot);
	if (!err)
		err = add_images(capture, snapshot);
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
