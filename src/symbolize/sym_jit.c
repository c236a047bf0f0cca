// SPDX-License-Identifier: Apache-2.0
#include "symbolize/sym_jit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "symbolize/perf_map.h"
#include "proc/root_dir.h"

struct sym_jit {
	int root_fd;
	pid_t ns_pid;
	uid_t uid;
	struct perf_map *map;
	off_t size_bytes; /* when it was read */
	int reads;
};

struct sym_jit *sym_jit__new(int root_fd, pid_t ns_pid, uid_t uid)
{
	struct sym_jit *jit = calloc(1, sizeof(*jit));

	if (jit) {
		jit->root_fd = root_fd;
		jit->ns_pid = ns_pid;
		jit->uid = uid;
	}
	return jit;
}

void sym_jit__free(struct sym_jit *jit)
{
	if (!jit)
		return;
	perf_map__free(jit->map);
	free(jit);
}

/* Anybody can write to /tmp: the file must be the target's own, and a file. */
static int open_map(const struct sym_jit *jit, struct stat *ret_st, int *ret_fd)
{
	int fd __close_fd = -1;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)jit->ns_pid);
	err = root_dir_open_file(jit->root_fd, path, ROOT_DIR_NOFOLLOW, &fd);
	if (err)
		return err;
	if (fstat(fd, ret_st))
		return -errno;
	if (ret_st->st_uid != jit->uid && ret_st->st_uid != 0)
		return -EPERM;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Read the map if there is one and it is larger than the one we have. */
static void refresh(struct sym_jit *jit)
{
	struct perf_map *map = NULL;
	int fd __close_fd = -1;
	char *text __free_mem = NULL;
	struct stat st;
	size_t len;

	if (jit->root_fd < 0 || jit->reads >= SYM_JIT_MAX_READS || open_map(jit, &st, &fd))
		return;
	if (jit->reads && st.st_size <= jit->size_bytes)
		return;
	jit->reads++;
	jit->size_bytes = st.st_size;
	if (fdio_read_all(fd, PERF_MAP_MAX_BYTES, &text, &len) || perf_map__parse(text, len, &map))
		return;
	text = NULL; /* the map's now */
	perf_map__free(jit->map);
	jit->map = map;
}

const char *sym_jit__find(struct sym_jit *jit, uint64_t addr, size_t *ret_len_bytes)
{
	const char *name = NULL;

	if (jit->map)
		name = perf_map__find(jit->map, addr, ret_len_bytes);
	if (!name) {
		refresh(jit);
		name = jit->map ? perf_map__find(jit->map, addr, ret_len_bytes) : NULL;
	}
	return name;
}

bool sym_jit__has_map(const struct sym_jit *jit)
{
	return jit->map;
}
