/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that begin without their probes: where their allocator is in a file that nobody had run before, or while probes are
 * each process's own. What they do until they have them is not counted; how many, and for how long, is (STAT_LATE_*). Who ran
 * before the recording began is not late, and who is held from its first instruction is not, either.
 *
 * A dynamic linker says when its libraries are there, before any code of theirs or the program's runs. Where we are told of
 * that, nothing is lost until then.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hashmap;
struct recording;
struct target_refs;

struct late {
	struct hashmap *waiting; /* image -> LATE_*; NULL: none yet */
	/* Of the process looked at last: allocators that it maps, when the last of them was probed, and is its linker one? */
	size_t mapped_cnt;
	uint64_t probed_ns;
	bool linker_allocates;
};

#define LATE_UNHOOKED 1u /* its dynamic linker tells us nothing, if it has one */

/* @image has begun, and runs; a look at it follows. */
void late__begin(struct recording *rec, uint32_t image, unsigned flags);
/* @image of @pid has been looked at. */
void late__look(struct recording *rec, uint32_t image, pid_t pid);
/* @image has ended. */
void late__end(struct recording *rec, uint32_t image);
void late__done(struct late *late);

/* Has code been run of @image that was not its loader's, or is it about to? */
bool late__has_begun(const struct recording *rec, uint32_t image);
/* Did @image live when it was looked at? */
bool late__is_seen(const struct recording *rec, uint32_t image);

/* A process maps @refs, which are probed as those of @pid (0: of all). */
void late__note_mapped(struct recording *rec, const struct target_refs *refs, pid_t pid);
/* All files that are probed now are known as such to BPF. */
void late__know_files(struct recording *rec);
