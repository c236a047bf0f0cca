/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traced images' executable mappings, read while they were there: a profile names its mappings, and an exited
 * process has none to ask for. Files go to the file table on the way.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "collect/file_table.h"

struct process_table;

struct process_map {
	uint32_t image;
	uint32_t pad;
	uint64_t start, end, offset;
	size_t file; /* index into the file table, or PROCESS_MAP_NO_FILE */
	uint32_t scan; /* of which scan of the image it is: the newest are what is mapped now */
	uint32_t pad2;
	char name[16]; /* without a file: "[vdso]", "" ... */
};
#define PROCESS_MAP_NO_FILE SIZE_MAX

struct process_table *process_table__new(struct file_table *files);
void process_table__free(struct process_table *processes);
DEFINE_CLEANUP(process_table);

/* Read @pid's mappings as @image's; those that are known already are kept once. 0, -ESRCH or another -errno. */
int process_table__scan(struct process_table *processes, uint32_t image, pid_t pid);

/* Give @tracer the image's mappings as last scanned. 0 or -errno. */
int process_table__feed(const struct process_table *processes, uint32_t image, struct tracer *tracer);

size_t process_table__map_cnt(const struct process_table *processes);
const struct process_map *process_table__map(const struct process_table *processes, size_t index);
/* The image's executable as it was at the last scan; "" if unknown. */
const char *process_table__exe(const struct process_table *processes, uint32_t image);
