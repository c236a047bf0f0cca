// SPDX-License-Identifier: Apache-2.0
#include "session/apart.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/config.h"
#include "base/hashmap.h"
#include "base/log.h"
#include "proc/proc_cgroup.h"
#include "proc/proc_info.h"
#include "proc/proc_list.h"

#define APART_MAX 64u

/* Those that count already. */
static int add_images(const struct recording *rec, struct proc_pids *pids)
{
	const struct image *images;
	size_t cnt, i;
	int err = 0;

	images = tracer__images(rec->tracer, &cnt);
	for (i = 1; !err && i < cnt; i++) {
		if (images[i].tgid && !images[i].end_ns && recording__wants(rec, (uint32_t)i))
			err = vec__push(pids, (pid_t)images[i].tgid);
	}
	return err;
}

/* Is it one that would count, if it did anything? Nobody has heard of it yet. */
static bool is_wanted(const struct recording *rec, pid_t pid)
{
	char *exe __free_mem = NULL;
	struct proc_info info;

	if (pid == getpid() || proc_info__read(pid, &info) || info.is_zombie ||
	    info.is_kernel_thread || info.ppid == getpid())
		return false;
	if (proc_exe_path(pid, &exe))
		return false;
	return choice__wants(&rec->config->choice, info.comm, exe, info.uid);
}

static int add_silent(const struct recording *rec, struct proc_pids *pids)
{
	struct cgroup_dir dir __cgroup_dir = {};
	struct proc_pids members __proc_pids = {};
	struct proc_list list __proc_list = {};
	pid_t pid;
	size_t i;
	int err = 0;

	if (rec->scope == SCOPE_CGROUP) {
		err = cgroup_dir__open(rec->config->cgroup, &dir);
		if (!err)
			err = cgroup_dir__members(&dir, &members);
	} else if (rec->scope == SCOPE_ALL) {
		err = proc_list__open(&list);
		while (!err && proc_list__next(&list, &pid))
			err = vec__push(&members, pid);
	}
	for (i = 0; !err && i < members.cnt; i++) {
		if (is_wanted(rec, members.at[i]))
			err = vec__push(pids, members.at[i]);
	}
	return err;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t drop_twins(struct proc_pids *pids)
{
	size_t i, kept = 0;

	if (pids->cnt)
		qsort(pids->at, pids->cnt, sizeof(*pids->at), by_number);
	for (i = 0; i < pids->cnt; i++) {
		if (!kept || pids->at[kept - 1] != pids->at[i])
			pids->at[kept++] = pids->at[i];
	}
	return pids->cnt = kept;
}

static int refuse(struct recording *rec, size_t cnt)
{
	if (!rec->warned_of_apart)
		log_warn(0,
			 "a process is past its budget, but %zu share its probes: it gives fewer "
			 "samples, and can be traced in windows only where no more than %u do",
			 cnt, APART_MAX);
	rec->warned_of_apart = true;
	return -E2BIG;
}

int apart_begin(void *ctx, size_t *ret_cnt)
{
	struct recording *rec = ctx;
	struct proc_pids pids __proc_pids = {};
	size_t i;
	int err;

	if (recording__is_listed(rec))
		return 0;
	if (!tracer__can_part(rec->tracer))
		return -EOPNOTSUPP;
	err = add_images(rec, &pids);
	if (!err)
		err = add_silent(rec, &pids);
	if (err)
		return err;
	if (drop_twins(&pids) > APART_MAX)
		return refuse(rec, pids.cnt);
	rec->is_apart = true;
	for (i = 0; i < pids.cnt; i++) {
		if (recording__attach_new(rec, pids.at[i]))
			log_debug("process %d: not all of its allocators could be probed",
				  (int)pids.at[i]);
	}
	tracer__part(rec->tracer);
	*ret_cnt = pids.cnt;
	return 0;
}

/* Of (object, pid): those of @pid, or of anybody. */
static void forget_attached(struct recording *rec, pid_t pid)
{
	VEC(uint64_t) keys = {};
	uint64_t key, value;
	size_t pos = 0, i;

	while (hashmap__next(rec->attached, &pos, &key, &value)) {
		if ((uint32_t)key && (!pid || (uint32_t)key == (uint32_t)pid))
			vec__push(&keys, key);
	}
	for (i = 0; i < keys.cnt; i++)
		hashmap__del(rec->attached, keys.at[i]);
	vec__done(&keys);
}

void apart_end(void *ctx)
{
	struct recording *rec = ctx;
	int err;

	if (recording__is_listed(rec))
		return;
	err = recording__attach_shared(rec);
	if (!err)
		err = tracer__unite(rec->tracer);
	if (err) {
		log_warn(err, "probes cannot be shared again: who comes now is not traced");
		return;
	}
	rec->is_apart = false;
	forget_attached(rec, 0);
}

void apart_forget(struct recording *rec, pid_t pid)
{
	const struct image *images;
	size_t cnt, i;

	if (!rec->is_apart)
		return;
	images = tracer__images(rec->tracer, &cnt);
	for (i = 1; i < cnt; i++) {
		if (images[i].tgid == (uint32_t)pid && !images[i].end_ns)
			return;
	}
	tracer__forget(rec->tracer, pid);
	forget_attached(rec, pid);
}
