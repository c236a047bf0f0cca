// SPDX-License-Identifier: Apache-2.0
/* Find out whom to trace, before anything is done to the kernel or to a target. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi/config.h"
#include "base/log.h"
#include "base/units.h"
#include "encode/encoder.h"
#include "kernel/features.h"
#include "proc/proc_cgroup.h"
#include "proc/proc_info.h"
#include "proc/proc_list.h"
#include "session/output.h"
#include "session/privileges.h"
#include "session/recording.h"
#include "session/return_probes.h"
#include "target/target_cmd.h"

/* One file must not keep those waiting who look on, nor the service manager's watchdog (a minute). */
#define WATCHED_PATIENCE_NS 25000000000ull

#define IMAGES_LISTED 256u
#define IMAGES_FOLLOW 16384u

/* Files are kept open by the hundred, and maps were charged to RLIMIT_MEMLOCK before 5.11. */
static void raise_limits(void)
{
	static const int limits[] = { RLIMIT_NOFILE, RLIMIT_MEMLOCK };
	struct rlimit limit;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (getrlimit((__rlimit_resource_t)limits[i], &limit))
			continue;
		limit.rlim_cur = limit.rlim_max;
		if (limits[i] == RLIMIT_NOFILE && limit.rlim_cur > 65536)
			limit.rlim_cur = 65536;
		setrlimit((__rlimit_resource_t)limits[i], &limit);
	}
}

static int refuse_privilege(enum feature feature)
{
	log_err(0, "%s: not available (%s): %s", feature_title(feature),
		strerror(-feature_error(feature)), feature_remedy(feature));
	return SESSION_PRIVILEGE;
}

/* What everything else rests on; asked first, so that the answer is about the machine and not about a target. */
static int check_machine(void)
{
	if (!feature_has(FEATURE_BTF))
		return refuse_privilege(FEATURE_BTF);
	if (!feature_has(FEATURE_BPF))
		return refuse_privilege(FEATURE_BPF);
	if (!feature_has(FEATURE_HOST_PIDS))
		return refuse_privilege(FEATURE_HOST_PIDS);
	if (!feature_has(FEATURE_UPROBE_PERF) && !feature_has(FEATURE_UPROBE_MULTI))
		return refuse_privilege(FEATURE_UPROBE_PERF);
	return SESSION_OK;
}

static int check_process(const struct recording *rec, pid_t pid)
{
	struct proc_info info;
	int err = proc_info__read(pid, &info);

	if (err == -ESRCH) {
		log_err(0, "process %d %s", (int)pid, target_outcome_text(TARGET_NO_PROCESS));
		return SESSION_FAILED;
	}
	if (err)
		return log_err(err, "cannot look at process %d", (int)pid);
	return return_probes__check(rec, &info);
}

/* Whoever comes will most likely use the C library of the system, which is also ours: probed before it is needed. */
static void prepare_own_libraries(struct recording *rec)
{
	if (target_set__add_pid(rec->targets, getpid(), NULL) == TARGET_OK)
		process_table__scan(rec->processes, 0, getpid());
}

/* A launcher may have nothing to probe, but those whom it starts have. */
static int accept_launcher(struct recording *rec, int outcome, const char *name)
{
	if (outcome != TARGET_NO_ALLOCATOR || rec->scope != SCOPE_CHILDREN)
		return outcome;
	log_warn(0, "%s has no allocator that can be probed: only its children are traced", name);
	prepare_own_libraries(rec);
	return TARGET_OK;
}

static int prepare_pid(struct recording *rec, pid_t pid)
{
	int err = check_process(rec, pid);
	char name[32];

	if (err)
		return err;
	snprintf(name, sizeof(name), "process %d", (int)pid);
	err = accept_launcher(rec, target_set__add_pid(rec->targets, pid, NULL), name);
	if (err > 0) {
		log_err(0, "%s %s", name, target_outcome_text((enum target_outcome)err));
		return SESSION_FAILED;
	}
	if (err == -EACCES || err == -EPERM) {
		log_err(err, "cannot look at %s; run as root", name);
		return SESSION_PRIVILEGE;
	}
	if (err)
		return log_err(err, "cannot look at process %d", (int)pid);
	/* Tables first, images are numbered when the tracer is there: scanned again then, at no cost. */
	err = process_table__scan(rec->processes, 0, pid);
	if (err)
		return log_err(err, "cannot read the mappings of process %d", (int)pid);
	return vec__push(&rec->pids, pid) ? -ENOMEM : SESSION_OK;
}

