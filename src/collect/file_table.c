// SPDX-License-Identifier: Apache-2.0
#include "collect/file_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "elf/build_id.h"
#include "elf/elf_file.h"
#include "proc/proc_open.h"
#include "unwind/unwind_table.h"

/* A full table beyond this is replaced by its call sites alone: 8 MiB of rows. Once the tracer's room is fixed, files
 * that come later have to share what was set apart for them. */
#define FULL_ROWS_MAX      ((size_t)1 << 20)
#define FULL_ROWS_LATE_MAX ((size_t)32 << 10)

struct entry {
	struct file_entry file;
	struct unwind_table *table; /* NULL: no CFI, not read yet, or it was fed already */
	bool unread;
	bool fed;
	bool forgotten; /* it was open once */
	uint32_t next;  /* with the same hash */
};

struct file_table {
	VEC(struct entry) entries;
	struct hashmap *by_key;
	struct worker *worker; /* who reads them, or NULL: we do */
	struct worker
		*later; /* who reads them while nobody waits, or NULL: they are read at once */
	size_t unread_cnt;
	uint32_t reading; /* which of them is being read, or NO_ENTRY */
	bool full_cfi;
	bool late; /* the tracer's room is fixed */
};

#define NO_ENTRY UINT32_MAX

struct file_table *file_table__new(void)
{
	struct file_table *files __free(file_table) = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->reading = NO_ENTRY;
	files->by_key = hashmap__new();
	return files->by_key ? TAKE_PTR(files) : NULL;
}

void file_table__free(struct file_table *files)
{
	size_t i;

	if (!files)
		return;
	for (i = 0; i < files->entries.cnt; i++) {
		struct entry *entry = &files->entries.at[i];

		cleanup_fd(&entry->file.fd);
		free(entry->file.path);
		free(entry->file.build_id);
		unwind_table__free(entry->table);
	}
	vec__done(&files->entries);
	hashmap__free(files->by_key);
	free(files);
}

void file_table__set_full_cfi(struct file_table *files, bool full)
{
	files->full_cfi = full;
}

void file_table__set_worker(struct file_table *files, struct worker *worker)
{
	files->worker = worker;
}

void file_table__read_later(struct file_table *files, struct worker *worker)
{
	files->later = worker;
}

static uint64_t key_hash(const struct unwind_file_key *key)
{
	return hash_combine(key->dev, key->ino);
}

static struct entry *find(const struct file_table *files, const struct unwind_file_key *key)
{
	uint64_t first;
	uint32_t i;

	if (!hashmap__get(files->by_key, key_hash(key), &first))
		return NULL;
	for (i = (uint32_t)first; i != NO_ENTRY; i = files->entries.at[i].next) {
		const struct unwind_file_key *have = &files->entries.at[i].file.key;

		if (have->dev == key->dev && have->ino == key->ino)
			return &files->entries.at[i];
	}
	return NULL;
}

static size_t full_max(const struct file_table *files)
{
	if (!files->full_cfi)
		return 0;
	return files->late ? FULL_ROWS_LATE_MAX : FULL_ROWS_MAX;
}

/* The table and build id of the file, as far as it has any and they can be had. */
static void read_file(struct file_table *files, int fd, struct unwind_table **ret,
		      struct build_id *ret_id)
{
	struct elf_file *elf __free(elf_file) = NULL;

	*ret = NULL;
	*ret_id = (struct build_id){};
	if (files->worker) {
		if (worker__table(files->worker, fd, full_max(files), ret, ret_id))
			*ret = NULL;
		return;
	}
	if (elf_file__open_fd(fd, &elf))
		return;
	if (build_id_read(elf, ret_id))
		ret_id->len_bytes = 0;
	if (unwind_table__build_within(elf, full_max(files), ret))
		*ret = NULL;
}

static int set_build_id(struct entry *entry, const struct build_id *id)
{
	char hex[BUILD_ID_HEX_SIZE];
	char *text = strdup(id->len_bytes ? build_id_format(id, hex) : "");

	if (!text)
		return -ENOMEM;
	free(entry->file.build_id);
	entry->file.build_id = text;
	return 0;
}

/* What @fd (-1: unknown contents) tells about the file. The entry takes it over. 0 or -ENOMEM. */
static int fill(struct file_table *files, struct entry *entry, int fd, pid_t pid, const char *path)
{
	struct file_entry *file = &entry->file;
	struct build_id id = {};

	free(file->path);
	file->fd = fd;
	file->pid = pid;
	file->path = strdup(path);
	entry->unread = files->later && fd >= 0;
	if (entry->unread)
		files->unread_cnt++;
	else if (fd >= 0)
		read_file(files, fd, &entry->table, &id);
	return set_build_id(entry, &id) || !file->path ? -ENOMEM : 0;
}

