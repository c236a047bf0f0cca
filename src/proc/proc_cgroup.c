// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_cgroup.h"

#include <errno.h>
#include <linux/magic.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/vec.h"

#define TEXT_MAX_BYTES    (1u << 20)
#define MEMBERS_MAX_BYTES (64u << 20)
#define DEPTH_MAX         64

/* Where the trees are mounted by systemd, by its hybrid set-up, and by hand. */
static const char *const roots[] = {
	"/sys/fs/cgroup",
	"/sys/fs/cgroup/unified",
	"/sys/fs/cgroup/memory",
};

static int replace(char **at, const char *text, size_t len)
{
	char *copy = strndup(text, len);

	if (!copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

static bool has_controller(const char *list, size_t len, const char *name)
{
	size_t name_len = strlen(name);
	const char *end = list + len, *comma;

	for (; list < end; list = comma + 1) {
		comma = memchr(list, ',', (size_t)(end - list));
		if (!comma)
			comma = end;
		if ((size_t)(comma - list) == name_len && !memcmp(list, name, name_len))
			return true;
	}
	return false;
}

/* "0::/path" is version 2, "4:memory:/path" version 1; the path may hold colons. */
int proc_cgroup__parse(const char *text, struct proc_cgroup *ret)
{
	struct proc_cgroup cgroup __proc_cgroup = {};
	const char *list, *path, *end;
	bool is_memory;
	int err = 0;

	for (; *text && !err; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		list = memchr(text, ':', (size_t)(end - text));
		path = list ? memchr(list + 1, ':', (size_t)(end - list - 1)) : NULL;
		if (!path || path[1] != '/')
			continue;
		list++;
		path++;
		is_memory = has_controller(list, (size_t)(path - 1 - list), "memory");
		if (list == path - 1)
			err = replace(&cgroup.v2, path, (size_t)(end - path));
		else if (is_memory || !cgroup.v1)
			err = replace(&cgroup.v1, path, (size_t)(end - path));
	}
	if (err)
		return err;
	*ret = cgroup;
	/* Nothing is left to the cleanup. NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores) */
	cgroup = (struct proc_cgroup){};
	return 0;
}

int proc_cgroup__read(pid_t pid, struct proc_cgroup *ret)
{
	char path[32], *text __free_mem = NULL;
	size_t len;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	err = fdio_read_file(path, TEXT_MAX_BYTES, &text, &len);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	return proc_cgroup__parse(text, ret);
}

void proc_cgroup__done(struct proc_cgroup *cgroup)
{
	free(cgroup->v2);
	free(cgroup->v1);
	*cgroup = (struct proc_cgroup){};
}

static int open_at(const char *root, const char *path, struct cgroup_dir *ret)
{
	char full[PATH_MAX];
	struct statfs fs;
	struct stat st;

	if (snprintf(full, sizeof(full), "%s%s%s", root, *root && *path != '/' ? "/" : "", path) >=
	    (int)sizeof(full))
		return -ENAMETOOLONG;
	if (stat(full, &st) || statfs(full, &fs))
		return -errno;
	if (!S_ISDIR(st.st_mode) ||
	    (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC))
		return -ENOENT;
	ret->path = strdup(full);
	ret->is_v2 = fs.f_type == CGROUP2_SUPER_MAGIC;
	/* kernfs uses its node id as inode number where that is 64 bits wide. */
	ret->id = st.st_ino;
	return ret->path ? 0 : -ENOMEM;
}

int cgroup_dir__open(const char *path, struct cgroup_dir *ret)
{
	size_t i;
	int err;

	if (!*path)
		return -ENOENT;
	err = open_at("", path, ret);
	for (i = 0; err && err != -ENOMEM && i < sizeof(roots) / sizeof(roots[0]); i++)
		err = open_at(roots[i], path, ret);
	return err;
}

void cgroup_dir__done(struct cgroup_dir *dir)
{
	free(dir->path);
	dir->path = NULL;
}

static int add_procs(const char *dir, struct proc_pids *ret)
{
	char path[PATH_MAX], *text __free_mem = NULL, *pos, *end;
	size_t len;
	long pid;
	int err;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	err = fdio_read_file(path, MEMBERS_MAX_BYTES, &text, &len);
	/* -EOPNOTSUPP: a threaded cgroup; its processes are listed in the domain above it. */
	if (err == -ENOENT || err == -ENODEV || err == -EOPNOTSUPP)
		return 0;
	for (pos = text; !err; pos = end) {
		pid = strtol(pos, &end, 10);
		if (end == pos)
			break;
		/* 0: a process of an outer pid namespace. */
		if (pid > 0 && pid <= INT_MAX)
			err = vec__push(ret, (pid_t)pid);
	}
	return err;
}

/* DEPTH_MAX bounds it. NOLINTNEXTLINE(misc-no-recursion) */
static int add_tree(const char *dir, int depth, struct proc_pids *ret)
{
	struct proc_list list __proc_list = { .dir = opendir(dir) };
	char path[PATH_MAX];
	struct dirent *entry;
	int err;

	if (!list.dir)
		return depth && errno == ENOENT ? 0 : -errno;
	err = add_procs(dir, ret);
	while (!err && (entry = readdir(list.dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (depth == DEPTH_MAX ||
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path))
			return -ENAMETOOLONG;
		err = add_tree(path, depth + 1, ret);
	}
	return err;
}

int cgroup_dir__members(const struct cgroup_dir *dir, struct proc_pids *ret)
{
	return add_tree(dir->path, 0, ret);
}
