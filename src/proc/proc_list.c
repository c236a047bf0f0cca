// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_list.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/vec.h"
#include "proc/proc_info.h"

struct parent {
	pid_t pid;
	pid_t ppid;
};

void proc_pids__done(struct proc_pids *pids)
{
	vec__done(pids);
}

static int open_dir(struct proc_list *list, const char *path)
{
	list->dir = opendir(path);
	return list->dir ? 0 : -errno;
}

int proc_list__open(struct proc_list *list)
{
	return open_dir(list, "/proc");
}

int proc_list__open_threads(struct proc_list *list, pid_t pid)
{
	char path[32];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	err = open_dir(list, path);
	return err == -ENOENT ? -ESRCH : err;
}

bool proc_list__next(struct proc_list *list, pid_t *ret)
{
	struct dirent *entry;
	uint64_t pid;

	while ((entry = readdir(list->dir))) {
		if (units_parse_u64(entry->d_name, &pid) || !pid || pid > INT32_MAX)
			continue;
		*ret = (pid_t)pid;
		return true;
	}
	return false;
}

void proc_list__done(struct proc_list *list)
{
	if (list->dir)
		closedir(list->dir);
	list->dir = NULL;
}

/* One pass over /proc: task/TID/children would need a config option, and misses children while they
 * fork. */
static int read_parents(struct parent **ret, size_t *ret_cnt)
{
	struct proc_list list __proc_list = {};
	struct proc_info info;
	VEC(struct parent) parents = {};
	pid_t pid;
	int err;

	err = proc_list__open(&list);
	while (!err && proc_list__next(&list, &pid)) {
		if (!proc_info__read(pid, &info))
			err = vec__push(&parents, (struct parent){ pid, info.ppid });
	}
	if (err) {
		vec__done(&parents);
		return err;
	}
	*ret = parents.at;
	*ret_cnt = parents.cnt;
	return 0;
}

int proc_children(pid_t pid, bool deep, struct proc_pids *ret)
{
	struct parent *parents __free_mem = NULL;
	size_t cnt = 0, i, next = ret->cnt;
	int err;

	err = read_parents(&parents, &cnt);
	if (err)
		return err;
	for (;;) {
		for (i = 0; i < cnt; i++) {
			if (parents[i].ppid != pid)
				continue;
			/* Taken once: pids reused during the pass cannot make a circle. */
			parents[i].ppid = -1;
			err = vec__push(ret, parents[i].pid);
			if (err)
				return err;
		}
		if (!deep || next == ret->cnt)
			return 0;
		pid = ret->at[next++];
	}
}