static int insert(struct file_table *files, const struct unwind_file_key *key, int fd, pid_t pid,
		  const char *path, uint32_t id)
{
	struct entry entry = { .file = { .key = *key, .id = id }, .next = NO_ENTRY };
	int err = fill(files, &entry, fd, pid, path);
	uint64_t *first;

	first = hashmap__slot(files->by_key, key_hash(key), NO_ENTRY, NULL);
	entry.next = first ? (uint32_t)*first : NO_ENTRY;
	if (err || !first || vec__push(&files->entries, entry)) {
		files->unread_cnt -= entry.unread;
		free(entry.file.path);
		free(entry.file.build_id);
		unwind_table__free(entry.table);
		cleanup_fd(&fd);
		return -ENOMEM;
	}
	*first = files->entries.cnt - 1;
	return 0;
}

/* Its last process was gone before it could be opened; here is another one. */
static int retry(struct file_table *files, struct entry *entry, pid_t pid,
		 const struct proc_map *map)
{
	int fd;

	if (proc_map_open(pid, map, &fd))
		return 0;
	entry->fed = false;
	return fill(files, entry, fd, pid, map->path);
}

int file_table__add(struct file_table *files, pid_t pid, const struct proc_map *map,
		    size_t *ret_index)
{
	struct unwind_file_key key = { .ino = map->ino, .dev = map->dev };
	struct entry *entry = find(files, &key);
	int fd = -1, err;

	if (!entry) {
		if (proc_map_open(pid, map, &fd))
			fd = -1;
		err = insert(files, &key, fd, pid, map->path, 0);
		if (err)
			return err;
		entry = &files->entries.at[files->entries.cnt - 1];
	} else if (entry->file.fd < 0) {
		err = retry(files, entry, pid, map);
		if (err)
			return err;
	}
	if (ret_index)
		*ret_index = (size_t)(entry - files->entries.at);
	return 0;
}

/* Mappings show the file system's device as the kernel encodes it; on overlayfs and btrfs fstat() says another one, and the
 * file will be met again when it is mapped. */
static uint32_t kernel_dev(dev_t dev)
{
	return major(dev) << 20 | minor(dev);
}

int file_table__add_fd(struct file_table *files, int fd, const char *path)
{
	struct unwind_file_key key = {};
	struct stat st;
	int copy;

	if (fstat(fd, &st))
		return -errno;
	key.ino = st.st_ino;
	key.dev = kernel_dev(st.st_dev);
	if (find(files, &key))
		return 0;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return -errno;
	return insert(files, &key, copy, getpid(), path, 0);
}

/*
 * The file a notice speaks of, as /proc has it now: mapped anywhere, because what was at the place of the notice may
 * have made way for another library. Only on overlayfs, where the walker sees the inode of the layer below, the place
 * has to do.
 */
static int open_noticed(const struct notice *notice, int *ret_fd, char **ret_path)
{
	struct proc_maps maps __proc_maps = {};
	int err = proc_maps__open(&maps, (pid_t)notice->tgid), fd = -1;
	char *path __free_mem = NULL;
	struct proc_map map;
	struct statfs fs;

	while (!err && proc_maps__next(&maps, &map)) {
		bool same = map.ino == notice->ino && map.dev == notice->dev;

		if (!same && (map.start > notice->start || map.end <= notice->start || fd >= 0))
			continue;
		cleanup_fd(&fd);
		fd = -1;
		if (proc_map_open((pid_t)notice->tgid, &map, &fd))
			continue;
		if (!same && (fstatfs(fd, &fs) || fs.f_type != OVERLAYFS_SUPER_MAGIC)) {
			cleanup_fd(&fd);
			fd = -1;
			continue;
		}
		free(path);
		path = strdup(map.path);
		if (same)
			break;
	}
	if (fd < 0)
		return err ? err : -ENOENT;
	*ret_fd = fd;
	*ret_path = TAKE_PTR(path);
	return 0;
}

int file_table__add_notice(struct file_table *files, const struct notice *notice)
{
	struct unwind_file_key key = { .ino = notice->ino, .dev = notice->dev };
	struct entry *entry = find(files, &key);
	char *path __free_mem = NULL, fallback[64];
	int fd = -1;

	if (entry) {
		entry->file.id = entry->file.id ? entry->file.id : notice->id;
		return 0;
	}
	if (open_noticed(notice, &fd, &path))
		fd = -1;
	snprintf(fallback, sizeof(fallback), "[inode %llu]", (unsigned long long)notice->ino);
	return insert(files, &key, fd, (pid_t)notice->tgid, path ? path : fallback, notice->id);
}

/* --- reading them later --- */

static void has_been_read(struct file_table *files, struct entry *entry)
{
	entry->unread = false;
	files->unread_cnt--;
}

