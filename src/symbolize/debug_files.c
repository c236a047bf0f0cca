// SPDX-License-Identifier: Apache-2.0
#include "symbolize/debug_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "elf/debuglink.h"
#include "proc/root_dir.h"
#include "symbolize/symbolizer.h"

/* Does the file belong? @ctx is what it is compared with. */
typedef bool belongs_fn(const struct elf_file *elf, const void *ctx);

static bool has_build_id(const struct elf_file *elf, const void *ctx)
{
	struct build_id id;

	return !build_id_read(elf, &id) && build_id_equal(&id, ctx);
}

struct link {
	const struct build_id *id; /* or NULL */
	uint32_t crc;
};

/* Equal build ids say more than a checksum, and need not read the whole file. */
static bool is_linked(const struct elf_file *elf, const void *ctx)
{
	const struct link *link = ctx;
	uint32_t crc;

	if (link->id && has_build_id(elf, link->id))
		return true;
	return !debuglink_crc(elf, &crc) && crc == link->crc;
}

static bool any(const struct elf_file *elf, const void *ctx)
{
	return true;
}

int debug_roots_open(const struct debug_roots *roots, size_t root, const char *path, int *ret_fd)
{
	const struct sym_opener *opener = roots->opener;

	if (root >= roots->cnt)
		return -EINVAL;
	return opener ? opener->open(opener->ctx, root, path, ret_fd)
		      : root_dir_open_file(roots->fds[root], path, 0, ret_fd);
}

/* @path in the first root where it is there and belongs. */
static int try_path(const struct debug_roots *roots, const char *path, belongs_fn *belongs,
		    const void *ctx, struct elf_file **ret)
{
	size_t i;

	for (i = 0; i < roots->cnt; i++) {
		struct elf_file *elf __free(elf_file) = NULL;
		int fd __close_fd = -1;

		if (debug_roots_open(roots, i, path, &fd) || elf_file__open_debug_fd(fd, &elf) ||
		    !belongs(elf, ctx))
			continue;
		*ret = TAKE_PTR(elf);
		return 0;
	}
	return -ENOENT;
}

/* The same for a path put together by format_alloc(), kept in @ret if found. */
static int try_debug_file(const struct debug_roots *roots, char *path, belongs_fn *belongs,
			  const void *ctx, struct debug_file *ret)
{
	char *owned __free_mem = path;
	int err;

	err = try_path(roots, path, belongs, ctx, &ret->elf);
	if (!err)
		ret->path = TAKE_PTR(owned);
	return err;
}

/* The length of the folder in @path, its last '/' included. */
static int dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash + 1 - path) : 0;
}

int debug_files_by_build_id(const struct debug_roots *roots, const struct build_id *id,
			    struct debug_file *ret)
{
	char hex[BUILD_ID_HEX_SIZE], *path;

	if (id->len_bytes < 2)
		return -ENOENT;
	build_id_format(id, hex);
	if (format_alloc(&path, "%s/.build-id/%.2s/%s.debug", roots->debug_dir, hex, hex + 2) < 0)
		return -ENOMEM;
	return try_debug_file(roots, path, has_build_id, id, ret);
}

int debug_files_by_link(const struct debug_roots *roots, const struct elf_file *elf,
			const char *path, const struct build_id *id, struct debug_file *ret)
{
	int i, len, dir = dir_len(path), err = -ENOENT;
	struct debuglink name;
	struct link link;
	char *candidate;

	if (debuglink_read(elf, &name))
		return -ENOENT;
	link = (struct link){ id, name.crc };
	for (i = 0; i < 3 && err == -ENOENT; i++) {
		if (i == 0)
			len = format_alloc(&candidate, "%.*s%s", dir, path, name.name);
		else if (i == 1)
			len = format_alloc(&candidate, "%.*s.debug/%s", dir, path, name.name);
		else
			len = format_alloc(&candidate, "%s/%.*s%s", roots->debug_dir, dir, path,
					   name.name);
		if (len < 0)
			return -ENOMEM;
		err = try_debug_file(roots, candidate, is_linked, &link, ret);
	}
	return err;
}

int debug_files_alt(const struct debug_roots *roots, const struct debug_file *file,
		    struct elf_file **ret)
{
	struct debug_file found = {};
	struct debugaltlink link;
	char *path __free_mem = NULL;
	int err, dir = dir_len(file->path);

	if (debugaltlink_read(file->elf, &link))
		return -ENOENT;
	if (format_alloc(&path, "%.*s%s", link.path[0] == '/' ? 0 : dir, file->path, link.path) < 0)
		return -ENOMEM;
	err = try_path(roots, path, has_build_id, &link.build_id, ret);
	if (err != -ENOENT)
		return err;
	err = debug_files_by_build_id(roots, &link.build_id, &found);
	free(found.path);
	if (!err)
		*ret = found.elf;
	return err;
}

int debug_files_dwo(const struct debug_roots *roots, const char *path, const char *comp_dir,
		    const char *name, struct elf_file **ret)
{
	char *candidate __free_mem = NULL;
	int len, err;

	if (name[0] == '/')
		len = format_alloc(&candidate, "%s", name);
	else if (comp_dir)
		len = format_alloc(&candidate, "%s/%s", comp_dir, name);
	else
		len = format_alloc(&candidate, "%.*s%s", dir_len(path), path, name);
	if (len < 0)
		return -ENOMEM;
	err = try_path(roots, candidate, any, NULL, ret);
	if (err != -ENOENT)
		return err;
	/* Moved together: beside the binary, under its last name. */
	free(TAKE_PTR(candidate));
	if (format_alloc(&candidate, "%.*s%s", dir_len(path), path, name + dir_len(name)) < 0)
		return -ENOMEM;
	return try_path(roots, candidate, any, NULL, ret);
}

int debug_files_dwp(const struct debug_roots *roots, const char *path, struct elf_file **ret)
{
	char *candidate __free_mem = NULL;

	if (format_alloc(&candidate, "%s.dwp", path) < 0)
		return -ENOMEM;
	return try_path(roots, candidate, any, NULL, ret);
}
