// SPDX-License-Identifier: Apache-2.0
/*
 * Files are known by three keys:
 *
 * - mapping: (device, inode) as /proc/PID/maps shows them, and the path: no system call for a file seen before;
 * - file: (st_dev, st_ino) of fstat: one object, though btrfs and overlayfs give a file several device numbers;
 * - object: its index.
 *
 * The path is in the first key because a file with nothing to probe is not kept open, so that its inode number may be
 * used again; by another file of the same name is as good as never.
 */
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "proc/proc_info.h"
#include "proc/proc_maps.h"
#include "proc/proc_open.h"
#include "target/loader_lists.h"

/* In the maps below: nothing to probe in this file. */
#define NOTHING UINT64_MAX

struct target_set {
	const struct alloc_fns *fns;
	struct target_reader reader;
	VEC(struct target_object *) objects;
	struct hashmap *by_mapping; /* -> index or NOTHING */
	struct hashmap *by_file;    /* the same */
	VEC(uint16_t) tail_fns;     /* rows some object's function may jump to */
	size_t unreadable_cnt;
	struct loader_lists lists;
};

void target_refs__done(struct target_refs *refs)
{
	vec__done(refs);
}

static int read_here(void *ctx, const struct alloc_fns *fns, int fd, struct target_object **ret)
{
	return target_object__read(fns, fd, ret);
}

int target_set__new(const struct alloc_fns *fns, const struct target_reader *reader,
		    struct target_set **ret)
{
	struct target_set *set __free(target_set) = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->fns = fns;
	set->reader = reader ? *reader : (struct target_reader){ .read = read_here };
	set->by_mapping = hashmap__new();
	set->by_file = hashmap__new();
	if (!set->by_mapping || !set->by_file)
		return -ENOMEM;
	*ret = TAKE_PTR(set);
	return 0;
}

void target_set__free(struct target_set *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->objects.cnt; i++)
		target_object__free(set->objects.at[i]);
	vec__done(&set->objects);
	vec__done(&set->tail_fns);
	if (set->by_mapping)
		hashmap__free(set->by_mapping);
	if (set->by_file)
		hashmap__free(set->by_file);
	loader_lists__done(&set->lists);
	free(set);
}

struct loader_lists *target_set__lists(struct target_set *set)
{
	return &set->lists;
}

static uint64_t mapping_key(const struct proc_map *map)
{
	uint64_t key = hash_bytes(map->path, strlen(map->path));

	return hash_combine(hash_combine(key, map->dev), map->ino);
}

static int add_ref(struct target_refs *refs, uint64_t idx)
{
	size_t i;

	if (!refs || idx == NOTHING)
		return 0;
	for (i = 0; i < refs->cnt; i++) {
		if (refs->at[i] == idx)
			return 0;
	}
	return vec__push(refs, (size_t)idx);
}

/* Tail jumps cross files (an executable's wrapper jumps to libc's malloc), so all objects are told
 * of each one's. */
static int spread_tail_calls(struct target_set *set, struct target_object *object)
{
	size_t i, j;
	int err;

	for (i = 0; i < set->tail_fns.cnt; i++)
		target_object__mark_tail_called(object, set->tail_fns.at[i]);
	for (i = 0; i < object->tail_fn_cnt; i++) {
		for (j = 0; j < set->tail_fns.cnt; j++) {
			if (set->tail_fns.at[j] == object->tail_fns[i])
				break;
		}
		if (j < set->tail_fns.cnt)
			continue;
		err = vec__push(&set->tail_fns, object->tail_fns[i]);
		if (err)
			return err;
		for (j = 0; j < set->objects.cnt; j++)
			target_object__mark_tail_called(set->objects.at[j], object->tail_fns[i]);
	}
	return 0;
}

/* A file to analyse, or known. */
struct candidate {
	int fd;
	const char *path;
	uint32_t kernel_dev;
	struct stat st;
};