static int cmd_outcome(int outcome, const char *name)
{
	if (!outcome)
		return SESSION_OK;
	if (outcome > 0) {
		log_err(0, "%s %s", name, target_outcome_text((enum target_outcome)outcome));
		return SESSION_FAILED;
	}
	log_err(outcome, "cannot run %s", name);
	if (outcome == -ENOENT)
		return SESSION_NOT_FOUND;
	return outcome == -EACCES || outcome == -ENOEXEC ? SESSION_CANNOT_RUN : SESSION_FAILED;
}

int recording__add_file(void *ctx, int fd, const char *path)
{
	struct recording *rec = ctx;
	int err = 0;

	if (rec->config->op && !rec->tracer)
		err = op_sites__add_fd(&rec->op, rec->fns, fd, rec->config->op);
	return err ? err : file_table__add_fd(rec->files, fd, path);
}

/* The command's files, found without running it. */
static int prepare_cmd(struct recording *rec)
{
	char *const *cmd = rec->config->cmd;
	int err;

	err = target_set__add_cmd(rec->targets, (const char *const *)cmd,
				  (const char *const *)environ, recording__add_file, rec, NULL);
	err = cmd_outcome(accept_launcher(rec, err, cmd[0]), cmd[0]);
	if (err)
		return err;
	err = child__spawn(&rec->child, cmd, &rec->stop_signals.before);
	if (err)
		return log_err(err, "cannot start a process");
	return vec__push(&rec->pids, rec->child.pid) ? -ENOMEM : SESSION_OK;
}

/* Members may exit while we look, and kernel threads are none of our business. What is wanted is seen later, when
 * they are images: here their files are read ahead. */
static void prepare_member(struct recording *rec, pid_t pid)
{
	int outcome;

	if (pid == getpid())
		return;
	outcome = target_set__add_pid(rec->targets, pid, NULL);
	if (outcome == TARGET_OK)
		process_table__scan(rec->processes, 0, pid);
	else if (outcome < 0)
		rec->closed_cnt++;
}

static int prepare_cgroup(struct recording *rec)
{
	struct cgroup_dir dir __cgroup_dir = {};
	struct proc_pids pids __proc_pids = {};
	size_t i;
	int err = cgroup_dir__open(rec->config->cgroup, &dir);

	if (err) {
		log_err(err, "no control group %s: give a path below /sys/fs/cgroup",
			rec->config->cgroup);
		return SESSION_FAILED;
	}
	rec->cgroup_id = dir.id;
	rec->cgroup_is_v2 = dir.is_v2;
	err = cgroup_dir__members(&dir, &pids);
	prepare_own_libraries(rec);
	for (i = 0; !err && i < pids.cnt; i++)
		prepare_member(rec, pids.at[i]);
	return err ? log_err(err, "cannot list control group %s", rec->config->cgroup) : SESSION_OK;
}

static int prepare_all(struct recording *rec)
{
	struct proc_list list __proc_list = {};
	pid_t pid;
	int err = proc_list__open(&list);

	if (err)
		return log_err(err, "cannot list processes");
	prepare_own_libraries(rec);
	while (proc_list__next(&list, &pid))
		prepare_member(rec, pid);
	if (rec->closed_cnt)
		log_warn(0,
			 "%zu process%s cannot be looked at: what is mapped nowhere else is not "
			 "probed",
			 rec->closed_cnt, rec->closed_cnt > 1 ? "es" : "");
	return SESSION_OK;
}

/* What a command of ours may do is not ours to say: it inherits what we have. */
static void drop_privileges(const struct recording *rec)
{
	const struct session_config *config = rec->config;
	unsigned more = PRIVILEGE_DELETED_FILES;
	int err;

	if (config->cmd)
		return;
	if (config->output)
		more |= PRIVILEGE_WRITE_ANYWHERE;
	if (config->backend == TRACER_BACKEND_PERF)
		more |= PRIVILEGE_PERF_EVENTS;
	if (config->all || config->cgroup || config->follow)
		more |= PRIVILEGE_LET_GO;
	err = privileges_drop(more);
	if (err)
		log_warn(err, "more privileges are held than needed");
}

