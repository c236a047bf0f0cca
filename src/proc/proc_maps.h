/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings of a process, in address order, on the stack:
 *
 *	struct proc_maps maps __proc_maps = {};
 *	struct proc_map map;
 *
 *	err = proc_maps__open(&maps, pid);
 *	while (!err && proc_maps__next(&maps, &map))
 *		...
 *
 * Format: proc(5), kernel fs/proc/task_mmu.c:show_map_vma(). Lines that do not obey it are skipped
 *and counted.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_MAP_READ   1u
#define PROC_MAP_WRITE  2u
#define PROC_MAP_EXEC   4u
#define PROC_MAP_SHARED 8u

struct proc_map {
	uint64_t start;
	uint64_t end;
	uint64_t offset;    /* of start in the file, bytes */
	uint64_t ino;       /* 0: not a file */
	uint32_t dev;       /* the kernel's encoding: major << 20 | minor; need not equal fstat's on
			       overlayfs, btrfs */
	unsigned int perms; /* PROC_MAP_* */
	bool deleted;       /* the file was unlinked; path is its last name */
	const char *path; /* "" or "[heap]" or an absolute path; until the next proc_maps__next() */
};

struct proc_maps {
	const char *pos;
	const char *end;
	char *text;     /* owned; NULL over a caller's buffer */
	size_t bad_cnt; /* lines that were skipped */
	char path[PATH_MAX];
};

/*
 * Read /proc/PID/maps. 0 (and no mappings at all: a zombie or a kernel thread), -ESRCH if there is
 * no such process, -EACCES, -EFBIG past 64 MiB.
 */
int proc_maps__open(struct proc_maps *maps, pid_t pid);
/* Iterate over @text, which must outlive @maps and need not end in NUL. */
void proc_maps__open_text(struct proc_maps *maps, const char *text, size_t len_bytes);
bool proc_maps__next(struct proc_maps *maps, struct proc_map *ret);
void proc_maps__done(struct proc_maps *maps);

#define __proc_maps __attribute__((cleanup(proc_maps__done)))

/* A file by name, not "[stack]", "//anon" or the like. */
static inline bool proc_map_is_file(const struct proc_map *map)
{
	return map->ino && map->path[0] == '/';
}
