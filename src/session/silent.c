// SPDX-License-Identifier: Apache-2.0
#include "session/silent.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/config.h"
#include "base/log.h"
#include "proc/proc_cgroup.h"
#include "proc/proc_cpu.h"
#include "proc/proc_info.h"
#include "proc/proc_list.h"
#include "session/apart.h"

#define WORK_NS 1000000u
#define LOOK_NS 250000000u
/* A child of somebody without probes is heard of by nobody. */
#define LIST_NS 1000000000u

static int by_pid(const void *a, const void *b)
{
	const struct silent_process *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Is it one that would count, if it did anything? */
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

/* Everybody in scope. */
static int members_of(const struct recording *rec, struct proc_pids *pids)
{
	struct cgroup_dir dir __cgroup_dir = {};
	struct proc_list list __proc_list = {};
	pid_t pid;
	int err = 0;

	if (rec->scope == SCOPE_CGROUP) {
		err = cgroup_dir__open(rec->config->cgroup, &dir);
		return err ? err : cgroup_dir__members(&dir, pids);
	}
	/* Children of our command are all known. */
	if (rec->scope == SCOPE_ALL)
		err = proc_list__open(&list);
	else
		return 0;
	while (!err && proc_list__next(&list, &pid))
		err = vec__push(pids, pid);
	return err;
}

static struct silent_process judge(const struct recording *rec, pid_t pid, bool is_first)
{
	struct silent_process process = { .pid = pid };

	process.is_left = tracer__is_probed(rec->tracer, pid) || !is_wanted(rec, pid) ||
			  (is_first && proc_cpu_ns(pid, &process.cpu_ns));
	return process;
}

static struct silent_process *find(const struct silent *silent, pid_t pid)
{
	struct silent_process key = { .pid = pid };

	return silent->all.cnt ? bsearch(&key, silent->all.at, silent->all.cnt, sizeof(key), by_pid)
			       : NULL;
}

/* Of those that never allocated nobody says that they have ended. */
static void forget_gone(struct recording *rec, const struct silent *before)
{
	size_t i;

	for (i = 0; i < before->all.cnt; i++) {
		pid_t pid = before->all.at[i].pid;

		if (!find(&rec->silent, pid) && tracer__is_probed(rec->tracer, pid))
			apart_forget(rec, pid);
	}
}

/* Who is known stays as it is, who is gone is dropped, who is new is judged. */
static int list_anew(struct recording *rec, bool is_first)
{
	struct silent before = rec->silent, fresh = { .looked_ns = before.looked_ns,
						      .listed_ns = before.listed_ns,
						      .warned = before.warned };
	struct proc_pids pids __proc_pids = {};
	size_t i;
	int err = members_of(rec, &pids);

	for (i = 0; !err && i < pids.cnt; i++) {
		const struct silent_process *known = find(&before, pids.at[i]);

		err = vec__push(&fresh.all, known ? *known : judge(rec, pids.at[i], is_first));
	}
	if (err) {
		vec__done(&fresh.all);
		return err;
	}
	if (fresh.all.cnt)
		qsort(fresh.all.at, fresh.all.cnt, sizeof(*fresh.all.at), by_pid);
	rec->silent = fresh;
	forget_gone(rec, &before);
	vec__done(&before.all);
	return 0;
}

static void warn_of_refused(struct recording *rec)
{
	if (!rec->silent.warned)
		log_warn(0,
			 "some processes are not traced: to %s each needs probes of its own, which "
			 "no more than %zu can have; --name or --cgroup picks some",
			 rec->has_own_hooks ? "let a program under valgrind or the like live"
					    : "keep to the budget",
			 apart_max(rec));
	rec->silent.warned = true;
}

static void look_at(struct recording *rec, struct silent_process *process)
{
	size_t cnt = tracer__apart_cnt(rec->tracer);
	uint64_t cpu_ns;

	if (proc_cpu_ns(process->pid, &cpu_ns)) {
		process->is_left = true;
		return;
	}
	if (cnt >= APART_CHEAP && cpu_ns - process->cpu_ns < WORK_NS)
		return;
	process->is_refused = cnt >= apart_max(rec);
	if (process->is_refused) {
		warn_of_refused(rec);
		return;
	}
	process->is_left = true;
	/* It may have become another program. */
	if (is_wanted(rec, process->pid))
		recording__try_attach(rec, process->pid);
}

static void look_at_all(struct recording *rec)
{
	struct silent *silent = &rec->silent;
	size_t i;

	for (i = 0; i < silent->all.cnt; i++) {
		if (!silent->all.at[i].is_left)
			look_at(rec, &silent->all.at[i]);
	}
}

void silent__count(const struct silent *silent, size_t *ret_idle_cnt, size_t *ret_refused_cnt)
{
	size_t i;

	*ret_idle_cnt = *ret_refused_cnt = 0;
	for (i = 0; i < silent->all.cnt; i++) {
		const struct silent_process *process = &silent->all.at[i];

		*ret_refused_cnt += !process->is_left && process->is_refused;
		*ret_idle_cnt += !process->is_left && !process->is_refused;
	}
}

int silent__begin(struct recording *rec, uint64_t now_ns)
{
	int err;

	silent__done(&rec->silent);
	err = list_anew(rec, true);
	if (err)
		return err;
	rec->silent.listed_ns = rec->silent.looked_ns = now_ns;
	look_at_all(rec);
	return 0;
}

void silent__look(struct recording *rec, uint64_t now_ns)
{
	struct silent *silent = &rec->silent;

	if (!rec->is_apart || now_ns - silent->looked_ns < LOOK_NS)
		return;
	silent->looked_ns = now_ns;
	if (now_ns - silent->listed_ns >= LIST_NS) {
		silent->listed_ns = now_ns;
		if (list_anew(rec, false))
			log_debug("no list of processes this time");
		apart_look_at_translated(rec, now_ns);
	}
	look_at_all(rec);
}

void silent__done(struct silent *silent)
{
	vec__done(&silent->all);
	*silent = (struct silent){};
}
