/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files to probe for which processes. Objects keep their index, and what is new since the last look stands at the
 * end. Each file is analysed once, whoever maps it under whatever name.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "target/alloc_fns.h"
#include "target/target_object.h"

struct loader_lists;
struct target_set;

/* Why a process cannot be traced. The caller handles each; text by target_outcome_text(). */
enum target_outcome {
	TARGET_OK = 0,
	TARGET_NO_ALLOCATOR, /* nothing it maps has a function of the table: stripped static, or it
				does not allocate */
	TARGET_32BIT,        /* a program for another word size */
	TARGET_TRANSLATED,   /* breakpoints would end it: proc_is_translated() */
	TARGET_KERNEL_THREAD,
	TARGET_NO_PROCESS, /* there is no process of this number */
	TARGET_VANISHED,   /* it exited (or is a zombie): nothing of it is mapped */
	TARGET_OUTCOME_CNT,
};

/* Indices of objects. */
struct target_refs {
	size_t *at;
	size_t cnt;
	size_t room;
};

void target_refs__done(struct target_refs *refs);
#define __target_refs __attribute__((cleanup(target_refs__done)))

/* Who analyses files, as target_object__read() does: a process that has nothing to lose by it. */
struct target_reader {
	int (*read)(void *ctx, const struct alloc_fns *fns, int fd, struct target_object **ret);
	void *ctx;
};

/* @fns stays the caller's and outlives the set. @reader NULL: they are read here. 0 or -ENOMEM. */
int target_set__new(const struct alloc_fns *fns, const struct target_reader *reader,
		    struct target_set **ret);
void target_set__free(struct target_set *set);
DEFINE_CLEANUP(target_set);

/*
 * Look at what @pid maps; again whenever it has loaded something. @ret, if not NULL, gets the
 * objects it maps appended: those to probe, and its dynamic linker. TARGET_OK, another
 * target_outcome, or -errno (-EACCES: not ours to look at).
 */
int target_set__add_pid(struct target_set *set, pid_t pid, struct target_refs *ret);
/*
 * A file that may be mapped soon. @fd stays the caller's. TARGET_OK, TARGET_NO_ALLOCATOR if there
 * is nothing to probe in it (its dynamic linker part may have been noted nonetheless), or -errno.
 */
int target_set__add_fd(struct target_set *set, int fd, const char *path, struct target_refs *ret);

size_t target_set__cnt(const struct target_set *set);
/* @idx below the count. The address is stable; probe flags may gain PROBE_TAIL_CALLED when other
 * objects join. */
const struct target_object *target_set__at(const struct target_set *set, size_t idx);
/*
 * Nobody maps the object's file any more: it is closed (object->fd is -1 then), and analysed anew as
 * another object if it is met again. What is known of it stays, for profiles still speak of it: of the file that the
 * caller knows as @file, for another one may be given its inode.
 */
void target_set__forget(struct target_set *set, size_t idx, uint32_t file);
/* What loaders have said of commands so far (target_cmd.c). */
struct loader_lists *target_set__lists(struct target_set *set);
/* Files that could not be opened or read, and so may hide an allocator. */
size_t target_set__unreadable_cnt(const struct target_set *set);

/* "has no allocator heaptap knows (…)": what follows "process 42 ". */
const char *target_outcome_text(enum target_outcome outcome);
