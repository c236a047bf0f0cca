// SPDX-License-Identifier: Apache-2.0
#include "collect/process_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "proc/proc_info.h"
#include "proc/proc_maps.h"

struct exe {
	uint32_t image;
	char *path;
};

struct process_table {
	struct file_table *files; /* not owned */
	VEC(struct process_map) maps;
	VEC(struct exe) exes;
	struct hashmap *known; /* hash of a mapping -> its index */
	uint32_t scan_cnt;
};

struct process_table *process_table__new(struct file_table *files)
{
	struct process_table *processes __free(process_table) = calloc(1, sizeof(*processes));

	if (!processes)
		return NULL;
	processes->files = files;
	processes->known = hashmap__new();
	return processes->known ? TAKE_PTR(processes) : NULL;
}

void process_table__free(struct process_table *processes)
{
	size_t i;

	if (!processes)
		return;
	for (i = 0; i < processes->exes.cnt; i++)
		free(processes->exes.at[i].path);
	vec__done(&processes->exes);
	vec__done(&processes->maps);
	hashmap__free(processes->known);
	free(processes);
}

static int add_map(struct process_table *processes, uint32_t image, pid_t pid, const struct proc_map *map)
{
	struct process_map entry = { .image = image, .start = map->start, .end = map->end,
				     .offset = map->offset, .file = PROCESS_MAP_NO_FILE,
				     .scan = processes->scan_cnt };
	uint64_t hash = hash_combine(hash_combine(image, map->start), map->end);
	uint64_t *index;
	bool is_new;
	int err;

	hash = hash_combine(hash_combine(hash, map->offset), hash_combine(map->dev, map->ino));
	index = hashmap__slot(processes->known, hash, processes->maps.cnt, &is_new);
	if (!index)
		return -ENOMEM;
	if (!is_new) {
		processes->maps.at[*index].scan = processes->scan_cnt;
		return 0;
	}
	if (!map->ino) {
		snprintf(entry.name, sizeof(entry.name), "%s", map->path);
	} else {
		err = file_table__add(processes->files, pid, map, &entry.file);
		if (err)
			return err;
	}
	return vec__push(&processes->maps, entry);
}

static int set_exe(struct process_table *processes, uint32_t image, pid_t pid)
{
	char *path = NULL;
	size_t i;
	int err;

	for (i = 0; i < processes->exes.cnt; i++) {
		if (processes->exes.at[i].image == image)
			return 0;
	}
	if (proc_exe_path(pid, &path))
		return 0;
	err = vec__push(&processes->exes, (struct exe){ image, path });
	if (err)
		free(path);
	return err;
}

int process_table__scan(struct process_table *processes, uint32_t image, pid_t pid)
{
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;
	int err = proc_maps__open(&maps, pid);

	processes->scan_cnt++;
	while (!err && proc_maps__next(&maps, &map)) {
		if (map.perms & PROC_MAP_EXEC)
			err = add_map(processes, image, pid, &map);
	}
	return err ? err : set_exe(processes, image, pid);
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int process_table__feed(const struct process_table *processes, uint32_t image, struct tracer *tracer)
{
	struct range *ranges __free_mem = calloc(processes->maps.cnt + 1, sizeof(*ranges));
	uint32_t newest = 0;
	size_t i, cnt = 0;

	if (!ranges)
		return -ENOMEM;
	for (i = 0; i < processes->maps.cnt; i++) {
		if (processes->maps.at[i].image == image && processes->maps.at[i].scan > newest)
			newest = processes->maps.at[i].scan;
	}
	for (i = 0; i < processes->maps.cnt; i++) {
		const struct process_map *map = &processes->maps.at[i];

		if (map->image != image || map->scan != newest)
			continue;
		ranges[cnt] = (struct range){ .start = map->start, .end = map->end, .off = map->offset };
		if (map->file != PROCESS_MAP_NO_FILE)
			ranges[cnt].key = file_table__at(processes->files, map->file)->key;
		cnt++;
	}
	qsort(ranges, cnt, sizeof(*ranges), by_start);
	return tracer__set_ranges(tracer, image, ranges, cnt);
}

size_t process_table__map_cnt(const struct process_table *processes)
{
	return processes->maps.cnt;
}

const struct process_map *process_table__map(const struct process_table *processes, size_t index)
{
	return &processes->maps.at[index];
}

const char *process_table__exe(const struct process_table *processes, uint32_t image)
{
	size_t i;

	for (i = 0; i < processes->exes.cnt; i++) {
		if (processes->exes.at[i].image == image)
			return processes->exes.at[i].path;
	}
	return "";
}