/* Before anything of another process is read. */
static int start_worker(struct recording *rec)
{
	struct worker_options options = worker_options_default();
	int err;

	if (!rec->config->isolate)
		return 0;
	if (rec->config->watch)
		options.patience_ns = WATCHED_PATIENCE_NS;
	err = worker__new(&options, &rec->worker);
	if (err == -EPERM) {
		log_warn(0, "the process that reads other programs' files is not locked in: this "
			    "kernel "
			    "has no seccomp filters");
		err = 0;
	}
	if (!err) {
		options.is_lazy = true;
		err = worker__new(&options, &rec->later);
	}
	return err ? log_err(err, "cannot start the process that reads other programs' files") : 0;
}

static int make_tables(struct recording *rec)
{
	const struct target_reader reader = worker__target_reader(rec->worker);
	int err = alloc_fns__new(NULL, 0, rec->config->maps, &rec->fns);

	if (!err)
		err = target_set__new(rec->fns, rec->worker ? &reader : NULL, &rec->targets);
	if (err)
		return err;
	rec->attached = hashmap__new();
	rec->files = file_table__new();
	if (!rec->attached || !rec->files)
		return -ENOMEM;
	file_table__set_worker(rec->files, rec->worker);
	rec->processes = process_table__new(rec->files);
	rec->resolver = resolver__new(rec->files, rec->worker);
	rec->tally = tally__new(rec->config->tally_max_bytes);
	return rec->processes && rec->resolver && rec->tally ? 0 : -ENOMEM;
}

static void choose_scope(struct recording *rec)
{
	const struct session_config *config = rec->config;

	if (config->all)
		rec->scope = SCOPE_ALL;
	else if (config->cgroup)
		rec->scope = SCOPE_CGROUP;
	else if (config->follow)
		rec->scope = SCOPE_CHILDREN;
	rec->image_max = rec->scope == SCOPE_LISTED ? IMAGES_LISTED + (uint32_t)config->pid_cnt
						    : IMAGES_FOLLOW;
	/* For named processes memory is no concern, and an interrupted frame may be anywhere. */
	file_table__set_full_cfi(rec->files, rec->scope <= SCOPE_CHILDREN || config->full_cfi);
}

/* A command's files have been searched when they were found. */
static int prepare_op(struct recording *rec)
{
	const struct session_config *config = rec->config;
	size_t i;
	int err = 0;

	if (!config->op)
		return SESSION_OK;
	for (i = 0; !err && i < config->pid_cnt; i++)
		err = op_sites__add_pid(&rec->op, rec->fns, config->pids[i], config->op);
	if (err)
		return log_err(err, "cannot look for %s", config->op);
	if (rec->op.all.cnt)
		return SESSION_OK;
	log_err(0,
		"there is no function %s in what is mapped; give its symbol, or its name without "
		"parameters",
		config->op);
	return SESSION_FAILED;
}

void recording__tell_doubted(struct recording *rec)
{
	const struct target_object *object;

	for (; rec->doubted_idx < target_set__cnt(rec->targets); rec->doubted_idx++) {
		object = target_set__at(rec->targets, rec->doubted_idx);
		if (object->doubted_cnt)
			log_debug("%s: left out: %zu function%s named like an allocator's (%s), "
				  "for nothing there both allocates and frees under such names",
				  object->path, object->doubted_cnt,
				  object->doubted_cnt > 1 ? "s" : "",
				  alloc_fns__at(rec->fns, object->doubted_fn)->name);
	}
}

static int prepare_targets(struct recording *rec)
{
	const struct session_config *config = rec->config;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < config->pid_cnt; i++)
		err = prepare_pid(rec, config->pids[i]);
	if (!err && config->cmd)
		err = prepare_cmd(rec);
	if (!err && config->cgroup)
		err = prepare_cgroup(rec);
	if (!err && config->all)
		err = prepare_all(rec);
	/* It may be why there is nobody to trace. */
	recording__tell_doubted(rec);
	return err;
}

int recording__prepare(struct recording *rec)
{
	const struct session_config *config = rec->config;
	int err = config->on_totals ? 0 : check_output(config);

	if (!err)
		err = check_machine();
	if (err)
		return err;
	raise_limits();
	drop_privileges(rec);
	err = start_worker(rec);
	if (err)
		return err;
	err = make_tables(rec);
	if (err)
		return log_err(err, "cannot start");
	choose_scope(rec);
	return_probes__decide(rec);
	err = prepare_targets(rec);
	return err ? err : prepare_op(rec);
}
