// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "base/cleanup.h"
#include "proc/root_dir.h"

/* What is mapped can be opened: it is no FIFO. A device can be mapped. */
static int open_mapped(const char *path, int *ret_fd, struct stat *ret_st)
{
	int fd __close_fd = -1;

	if (stat(path, ret_st))
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, ret_st))
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -EINVAL;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int proc_root_open(pid_t pid, const char *path, int *ret_fd)
{
	int root __close_fd = -1, err;
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d/root", pid);
	err = root_dir_open(dir, &root);
	return err ? err : root_dir_open_file(root, path, 0, ret_fd);
}

/*
 * By the time of opening another file may be mapped there: libraries come and go. The device is not compared, because
 * on btrfs and overlayfs fstat gives another one than the mapping has; nor the number on overlayfs, where the mapping
 * can have the one of the layer below.
 */
static bool is_file_of(const struct proc_map *map, int fd, const struct stat *st)
{
	struct statfs fs;

	return st->st_ino == map->ino || (!fstatfs(fd, &fs) && fs.f_type == OVERLAYFS_SUPER_MAGIC);
}

/* Past as many folders above a process's root nobody looks for it. */
#define ABOVE_MAX 128

/*
 * The root of @pid's mount namespace as far as it is above its root directory, or ours if that comes first. A chroot, with
 * a mount namespace of its own or without, hides nothing from those outside.
 */
static int open_above(pid_t pid, int *ret_fd)
{
	int fd __close_fd = -1, up, i, err;
	struct stat here, above;
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d/root", pid);
	err = root_dir_open(dir, &fd);
	if (err || fstat(fd, &here))
		return err ? err : -errno;
	for (i = 0; i < ABOVE_MAX; i++) {
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return -errno;
		cleanup_fd(&fd);
		fd = up;
		if (fstat(fd, &above))
			return -errno;
		if (above.st_dev == here.st_dev && above.st_ino == here.st_ino) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
		here = above;
	}
	return -ELOOP;
}

/* As the kernel encodes it in mappings. */
static bool has_device_of(const struct proc_map *map, int fd, const struct stat *st)
{
	struct statfs fs;

	if ((major(st->st_dev) << 20 | minor(st->st_dev)) == map->dev)
		return true;
	return !fstatfs(fd, &fs) &&
	       (fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC);
}

/*
 * The path of a mapping is the reader's: of what lies outside of the root that its process has chosen, or inside of a
 * chroot, it names the place as seen from without.
 */
static int open_from_above(pid_t pid, const struct proc_map *map, int *ret_fd)
{
	int root __close_fd = -1, fd __close_fd = -1, err;
	struct stat st;

	err = open_above(pid, &root);
	if (!err)
		err = root_dir_open_file(root, map->path, 0, &fd);
	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	if (st.st_ino != map->ino || !has_device_of(map, fd, &st))
		return -ESTALE;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_inside(pid_t pid, const struct proc_map *map, int *ret_fd)
{
	int fd __close_fd = -1, err;
	struct stat st;

	err = proc_root_open(pid, map->path, &fd);
	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	if (st.st_ino != map->ino)
		return -ESTALE;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int proc_map_open(pid_t pid, const struct proc_map *map, int *ret_fd)
{
	int fd __close_fd = -1, err;
	char path[96];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, map->start,
		 map->end);
	if (!open_mapped(path, &fd, &st) && is_file_of(map, fd, &st)) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	cleanup_fd(&fd);
	fd = -1;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st))
		return -ESRCH;
	if (!proc_map_is_file(map) || map->deleted)
		return -ENOENT;
	err = open_inside(pid, map, ret_fd);
	return (err == -ENOENT || err == -ESTALE) && !open_from_above(pid, map, ret_fd) ? 0 : err;
}
