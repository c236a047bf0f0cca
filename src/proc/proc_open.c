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