static void begin_next(struct file_table *files)
{
	uint32_t i;

	for (i = 0; files->unread_cnt && i < files->entries.cnt; i++) {
		struct entry *entry = &files->entries.at[i];

		if (!entry->unread)
			continue;
		if (!worker__begin_table(files->later, entry->file.fd, full_max(files))) {
			files->reading = i;
			return;
		}
		has_been_read(files, entry);
	}
}

static void end_reading(struct file_table *files)
{
	struct entry *entry = &files->entries.at[files->reading];
	struct unwind_table *table __free(unwind_table) = NULL;
	struct build_id id;

	files->reading = NO_ENTRY;
	if (worker__end_table(files->later, &table, &id))
		table = NULL;
	/* It may have been forgotten meanwhile. */
	if (!entry->unread)
		return;
	has_been_read(files, entry);
	entry->table = TAKE_PTR(table);
	/* Without memory it stays without. */
	set_build_id(entry, &id);
}

int file_table__fd(const struct file_table *files)
{
	return files->later ? worker__fd(files->later) : -1;
}

bool file_table__is_late(const struct file_table *files, uint64_t now_ns)
{
	return files->later && worker__is_late(files->later, now_ns);
}

void file_table__read_on(struct file_table *files, bool has_come)
{
	if (files->reading != NO_ENTRY && has_come)
		end_reading(files);
	if (files->reading == NO_ENTRY)
		begin_next(files);
}

void file_table__read_all(struct file_table *files)
{
	while (files->unread_cnt)
		file_table__read_on(files, true);
}

size_t file_table__cnt(const struct file_table *files)
{
	return files->entries.cnt;
}

const struct file_entry *file_table__at(const struct file_table *files, size_t index)
{
	return &files->entries.at[index].file;
}

const struct file_entry *file_table__find(const struct file_table *files,
					  const struct unwind_file_key *key)
{
	const struct entry *entry = find(files, key);

	return entry ? &entry->file : NULL;
}

void file_table__forget(struct file_table *files, size_t index, struct tracer *tracer)
{
	struct entry *entry = &files->entries.at[index];
	uint64_t *at = hashmap__slot(files->by_key, key_hash(&entry->file.key), NO_ENTRY, NULL);
	uint32_t next = entry->next;

	if (!at || entry->file.fd < 0)
		return;
	if (*at == index) {
		*at = next;
	} else {
		uint32_t i = (uint32_t)*at;

		while (i != NO_ENTRY && files->entries.at[i].next != index)
			i = files->entries.at[i].next;
		if (i == NO_ENTRY)
			return;
		files->entries.at[i].next = next;
	}
	tracer__drop_table(tracer, &entry->file.key);
	close(entry->file.fd);
	entry->file.fd = -1;
	entry->forgotten = true;
	files->unread_cnt -= entry->unread;
	entry->unread = false;
}

size_t file_table__unopened_cnt(const struct file_table *files, const char **ret_path)
{
	size_t cnt = 0, i;

	for (i = 0; i < files->entries.cnt; i++) {
		const struct entry *entry = &files->entries.at[i];

		if (entry->file.fd >= 0 || entry->forgotten)
			continue;
		/* One that has a path says more. */
		if (!cnt++ || **ret_path != '/')
			*ret_path = entry->file.path;
	}
	return cnt;
}

void file_table__need(const struct file_table *files, size_t *ret_row_cnt, size_t *ret_page_cnt)
{
	size_t i, rows = 0, pages = 0;

	for (i = 0; i < files->entries.cnt; i++) {
		const struct unwind_table *table = files->entries.at[i].table;

		if (!table || files->entries.at[i].fed)
			continue;
		rows += unwind_table__row_cnt(table);
		pages += unwind_table__page_cnt(table) + 1;
	}
	*ret_row_cnt = rows;
	*ret_page_cnt = pages;
}

static int feed_one(struct entry *entry, struct tracer *tracer)
{
	const struct unwind_table *table = entry->table;

	if (!table)
		return tracer__add_table(tracer, &entry->file.key, NULL, 0, NULL, 0, 0,
					 &entry->file.id);
	return tracer__add_table(tracer, &entry->file.key, unwind_table__rows(table),
				 unwind_table__row_cnt(table), unwind_table__pages(table),
				 unwind_table__page_cnt(table), unwind_table__page_base(table),
				 &entry->file.id);
}

int file_table__feed(struct file_table *files, struct tracer *tracer)
{
	int first_err = 0, err;
	size_t i;

	files->late = true;
	for (i = 0; i < files->entries.cnt; i++) {
		struct entry *entry = &files->entries.at[i];

		/* What could not be opened may be met again: until then the walker has nothing to keep. */
		if (entry->fed || entry->unread || entry->file.fd < 0)
			continue;
		err = feed_one(entry, tracer);
		first_err = first_err ? first_err : err;
		entry->fed = true;
		/* The kernel has it now. */
		unwind_table__free(entry->table);
		entry->table = NULL;
	}
	return first_err;
}
