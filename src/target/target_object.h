/* SPDX-License-Identifier: Apache-2.0 */
/* A file with allocator functions, and where to probe it. Made once per file, whoever maps it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/probe.h"
#include "base/cleanup.h"
#include "elf/build_id.h"
#include "target/alloc_fns.h"
#include "target/site.h"

struct target_probe {
	struct probe probe;  /* what the BPF side needs; .fn is the row of alloc_fns */
	const char *name;    /* the symbol's; lives as long as the alloc_fns */
	const char *label;   /* for people */
	uint64_t vaddr;      /* the function's address in the file */
	uint64_t size_bytes; /* of the function; 0: unknown */
	struct site site;    /* file offsets */
	uint64_t *rets;      /* PROBE_RET_SITES: file offsets of its return instructions */
	size_t ret_cnt;
};

/* One of the names of a probed function. */
struct target_name {
	uint64_t vaddr;
	uint16_t fn; /* row of alloc_fns */
};

struct target_object {
	/* Which file it is. */
	char *path; /* as first seen, in that process' mount namespace */
	int fd;     /* kept open: attach through /proc/self/fd/N, whatever becomes of the path */
	uint32_t forgotten_as; /* fd -1: see target_set__forget() */
	dev_t st_dev;          /* fstat's */
	uint64_t ino;
	uint32_t kernel_dev; /* major << 20 | minor, as in /proc/PID/maps; BPF sees this one */

	/* What is in it. */
	struct build_id build_id; /* len_bytes 0: none */
	uint16_t machine;         /* EM_* */

	struct target_probe *probes; /* by address, one per address */
	size_t probe_cnt;
	struct target_name *names; /* all of them, aliases and wrappers included */
	size_t name_cnt;
	size_t wrapper_cnt; /* operator new and the like that only call another one: not probed */
	size_t ifunc_cnt;   /* functions that are chosen at run time: their address is not in the
			       file, not probed */
	/* File offset of the function the dynamic linker calls when the list of libraries has
	 * changed (r_brk of <link.h>, _dl_debug_state by name); 0: this file is not the dynamic
	 * linker. */
	uint64_t notify_off;
	bool is_libc; /* it has __libc_start_main */
	/* Functions named like an allocator's with nothing to show that they are one's: not probed. */
	size_t doubted_cnt;
	uint16_t doubted_fn; /* one of them: a row of alloc_fns */

	/* Rows whose functions this file's may end in a jump to, in this file or another. */
	uint16_t *tail_fns;
	size_t tail_fn_cnt;
};

/* What a file turned out to be. */
enum target_object_outcome {
	TARGET_OBJECT_OK = 0,
	TARGET_OBJECT_NOTHING, /* nothing to probe in it (or not an ELF file at all) */
};

/* More functions or names are in no allocator; those of a forged file beyond them are left out. */
#define TARGET_OBJECT_FN_MAX 1024

/*
 * Analyse the file open as @fd, which stays the caller's: what the object says of the file's contents. Which file it is,
 * path, descriptor and numbers, is the caller's to add. A target_object_outcome, or -errno (-ENOMEM, reading failed).
 */
int target_object__read(const struct alloc_fns *fns, int fd, struct target_object **ret);
void target_object__free(struct target_object *object);
DEFINE_CLEANUP(target_object);

/* Some function may jump to the one @fn names: set PROBE_TAIL_CALLED where this file defines it. */
void target_object__mark_tail_called(struct target_object *object, uint16_t fn);
