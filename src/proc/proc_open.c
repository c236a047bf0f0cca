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

static int open_regular(const char *path, int *ret_fd, struct stat *ret_st)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, ret_st))
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -EINVAL;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int proc_root_open(pid_t pid, const char *path, int *ret_fd)
{
	char full[PATH_MAX + 64];
	struct stat st;

	if (snprintf(full, sizeof(full), "/proc/%d/root%s", pid, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	return open_regular(full, ret_fd, &st);
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
	if (!open_regular(path, &fd, &st) && is_file_of(map, fd, &st)) {
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
