/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From (file, offset) to functions, inlined chains and lines; and from (process, address) for code
 * without a file. Every distinct place is resolved once. All results and their strings live as long
 * as the symbolizer; strings are UTF-8 without control characters.
 *
 * Callers pass return addresses minus one, so that the line is the call's and not the next one's.
 *
 * Symbols of a file are taken from the first of: its own .symtab, a debug file by build id, by
 * .gnu_debuglink, .gnu_debugdata, debuginfod; .dynsym adds what the last three lack. Lines need
 * DWARF in any of the first three or from debuginfod.
 *
 * Not for use by two threads at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct build_id;
struct symbolizer;

#define SYM_LINE_INLINED 1u /* into the next one */
#define SYM_LINE_FALLBACK                                                                          \
	2u              /* no symbol: the name is "libfoo.so!fn@0x1230" or "libfoo.so+0x1234" */
#define SYM_LINE_JIT 4u /* from a perf map */

struct sym_line {
	const char *name;        /* for people: demangled, without parameters; never "" */
	const char *system_name; /* as the linker has it, if it has; else the same as name */
	const char *path;        /* of the source, absolute if the DWARF tells; "" if unknown */
	uint32_t line;           /* 0: unknown */
	uint32_t start_line;     /* of the function; 0: unknown */
	unsigned flags;
};

/* Opens files for a process that cannot do so itself. */
struct sym_opener {
	/* @path in the tree of number @root, as root_dir_open_file(). */
	int (*open)(void *ctx, size_t root, const char *path, int *ret_fd);
	/* As debuginfod__fetch(). */
	int (*fetch)(void *ctx, const struct build_id *id, int *ret_fd);
	void *ctx;
};

/*
 * To have files read by another process (worker/): what is to be named, and what that process may ask for meanwhile. It
 * calls keep() for each offset, in their order, with at most SYM_READ_LINES_MAX lines; 0, or an -errno that ends it.
 */
#define SYM_READ_LINES_MAX 513

#define SYM_READ_NO_LINES       1u
#define SYM_READ_NO_DEBUG_FILES 2u

struct sym_read_request {
	int fd;
	const char *path;
	uint32_t flags;  /* SYM_READ_* */
	size_t root_cnt; /* trees that open() knows */
	const uint64_t *offsets;
	size_t cnt;
	int (*open)(const struct sym_read_request *request, size_t root, const char *path,
		    int *ret_fd);
	int (*fetch)(const struct sym_read_request *request, const struct build_id *id,
		     int *ret_fd);
	int (*keep)(const struct sym_read_request *request, uint64_t offset,
		    const struct sym_line *lines, size_t cnt);
	void *ctx;
};

struct sym_reader {
	int (*read)(void *ctx, const struct sym_read_request *request);
	void *ctx;
};

struct symbolizer_opts {
	const char *debug_dir;           /* NULL: "/usr/lib/debug" */
	bool no_lines;                   /* names only: DWARF is not looked at */
	bool no_debug_files;             /* nothing but the mapped file itself */
	struct sym_reader reader;        /* .read NULL: files are read here */
	const struct sym_opener *opener; /* NULL: files are opened here */
	size_t root_cnt;                 /* with opener: trees that it knows */
};

/* @opts may be NULL. NULL if out of memory. */
struct symbolizer *symbolizer__new(const struct symbolizer_opts *opts);
void symbolizer__free(struct symbolizer *sym);
DEFINE_CLEANUP(symbolizer);

struct sym_file_desc {
	int fd;           /* the file that is mapped, open for reading; -1: not to be had */
	const char *path; /* as the process sees it; names the file in fallback names */
	const char *root; /* the process' root, "/proc/PID/root"; NULL: ours */
	const struct build_id *id; /* of the mapped file, or NULL: read from it */
};

/* Add a file under a new number. @desc and its fd stay the caller's (the fd is duplicated). 0 or
 * -errno. */
int symbolizer__add_file(struct symbolizer *sym, const struct sym_file_desc *desc,
			 uint32_t *ret_file);
/* Nothing new will be asked of @file: it is closed. What was found stays; new places get fallback names. */
void symbolizer__close_file(struct symbolizer *sym, uint32_t file);
/* The vdso, which is no file but is resolved as one: offset is address minus start of "[vdso]".
 * -ENOENT if there is none here. The number is always the same. */
int symbolizer__vdso(struct symbolizer *sym, uint32_t *ret_file);

/*
 * The lines at @file_offset: the innermost inlined call first, the function itself last; at least
 * one. 0, -EINVAL if there is no such file, -ENOMEM.
 */
int symbolizer__resolve(struct symbolizer *sym, uint32_t file, uint64_t file_offset,
			const struct sym_line **ret, size_t *ret_cnt);

struct sym_address {
	uint32_t file;
	uint64_t file_offset;
};

/*
 * Resolve all of @addrs (sorted in place by file and offset), so that symbolizer__resolve() has
 * them at hand. What a file needed is released as soon as the file is through: the way to go for
 * many.
 * @progress, if not NULL, is called now and then, and may stop it by returning false (-ECANCELED).
 * 0, -EINVAL, -ENOMEM.
 */
int symbolizer__resolve_all(struct symbolizer *sym, struct sym_address *addrs, size_t cnt,
			    bool (*progress)(void *ctx, size_t done, size_t total), void *ctx);

/*
 * Add process @pid under a new number, while it is there: afterwards its perf map can still be
 * read. For one that is gone already only fallback names are possible. 0 or -errno.
 */
int symbolizer__add_process(struct symbolizer *sym, pid_t pid, uint32_t *ret_process);
/* Its number may be given to another process, and lines that were found for it are not to be asked for any more. */
void symbolizer__drop_process(struct symbolizer *sym, uint32_t process);

/*
 * The line at address @ip in a mapping without a file. @mapping is its name ("[anon]", "[heap]",
 * "//anon") or NULL, @start where it begins: they make the fallback name "[anon]+0x1234", which is
 * "[jit]+0x1234" for a process with a perf map. 0, -EINVAL if there is no such process, -ENOMEM.
 */
int symbolizer__resolve_anon(struct symbolizer *sym, uint32_t process, uint64_t ip,
			     const char *mapping, uint64_t start, const struct sym_line **ret);

struct symbolizer_stats {
	uint64_t resolved_cnt;  /* distinct places */
	uint64_t nameless_cnt;  /* of them with a fallback name */
	uint64_t with_line_cnt; /* of them with a source line */
	uint64_t limited_cnt; /* of them cut short because a file's DWARF was too much (DWARF_MAX_*)
			       */
	uint64_t unread_cnt;  /* of them nameless because the reader failed */
};
void symbolizer__stats(const struct symbolizer *sym, struct symbolizer_stats *ret);
