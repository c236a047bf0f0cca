/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the traced images are, read while they were there: an exited process cannot be asked any
 * more. Their executable mappings, because a profile names its mappings; their program, service and
 * container, because people ask by those. Files go to the file table on the way.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "collect/file_table.h"
#include "proc/proc_owner.h"

struct process_table;

struct process_map {
	uint64_t start, end, offset;
	size_t file;   /* index into the file table, or PROCESS_MAP_NO_FILE */
	char name[16]; /* without a file: "[vdso]", "" ... */
};
#define PROCESS_MAP_NO_FILE SIZE_MAX

struct process_info {
	char *exe;     /* path as the process sees it, "" if it could not be read */
	char *service; /* what OTEL_SERVICE_NAME in its environment says, or "" */
	struct proc_owner owner;
};

#define PROCESS_SERVICE_SIZE 256

/*
 * The name a fleet knows it by: the user's word, the unit, the program, the command's @comm. Valid UTF-8 without control
 * characters; '_' stands for what is neither.
 */
const char *process_service(const struct process_info *info, const char *comm,
			    char out[PROCESS_SERVICE_SIZE]);

struct process_table *process_table__new(struct file_table *files);
void process_table__free(struct process_table *processes);
DEFINE_CLEANUP(process_table);

/*
 * Read @pid's mappings as @image's; those that are known already are kept once. Image 0 stands for
 * nobody: its files are noted and nothing else. 0, -ESRCH or another -errno.
 */
int process_table__scan(struct process_table *processes, uint32_t image, pid_t pid);
/* @image could not be asked in time: where its parent is and what its environment says holds for it too. */
void process_table__inherit(struct process_table *processes, uint32_t image, uint32_t parent);
/* The image has ended and everything that refers to it is gone. */
void process_table__forget(struct process_table *processes, uint32_t image);

/* The image's mappings, none if it was never scanned. */
const struct process_map *process_table__maps(const struct process_table *processes, uint32_t image,
					      size_t *ret_cnt);
/* Never NULL; all "" for an image that could not be looked at while it lived. */
const struct process_info *process_table__info(const struct process_table *processes,
					       uint32_t image);
