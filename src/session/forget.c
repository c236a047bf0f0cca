// SPDX-License-Identifier: Apache-2.0
/*
 * Files that nobody maps any more. A machine on which containers come and go and programs are built maps new files for
 * ever; each that is kept costs descriptors, rows of the walker's tables, and, if it is an allocator, probes. One is let
 * go of when no living process has had it mapped for a while and all of its frames have been named since. Those that
 * were there from the start stay: of processes that nobody wants traced it is not known what they map.
 */
#include <errno.h>

#include "base/clock.h"
#include "session/recording.h"

/* Between two looks: a part of the time after which a file goes. */
#define LOOKS_CNT 6

/* Of each file: is it mapped, as far as anybody has looked? */
static void find_mapped(const struct recording *rec, bool *mapped)
{
	const struct process_map *maps;
	const struct image *images;
	size_t cnt, map_cnt, i, j;

	images = tracer__images(rec->tracer, &cnt);
	for (i = 1; i < cnt; i++) {
		if (!images[i].tgid || images[i].end_ns)
			continue;
		maps = process_table__maps(rec->processes, (uint32_t)i, &map_cnt);
		for (j = 0; j < map_cnt; j++) {
			if (maps[j].file != PROCESS_MAP_NO_FILE)
				mapped[maps[j].file] = true;
		}
	}
}

static void forget_probes(struct recording *rec, const struct file_entry *file)
{
	size_t i;

	for (i = 0; i < target_set__cnt(rec->targets); i++) {
		const struct target_object *object = target_set__at(rec->targets, i);

		if (object->fd < 0 || object->ino != file->key.ino ||
		    object->kernel_dev != file->key.dev)
			continue;
		tracer__forget_entry(rec->tracer, file->key.dev, file->key.ino);
		tracer__forget_file(rec->tracer, (uint32_t)i);
		target_set__forget(rec->targets, i, file->id);
		if (!object->probe_cnt)
			continue;
		rec->probe_cnt -= object->probe_cnt;
		rec->object_cnt--;
	}
}

static void forget(struct recording *rec, size_t index)
{
	const struct file_entry *file = file_table__at(rec->files, index);

	forget_probes(rec, file);
	resolver__forget_file(rec->resolver, file->id);
	file_table__forget(rec->files, index, rec->tracer);
}

/* Where nobody asks for profiles nothing would ever be named. */
static int name_all(struct recording *rec)
{
	struct snapshot *snapshot __free(snapshot) = NULL;
	int err = recording__capture(rec, clock_ns(CLOCK_MONOTONIC), &snapshot);

	return err ? err : recording__name(rec, snapshot, NULL, NULL);
}

static int look(struct recording *rec, bool *mapped, uint64_t now_ns)
{
	size_t cnt = file_table__cnt(rec->files), i;
	uint64_t latest_ns = 0;
	int err;

	while (rec->unused_since_ns.cnt < cnt) {
		err = vec__push(&rec->unused_since_ns, (uint64_t)0);
		if (err)
			return err;
	}
	find_mapped(rec, mapped);
	for (i = 0; i < cnt; i++) {
		uint64_t *since_ns = &rec->unused_since_ns.at[i];

		if (i < rec->first_file_cnt || mapped[i] || file_table__at(rec->files, i)->fd < 0)
			*since_ns = 0;
		else if (!*since_ns)
			*since_ns = now_ns;
		else if (now_ns - *since_ns < rec->config->file_age_max_ns)
			continue;
		else if (rec->named_ns > *since_ns)
			forget(rec, i);
		else if (*since_ns > latest_ns)
			latest_ns = *since_ns;
	}
	return latest_ns > rec->named_ns ? name_all(rec) : 0;
}

int recording__forget_files(struct recording *rec, uint64_t now_ns)
{
	uint64_t age_ns = rec->config->file_age_max_ns;
	bool *mapped __free_mem = NULL;

	if (!age_ns || now_ns - rec->forgot_ns < age_ns / LOOKS_CNT)
		return 0;
	rec->forgot_ns = now_ns;
	mapped = calloc(file_table__cnt(rec->files) + 1, sizeof(*mapped));
	return mapped ? look(rec, mapped, now_ns) : -ENOMEM;
}