/* The object of the file's contents becomes that of the file. */
static int identify(struct target_object *object, struct candidate *file)
{
	object->path = strdup(file->path);
	if (!object->path)
		return -ENOMEM;
	object->st_dev = file->st.st_dev;
	object->ino = file->st.st_ino;
	object->kernel_dev = file->kernel_dev;
	object->fd = TAKE_FD(file->fd);
	return 0;
}

static int analyse(struct target_set *set, struct candidate *file, uint64_t *ret_idx)
{
	struct target_object *object __free(target_object) = NULL;
	int err = set->reader.read(set->reader.ctx, set->fns, file->fd, &object);

	if (err) {
		if (err == -ENOMEM)
			return err;
		if (err < 0)
			set->unreadable_cnt++;
		*ret_idx = NOTHING;
		return 0;
	}
	err = identify(object, file);
	if (!err)
		err = vec__push(&set->objects, object);
	if (err)
		return err;
	*ret_idx = set->objects.cnt - 1;
	return spread_tail_calls(set, TAKE_PTR(object));
}

static uint64_t file_key(dev_t dev, uint64_t ino)
{
	return hash_combine(hash_u64(dev), ino);
}

/* Takes @fd over; the file may be known. */
static int find_or_analyse(struct target_set *set, int fd, const char *path, uint32_t kernel_dev,
			   uint64_t *ret_idx)
{
	struct candidate file = { .fd = fd, .path = path, .kernel_dev = kernel_dev };
	uint64_t key, idx;
	int err = fstat(fd, &file.st) ? -errno : 0;

	key = file_key(file.st.st_dev, file.st.st_ino);
	if (!err && !hashmap__get(set->by_file, key, &idx)) {
		err = analyse(set, &file, &idx);
		/* Only what stays open keeps its inode number. */
		if (!err && idx != NOTHING)
			err = hashmap__set(set->by_file, key, idx);
	}
	cleanup_fd(&file.fd);
	if (!err)
		*ret_idx = idx;
	return err;
}

static bool is_forgotten(const struct target_set *set, uint64_t idx)
{
	return idx != NOTHING && set->objects.at[idx]->fd < 0;
}

static int add_mapping(struct target_set *set, pid_t pid, const struct proc_map *map,
		       uint64_t *ret_idx)
{
	uint64_t key = mapping_key(map), idx;
	int fd, err;

	if (hashmap__get(set->by_mapping, key, &idx) && !is_forgotten(set, idx)) {
		*ret_idx = idx;
		return 0;
	}
	err = proc_map_open(pid, map, &fd);
	if (err == -ESRCH || err == -EMFILE || err == -ENFILE || err == -ENOMEM)
		return err;
	if (err) {
		/* -EINVAL: a device. */
		if (err != -EINVAL)
			set->unreadable_cnt++;
		idx = NOTHING;
	} else {
		err = find_or_analyse(set, fd, map->path, map->dev, &idx);
		if (err)
			return err;
	}
	err = hashmap__set(set->by_mapping, key, idx);
	if (!err)
		*ret_idx = idx;
	return err;
}

/* What a process is, before anybody looks at its mappings. */
static int classify(pid_t pid)
{
	struct proc_info info;
	unsigned int bits;
	int err;

	err = proc_info__read(pid, &info);
	if (err)
		return err == -ESRCH ? TARGET_NO_PROCESS : err;
	if (info.is_kernel_thread)
		return TARGET_KERNEL_THREAD;
	if (info.is_zombie)
		return TARGET_VANISHED;
	err = proc_exe_bits(pid, &bits);
	if (err == -ENOENT || err == -ESRCH)
		return TARGET_VANISHED;
	if (err)
		return err == -ENOEXEC ? TARGET_OK : err;
	if (bits != 8 * sizeof(void *))
		return TARGET_32BIT;
	return proc_is_translated(pid) ? TARGET_TRANSLATED : TARGET_OK;
}

