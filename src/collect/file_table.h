/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every file whose code was seen mapped: opened once, so that a deleted, replaced or unmounted file is still there
 * to be symbolized at the end, and given to the walker as an unwind table. The only place where unwind/ meets
 * kernel/.
 *
 * A file is known by (device, inode) as the kernel has them in the mapping, which is what BPF sees.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/unwind.h"
#include "base/cleanup.h"
#include "kernel/tracer.h"
#include "proc/proc_maps.h"
#include "worker/worker.h"

struct file_table;

struct file_entry {
	struct unwind_file_key key;
	uint32_t id;    /* of frames; 0 until it is fed to a tracer */
	int fd;         /* -1: it could not be opened, or is forgotten */
	pid_t pid;      /* a process that had it mapped: its root is where debug files may be */
	char *path;     /* as that process sees it */
	char *build_id; /* hex or "", which is also what a file has that was not read yet */
};

struct file_table *file_table__new(void);
void file_table__free(struct file_table *files);
DEFINE_CLEANUP(file_table);

/* Keep every unwind row instead of those that a return address can ask for. */
void file_table__set_full_cfi(struct file_table *files, bool full);

/* Have files read by @worker, which must outlive the table. */
void file_table__set_worker(struct file_table *files, struct worker *worker);

/*
 * From now on nobody waits for a file that is added: one after another they are read by @worker (which must outlive the
 * table; NULL: as before), and fed once they are. A large one takes a tenth of a second, in which others need to be looked after.
 */
void file_table__read_later(struct file_table *files, struct worker *worker);
/* Ready to be read when what is being read has come: file_table__read_on(). The table's; -1: nothing is read later. */
int file_table__fd(const struct file_table *files);
/* What is being read has taken too long: file_table__read_on() gives it up. @now_ns is of CLOCK_MONOTONIC. */
bool file_table__is_late(const struct file_table *files, uint64_t now_ns);
/* Go on with the next one, unless one is being read; @has_come: it has come, or is to be waited for. */
void file_table__read_on(struct file_table *files, bool has_come);
/* Wait until all are read. */
void file_table__read_all(struct file_table *files);

/* The entry of the file behind @map of process @pid, made if it is new. 0 or -ENOMEM; a file that cannot be opened
 * is an entry too. @ret_index may be NULL. */
int file_table__add(struct file_table *files, pid_t pid, const struct proc_map *map,
		    size_t *ret_index);
/* The same for an open file that nobody has mapped yet; @fd is duplicated. */
int file_table__add_fd(struct file_table *files, int fd, const char *path);
/* A file met by the walker: @notice says where it is mapped and which number it has. */
int file_table__add_notice(struct file_table *files, const struct notice *notice);

size_t file_table__cnt(const struct file_table *files);
const struct file_entry *file_table__at(const struct file_table *files, size_t index);
/* NULL if it is not known. */
const struct file_entry *file_table__find(const struct file_table *files,
					  const struct unwind_file_key *key);

/*
 * Nobody maps the file any more: its table is @tracer's to give to others, and the file is closed. The entry stays, with
 * its number, for frames that speak of it; met again, it is a new file.
 */
void file_table__forget(struct file_table *files, size_t index, struct tracer *tracer);

/* Files that nobody could open so far: their code has no names. @ret_path: one of them, until the next file; kept if none. */
size_t file_table__unopened_cnt(const struct file_table *files, const char **ret_path);

/* What all tables that were not fed yet need. */
void file_table__need(const struct file_table *files, size_t *ret_row_cnt, size_t *ret_page_cnt);
/* Give @tracer the tables it does not have. 0, or the first -errno; -ENOSPC: some did not fit. */
int file_table__feed(struct file_table *files, struct tracer *tracer);
