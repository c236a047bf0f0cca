// SPDX-License-Identifier: Apache-2.0
/*
 * A file that is there whole or not at all. It is written without a name (O_TMPFILE) in the folder
 * where it will be, and linked there as the last step: whoever is killed before leaves nothing.
 * File systems that know no such files (NFS, FUSE), and a file that replaces one, need a name of
 * their own for the rename; a full disk or an abort removes it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/sink_priv.h"

#define NAME_TRIES     16
#define SELF_PATH_SIZE 32

struct file_sink {
	struct sink sink;
	uint32_t flags;
	int fd;
	int dir_fd;
	char *name;      /* in dir_fd */
	char *temp_name; /* in dir_fd; NULL: it has none, or has it no more */
};

static void file_free(struct sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;

	if (file->temp_name)
		unlinkat(file->dir_fd, file->temp_name, 0);
	if (file->fd >= 0)
		close(file->fd);
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	free(file->name);
	free(file->temp_name);
	free(file);
}

/* Rename without replacing anything; old file systems know it only as a hard link. */
static int rename_new(const struct file_sink *file)
{
	if (!renameat2(file->dir_fd, file->temp_name, file->dir_fd, file->name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(file->dir_fd, file->temp_name, file->dir_fd, file->name, 0))
		return -errno;
	unlinkat(file->dir_fd, file->temp_name, 0);
	return 0;
}

static void self_path(const struct file_sink *file, char ret[static SELF_PATH_SIZE])
{
	snprintf(ret, SELF_PATH_SIZE, "/proc/self/fd/%d", file->fd);
}

/* A name of its own beside its place. */
static int random_name(const struct file_sink *file, char ret[static NAME_MAX + 1])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(ret, NAME_MAX + 1, ".%.200s.%016" PRIx64, file->name, random);
	return 0;
}

/* Link what has no name under one; it must be free. */
static int link_as(const struct file_sink *file, const char *name)
{
	char self[SELF_PATH_SIZE];

	self_path(file, self);
	return linkat(AT_FDCWD, self, file->dir_fd, name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

static int commit_unnamed(struct file_sink *file)
{
	char name[NAME_MAX + 1];
	int err = link_as(file, file->name);

	if (err != -EEXIST || !(file->flags & SINK_OVERWRITE))
		return err;
	err = random_name(file, name);
	if (!err)
		err = link_as(file, name);
	if (err || !renameat(file->dir_fd, name, file->dir_fd, file->name))
		return err;
	err = -errno;
	unlinkat(file->dir_fd, name, 0);
	return err;
}

static int commit_named(struct file_sink *file)
{
	int err = 0;

	if (close(TAKE_FD(file->fd)))
		return -errno; /* some file systems notice a full disk only now */
	if (!(file->flags & SINK_OVERWRITE))
		err = rename_new(file);
	else if (renameat(file->dir_fd, file->temp_name, file->dir_fd, file->name))
		err = -errno;
	if (!err)
		free(TAKE_PTR(file->temp_name));
	return err;
}

static int file_commit(struct sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;
	int err;

	if ((file->flags & SINK_SYNC) && fsync(file->fd))
		return -errno;
	err = file->temp_name ? commit_named(file) : commit_unnamed(file);
	if (err)
		return err;
	if ((file->flags & SINK_SYNC) && fsync(file->dir_fd))
		return -errno;
	return 0;
}

/* @path's folder and name; a link's target if it is one, so that the link stays. */
static int split_path(const char *path, struct file_sink *file)
{
	char *real __free_mem = realpath(path, NULL);
	char *dir __free_mem = NULL;
	const char *slash;

	if (!real && errno != ENOENT)
		return -errno;
	if (real)
		path = real;
	slash = strrchr(path, '/');
	file->name = strdup(slash ? slash + 1 : path);
	dir = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, slash - path);
	if (!file->name || !dir)
		return -ENOMEM;
	if (!*file->name)
		return -EISDIR;
	file->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return file->dir_fd < 0 ? -errno : 0;
}

static mode_t mode_of(const struct file_sink *file)
{
	return file->flags & SINK_PRIVATE ? 0600 : 0666;
}

/* Without a name, if it can be given one later. */
static bool open_unnamed(struct file_sink *file)
{
	char self[SELF_PATH_SIZE];

	file->fd = openat(file->dir_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode_of(file));
	if (file->fd < 0)
		return false;
	self_path(file, self);
	if (!access(self, F_OK))
		return true;
	close(TAKE_FD(file->fd));
	return false;
}

static int open_temp(struct file_sink *file)
{
	char name[NAME_MAX + 1];
	int i, err;

	if (open_unnamed(file))
		return 0;
	for (i = 0; i < NAME_TRIES; i++) {
		err = random_name(file, name);
		if (err)
			return err;
		file->fd =
			openat(file->dir_fd, name,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_of(file));
		if (file->fd >= 0)
			break;
		if (errno != EEXIST)
			return -errno;
	}
	if (file->fd < 0)
		return -EEXIST;
	file->temp_name = strdup(name);
	if (file->temp_name)
		return 0;
	unlinkat(file->dir_fd, name, 0);
	return -ENOMEM;
}

/* What replaces a file is as readable as it was. */
static int copy_mode(const struct file_sink *file)
{
	struct stat st;

	if (fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	return fchmod(file->fd, st.st_mode & 0777) ? -errno : 0;
}

int sink_open_file(const char *path, uint32_t flags, struct sink **ret)
{
	struct file_sink *file = calloc(1, sizeof(*file));
	struct sink *sink __free(sink) = NULL;
	int err;

	if (!file)
		return -ENOMEM;
	file->fd = file->dir_fd = -1;
	file->flags = flags;
	file->sink = (struct sink){ .commit = file_commit, .free = file_free };
	sink = &file->sink;
	err = split_path(path, file);
	if (!err)
		err = open_temp(file);
	if (!err)
		err = copy_mode(file);
	if (err)
		return err;
	sink->writer = writer__new_fd(file->fd);
	if (!sink->writer)
		return -ENOMEM;
	*ret = TAKE_PTR(sink);
	return 0;
}
