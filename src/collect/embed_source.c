// SPDX-License-Identifier: Apache-2.0
#include "collect/embed_source.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "abi/stack.h"
#include "base/fdio.h"
#include "base/hashmap.h"
#include "proc/root_dir.h"

#define FILE_MAX_BYTES ((size_t)8 << 20)
#define ALL_MAX_BYTES  ((size_t)512 << 20)

struct embedding {
	struct snapshot *snapshot;
	const struct file_table *files;
	struct hashmap *seen;    /* path -> 1: it is in */
	struct hashmap *missing; /* path -> 1: it was not to be had, so far */
	size_t bytes;
};

/* The tree of a process that had file @id mapped, or ours. */
static int open_root(const struct embedding *e, uint32_t id, int *ret)
{
	char path[64];
	size_t i;

	for (i = 0; i < file_table__cnt(e->files); i++) {
		const struct file_entry *entry = file_table__at(e->files, i);

		if (entry->id != id || !entry->pid)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/root", (int)entry->pid);
		if (!root_dir_open(path, ret))
			return 0;
	}
	return root_dir_open("/", ret);
}

static int read_source(const struct embedding *e, int root_fd, const char *path, char **ret,
		       int64_t *ret_mtime_ns)
{
	struct stat st;
	size_t len_bytes;
	int fd __close_fd = -1, err;

	if (*path != '/')
		return -ENOENT;
	err = root_dir_open_file(root_fd, path, 0, &fd);
	if (!err && fstat(fd, &st))
		err = -errno;
	if (!err)
		err = fdio_read_all(fd, FILE_MAX_BYTES, ret, &len_bytes);
	if (err)
		return err;
	*ret_mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return e->bytes + len_bytes > ALL_MAX_BYTES ? -EFBIG : 0;
}

static int add_source(struct embedding *e, int root_fd, uint32_t path)
{
	struct snapshot_source source = { .path = path };
	char *text __free_mem = NULL;
	size_t before = intern__cnt(e->snapshot->strings);
	int err =
		read_source(e, root_fd, snapshot__str(e->snapshot, path), &text, &source.mtime_ns);

	if (err == -ENOMEM)
		return err;
	if (err)
		return hashmap__set(e->missing, path, 1);
	err = intern__add(e->snapshot->strings, text, &source.text);
	if (!err && intern__cnt(e->snapshot->strings) > before)
		e->bytes += strlen(text);
	if (!err)
		err = vec__push(&e->snapshot->sources, source);
	if (!err)
		err = hashmap__set(e->seen, path, 1);
	hashmap__del(e->missing, path);
	return err;
}

/* All that one frame's lines are in. */
static int add_symbol(struct embedding *e, const struct snapshot_symbol *symbol)
{
	int root_fd __close_fd = -1, err = 0;
	uint64_t seen;
	uint32_t i;

	for (i = 0; !err && i < symbol->line_cnt; i++) {
		uint32_t path = e->snapshot->lines.at[symbol->line_start + i].path;

		if (!*snapshot__str(e->snapshot, path) || hashmap__get(e->seen, path, &seen))
			continue;
		if (root_fd < 0 && open_root(e, FRAME_FILE(symbol->frame), &root_fd))
			return 0;
		err = add_source(e, root_fd, path);
	}
	return err;
}

int embed_sources(struct snapshot *snapshot, const struct file_table *files, size_t *ret_missing)
{
	struct hashmap *seen __free(hashmap) = hashmap__new(),
			     *missing __free(hashmap) = hashmap__new();
	struct embedding e = {
		.snapshot = snapshot, .files = files, .seen = seen, .missing = missing
	};
	size_t i;
	int err = 0;

	if (!seen || !missing)
		return -ENOMEM;
	for (i = 0; !err && i < snapshot->symbols.cnt; i++) {
		if (!FRAME_IS_ANON(snapshot->symbols.at[i].frame))
			err = add_symbol(&e, &snapshot->symbols.at[i]);
	}
	*ret_missing = hashmap__cnt(missing);
	return err;
}
