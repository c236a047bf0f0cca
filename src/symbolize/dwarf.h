/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions, inlined calls and lines from DWARF 3 to 5, split (.dwo, .dwp), compressed or shared
 * through dwz included. Only units that are asked for are read, each once, into sorted ranges.
 *
 * Why not libdw: it opens the paths named in the DWARF by itself (in our mount namespace, blocking,
 * and maps what it finds), so the traced program could choose what a root process opens and crash
 * it by cutting a file; and release 0.188 knows no .dwp. The part needed here is small.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "elf/elf_file.h"

/* Limits per binary with its debug files: some seconds, and less than a GiB besides the sections.
 */
#define DWARF_MAX_STEPS   ((uint64_t)1 << 29)
#define DWARF_MAX_ITEMS   ((uint64_t)24 << 20)
#define DWARF_MAX_INLINES 512 /* depth of one chain */

struct dwarf;

/* How to get at the other files that DWARF names. Each may be NULL: then there are none. */
struct dwarf_files {
	void *ctx;
	/* The .dwo called @name, relative to @comp_dir (which may be NULL). 0 or -errno. */
	int (*open_dwo)(void *ctx, const char *comp_dir, const char *name, struct elf_file **ret);
	/* The .dwp beside the binary. */
	int (*open_dwp)(void *ctx, struct elf_file **ret);
	/* dwz's common file, for .gnu_debugaltlink in the file with the DWARF. */
	int (*open_alt)(void *ctx, struct elf_file **ret);
};

struct dwarf_frame {
	const char *linkage_name; /* mangled, or NULL */
	const char *name;         /* with namespaces and classes; NULL if unknown */
	const char *path;         /* of the source, absolute if DWARF tells; "" if unknown */
	uint32_t line;            /* 0: unknown */
	uint32_t start_line;      /* where the function is defined; 0: unknown */
	bool inlined;             /* into the next frame */
	uint64_t entry;           /* lowest address of the function, or of the inlined piece */
};

struct dwarf_frames {
	VEC(struct dwarf_frame) list; /* innermost first; vec__done() it */
};

/*
 * @elf must outlive the result, as must @files. Code below @text_lo is not looked at: there lie the
 * leftovers of discarded sections, which linkers relocate to 0. -ENOENT: no DWARF in the file.
 */
int dwarf__new(struct elf_file *elf, uint64_t text_lo, const struct dwarf_files *files,
	       struct dwarf **ret);
void dwarf__free(struct dwarf *dw);
DEFINE_CLEANUP(dwarf);

/*
 * The frames at @vaddr; strings live as long as @dw, names may be bytes of any kind. -ENOENT: DWARF
 * says nothing about it; -EBADMSG: it is broken there; -E2BIG: a limit was hit, now or before.
 * Some frames without a name are possible: only lines are known.
 */
int dwarf__find(struct dwarf *dw, uint64_t vaddr, struct dwarf_frames *ret);
