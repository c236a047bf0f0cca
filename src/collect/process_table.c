// SPDX-License-Identifier: Apache-2.0
#include "collect/process_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "proc/proc_cgroup.h"
#include "proc/proc_info.h"
#include "proc/proc_maps.h"

#define ENVIRON_MAX_BYTES ((size_t)1 << 20)

struct member {
	struct process_info info;
	VEC(struct process_map) maps;
	size_t hint; /* where the map after the last one found stands: scans come in order */
};

struct process_table {
	struct file_table *files;    /* not owned */
	VEC(struct member *) images; /* by number; NULL: unknown */
};

static void member__free(struct member *process)
{
	if (!process)
		return;
	free(process->info.exe);
	free(process->info.service);
	vec__done(&process->maps);
	free(process);
}
DEFINE_CLEANUP(member);

struct process_table *process_table__new(struct file_table *files)
{
	struct process_table *processes = calloc(1, sizeof(*processes));

	if (processes)
		processes->files = files;
	return processes;
}

void process_table__free(struct process_table *processes)
{
	size_t i;

	if (!processes)
		return;
	for (i = 0; i < processes->images.cnt; i++)
		member__free(processes->images.at[i]);
	vec__done(&processes->images);
	free(processes);
}

static struct member *find(const struct process_table *processes, uint32_t image)
{
	return image < processes->images.cnt ? processes->images.at[image] : NULL;
}

/* Equal services have more than one process: the environment is the first place people put the name
 * in. */
static char *read_service(pid_t pid)
{
	char path[32], *environment __free_mem = NULL;
	const char *value = NULL;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (!fdio_read_file(path, ENVIRON_MAX_BYTES, &environment, &len))
		value = proc_environ_find(environment, len, "OTEL_SERVICE_NAME");
	return strdup(value ? value : "");
}

static void read_owner(pid_t pid, struct proc_owner *ret)
{
	struct proc_cgroup cgroup __proc_cgroup = {};

	if (proc_cgroup__read(pid, &cgroup))
		return;
	/* In hybrid set-ups the unified tree may be empty. */
	if (cgroup.v2 && strcmp(cgroup.v2, "/"))
		proc_owner__parse(cgroup.v2, ret);
	else if (cgroup.v1)
		proc_owner__parse(cgroup.v1, ret);
}

static int add_member(struct process_table *processes, uint32_t image, struct member **ret)
{
	struct member *member __free(member) = calloc(1, sizeof(*member));
	int err;

	if (!member)
		return -ENOMEM;
	while (processes->images.cnt <= image) {
		err = vec__push(&processes->images, NULL);
		if (err)
			return err;
	}
	member->info.exe = strdup("");
	member->info.service = strdup("");
	if (!member->info.exe || !member->info.service)
		return -ENOMEM;
	*ret = processes->images.at[image] = TAKE_PTR(member);
	return 0;
}

/*
 * Ask the process; what it does not tell stays as it is. -ESRCH: it is on its way out. Its program goes before its control
 * groups do: as long as there is one, the groups read before were still its own.
 */
static int ask(struct member *member, pid_t pid)
{
	char *exe = NULL, *service = read_service(pid);
	int err;

	if (service) {
		free(member->info.service);
		member->info.service = service;
	}
	read_owner(pid, &member->info.owner);
	err = proc_exe_path(pid, &exe);
	if (!err) {
		free(member->info.exe);
		member->info.exe = exe;
	}
	return err == -ENOENT ? -ESRCH : 0;
}

static bool same_map(const struct process_map *a, const struct process_map *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset &&
	       a->file == b->file;
}

static int add_map(struct member *process, const struct process_map *map)
{
	size_t cnt = process->maps.cnt, i, at;

	for (i = 0; i < cnt; i++) {
		at = (process->hint + i) % cnt;
		if (!same_map(&process->maps.at[at], map))
			continue;
		process->hint = at + 1;
		return 0;
	}
	return vec__push(&process->maps, *map);
}

int process_table__scan(struct process_table *processes, uint32_t image, pid_t pid)
{
	struct proc_maps maps __proc_maps = {};
	struct member *process = find(processes, image);
	struct proc_map map;
	int err = proc_maps__open(&maps, pid);

	if (!err && image && !process) {
		err = add_member(processes, image, &process);
		if (!err)
			err = ask(process, pid);
		if (err == -ESRCH)
			process_table__forget(processes, image);
	}
	while (!err && proc_maps__next(&maps, &map)) {
		struct process_map entry = { .start = map.start,
					     .end = map.end,
					     .offset = map.offset,
					     .file = PROCESS_MAP_NO_FILE };

		if (!(map.perms & PROC_MAP_EXEC))
			continue;
		if (map.ino)
			err = file_table__add(processes->files, pid, &map, &entry.file);
		else
			snprintf(entry.name, sizeof(entry.name), "%s", map.path);
		if (!err && process)
			err = add_map(process, &entry);
	}
	return err;
}

void process_table__inherit(struct process_table *processes, uint32_t image, uint32_t parent)
{
	const struct member *from = find(processes, parent);
	struct member *member;

	if (!from || find(processes, image) || add_member(processes, image, &member))
		return;
	member->info.owner = from->info.owner;
	free(member->info.service);
	member->info.service = strdup(from->info.service);
	if (!member->info.service)
		process_table__forget(processes, image);
}

void process_table__forget(struct process_table *processes, uint32_t image)
{
	if (!find(processes, image))
		return;
	member__free(processes->images.at[image]);
	processes->images.at[image] = NULL;
}

const struct process_map *process_table__maps(const struct process_table *processes, uint32_t image,
					      size_t *ret_cnt)
{
	const struct member *process = find(processes, image);

	*ret_cnt = process ? process->maps.cnt : 0;
	return process ? process->maps.at : NULL;
}

/* Names are any bytes. This one is written in profiles, pages and paths: UTF-8 without control characters. */
static void clean(char *name)
{
	size_t len = strlen(name), i, step;

	for (i = 0; i < len; i += step) {
		const unsigned char *at = (const unsigned char *)name + i;
		size_t width = utf8_char_len(name + i, len - i);
		bool is_control = at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);

		step = width ? width : 1;
		if (!width || is_control)
			memset(name + i, '_', step);
	}
}

const char *process_service(const struct process_info *info, const char *comm,
			    char out[PROCESS_SERVICE_SIZE])
{
	const char *unit = info->owner.unit, *slash = strrchr(info->exe, '/');
	size_t len = strlen(unit), suffix = strlen(".service");

	if (*info->service)
		snprintf(out, PROCESS_SERVICE_SIZE, "%s", info->service);
	else if (len > suffix && !strcmp(unit + len - suffix, ".service"))
		snprintf(out, PROCESS_SERVICE_SIZE, "%.*s", (int)(len - suffix), unit);
	else if (*info->exe)
		snprintf(out, PROCESS_SERVICE_SIZE, "%s", slash ? slash + 1 : info->exe);
	else
		snprintf(out, PROCESS_SERVICE_SIZE, "%.16s", comm);
	clean(out);
	return out;
}

const struct process_info *process_table__info(const struct process_table *processes,
					       uint32_t image)
{
	static const struct process_info unknown = { .exe = (char *)"", .service = (char *)"" };
	const struct member *process = find(processes, image);

	return process ? &process->info : &unknown;
}