static int add_mappings(struct target_set *set, pid_t pid, struct target_refs *ret,
			size_t *ret_map_cnt, size_t *ret_probe_cnt)
{
	struct proc_maps maps __proc_maps = {};
	size_t map_cnt = 0, probe_cnt = 0;
	struct proc_map map;
	uint64_t idx;
	int err;

	err = proc_maps__open(&maps, pid);
	while (!err && proc_maps__next(&maps, &map)) {
		map_cnt++;
		if (!(map.perms & PROC_MAP_EXEC) || !proc_map_is_file(&map))
			continue;
		err = add_mapping(set, pid, &map, &idx);
		if (!err)
			err = add_ref(ret, idx);
		if (!err && idx != NOTHING)
			probe_cnt += set->objects.at[idx]->probe_cnt;
	}
	*ret_map_cnt = map_cnt;
	*ret_probe_cnt = probe_cnt;
	return err;
}

int target_set__add_pid(struct target_set *set, pid_t pid, struct target_refs *ret)
{
	size_t map_cnt = 0, probe_cnt = 0;
	int err;

	err = classify(pid);
	if (err)
		return err;
	err = add_mappings(set, pid, ret, &map_cnt, &probe_cnt);
	if (err == -ESRCH || (!err && !map_cnt))
		return TARGET_VANISHED;
	if (err)
		return err;
	return probe_cnt ? TARGET_OK : TARGET_NO_ALLOCATOR;
}

/*
 * The device number a mapping of @fd would have: that of fstat, except on file systems with more
 * than one. Mapped and never touched, the file cannot fault whatever happens to it.
 */
static uint32_t mapped_dev(int fd, const struct stat *st)
{
	struct proc_maps maps __proc_maps = {};
	uint32_t dev = major(st->st_dev) << 20 | minor(st->st_dev);
	void *at = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE, fd, 0);
	struct proc_map map;

	if (at == MAP_FAILED)
		return dev;
	if (!proc_maps__open(&maps, getpid())) {
		while (proc_maps__next(&maps, &map)) {
			if (map.start == (uint64_t)(uintptr_t)at)
				dev = map.dev;
		}
	}
	munmap(at, 1);
	return dev;
}

int target_set__add_fd(struct target_set *set, int fd, const char *path, struct target_refs *ret)
{
	uint64_t idx = NOTHING;
	struct stat st;
	int own, err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return -errno;
	err = find_or_analyse(set, own, path, mapped_dev(fd, &st), &idx);
	if (!err)
		err = add_ref(ret, idx);
	if (err)
		return err;
	return idx != NOTHING && set->objects.at[idx]->probe_cnt ? TARGET_OK : TARGET_NO_ALLOCATOR;
}

size_t target_set__cnt(const struct target_set *set)
{
	return set->objects.cnt;
}

const struct target_object *target_set__at(const struct target_set *set, size_t idx)
{
	return set->objects.at[idx];
}

void target_set__forget(struct target_set *set, size_t idx, uint32_t file)
{
	struct target_object *object = set->objects.at[idx];

	if (object->fd < 0)
		return;
	hashmap__del(set->by_file, file_key(object->st_dev, object->ino));
	close(object->fd);
	object->fd = -1;
	object->forgotten_as = file;
}

size_t target_set__unreadable_cnt(const struct target_set *set)
{
	return set->unreadable_cnt;
}

const char *target_outcome_text(enum target_outcome outcome)
{
	static const char *const texts[] = {
		[TARGET_OK] = "can be traced",
		[TARGET_NO_ALLOCATOR] =
			("has no allocator function with a symbol in any file it "
			 "maps (a stripped static program? Go keeps its own heap: heaptap "
			 "report http://HOST:PORT/debug/pprof/heap)"),
		[TARGET_32BIT] = "is a 32-bit program, which cannot be traced",
		[TARGET_TRANSLATED] =
			("runs under valgrind or the like, which would run our breakpoints as its "
			 "code and end it: trace it without, or ask valgrind (--tool=massif)"),
		[TARGET_KERNEL_THREAD] = "is a kernel thread, which has no heap",
		[TARGET_NO_PROCESS] = "does not exist",
		[TARGET_VANISHED] = "has exited",
	};
	_Static_assert(sizeof(texts) / sizeof(texts[0]) == TARGET_OUTCOME_CNT,
		       "a text per outcome");

	return texts[outcome];
}
