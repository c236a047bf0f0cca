// SPDX-License-Identifier: Apache-2.0
/* Putting probes on files, and taking them off. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "kernel/bpf_link.h"
#include "kernel/features.h"
#include "kernel/self_offset.h"
#include "kernel/tracer_priv.h"

/* One program on @cnt sites; the descriptors go to @links. */
static int attach_program(struct tracer *tracer, const struct bpf_program *prog, int type,
			  const struct bpf_link_sites *sites, int on_return, void *links)
{
	VEC(int) *to = links;
	int link, event, err;
	uint32_t i;

	if (tracer->backend != TRACER_BACKEND_PERF) {
		link = bpf_link_uprobe_multi(bpf_program__fd(prog), type, sites, on_return);
		if (link < 0)
			return link;
		err = vec__push(to, link);
		if (err)
			close(link);
		return err;
	}
	err = vec__reserve(to, to->cnt + 2 * (size_t)sites->cnt);
	for (i = 0; !err && i < sites->cnt; i++) {
		err = bpf_link_uprobe_perf(bpf_program__fd(prog), sites->path, sites->offsets[i],
					   sites->cookies[i], sites->pid, on_return, &link, &event);
		if (err)
			break;
		to->at[to->cnt++] = link;
		to->at[to->cnt++] = event;
	}
	return err;
}

static int list_add(struct site_list *list, uint64_t offset, uint64_t cookie)
{
	int err = vec__push(&list->offsets, offset);

	return err ? err : vec__push(&list->cookies, cookie);
}

static enum site_kind kind_of(const struct tracer *tracer, const struct probe *probe)
{
	if (!(probe->flags & PROBE_ALLOC))
		return KIND_FREE;
	if (!tracer->live || (probe->flags & (PROBE_RET_SITES | PROBE_NO_RETURN)))
		return KIND_ENTER;
	return KIND_CALL;
}

/* Attach what @kind stands for. Return probes come before entries, so that no entry goes without its return. */
static int attach_kind(struct tracer *tracer, struct attach_group *group, enum site_kind kind,
		       const struct bpf_link_sites *sites)
{
	struct heaptap_bpf *skel = tracer->skel;
	struct bpf_program *empty = tracer->empty ? skel->progs.heaptap_empty : NULL;
	int err;

	if (!sites->cnt)
		return 0;
	if (kind == KIND_FREE)
		return attach_program(tracer, empty ? empty : skel->progs.heaptap_free,
				      BPF_LINK_UPROBE_MULTI, sites, 0, &group->links);
	if (kind == KIND_RET)
		return attach_program(tracer, empty ? empty : skel->progs.heaptap_ret,
				      BPF_LINK_UPROBE_MULTI, sites, 0, &group->links);
	if (kind == KIND_CALL && tracer->backend == TRACER_BACKEND_SESSION)
		return attach_program(tracer,
				      empty ? skel->progs.heaptap_empty_session
					    : skel->progs.heaptap_session,
				      BPF_LINK_UPROBE_SESSION, sites, 0, &group->links);
	if (kind == KIND_CALL) {
		err = attach_program(tracer, empty ? empty : skel->progs.heaptap_return,
				     BPF_LINK_UPROBE_MULTI, sites, 1, &group->links);
		if (err)
			return err;
	}
	return attach_program(tracer, empty ? empty : skel->progs.heaptap_enter,
			      BPF_LINK_UPROBE_MULTI, sites, 0, &group->links);
}

static uint32_t next_probe(const struct tracer *tracer)
{
	const size_t free_cnt = tracer->probes_free.cnt;

	return free_cnt ? tracer->probes_free.at[free_cnt - 1] : tracer->probe_used;
}

static void take_probe(struct tracer *tracer)
{
	if (tracer->probes_free.cnt)
		tracer->probes_free.cnt--;
	else
		tracer->probe_used++;
}

/* Give each site its entry in the probe map; offsets and cookies come out by kind. */
static int register_sites(struct tracer *tracer, const struct tracer_site *sites, size_t cnt,
			  uint64_t kind_bits, struct attach_group *group)
{
	int fd = bpf_map__fd(tracer->skel->maps.probes), err = 0;
	struct site_list *lists = group->lists;
	enum site_kind kind;
	uint32_t number;
	size_t i, j;

	for (i = 0; !err && i < cnt; i++) {
		kind = kind_of(tracer, &sites[i].probe);
		if (kind == KIND_FREE && !tracer->live)
			continue;
		number = next_probe(tracer);
		err = bpf_map_update_elem(fd, &number, &sites[i].probe, BPF_ANY);
		if (err)
			return err == -E2BIG ? -ENOSPC : err;
		take_probe(tracer);
		err = vec__push(&group->probes, number);
		if (!err)
			err = list_add(&lists[kind], sites[i].offset, kind_bits | number);
		for (j = 0; tracer->live && !err && j < sites[i].ret_cnt; j++)
			err = list_add(&lists[KIND_RET], sites[i].rets[j], number);
	}
	return err;
}

/* Two functions may share a return instruction (a common tail): one probe does for both. */
static void drop_twins(struct site_list *list)
{
	size_t i, j, kept = 0;

	for (i = 0; i < list->offsets.cnt; i++) {
		for (j = 0; j < kept && list->offsets.at[j] != list->offsets.at[i]; j++)
			;
		if (j < kept)
			continue;
		list->offsets.at[kept] = list->offsets.at[i];
		list->cookies.at[kept++] = list->cookies.at[i];
	}
	list->offsets.cnt = list->cookies.cnt = kept;
}

/*
 * A thread that is killed while it closes a link leaves the link's breakpoints in the target: pages cannot be had any more
 * (mm/gup.c), the kernel says "failed to unregister, leaking uprobe" (kernel/events/uprobes.c), and nobody will come
 * again. Unless there is another link for the same places: that one, closed by the kernel when the process has come to
 * its end, finds that nobody wants the breakpoints and removes them. It is one for ourselves alone, which puts none into
 * others, and is there before the first of the links goes.
 */
static void guard(struct attach_group *group, struct tracer *tracer)
{
	struct bpf_link_sites sites = { .pid = getpid() };
	struct site_list all = {};
	char path[64];
	int kind, err = 0;
	size_t i;

	for (kind = 0; kind < KIND_CNT; kind++) {
		for (i = 0; !err && i < group->lists[kind].offsets.cnt; i++)
			err = list_add(&all, group->lists[kind].offsets.at[i], 0);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", group->fd);
	sites.path = path;
	sites.offsets = all.offsets.at;
	sites.cookies = all.cookies.at;
	sites.cnt = (uint32_t)all.offsets.cnt;
	if (!err && sites.cnt)
		attach_program(tracer, tracer->skel->progs.heaptap_empty, BPF_LINK_UPROBE_MULTI,
			       &sites, 0, &group->guard);
	vec__done(&all.offsets);
	vec__done(&all.cookies);
}

/* The breakpoints go at once. */
static void group__detach(struct attach_group *group, struct tracer *tracer)
{
	size_t i;

	if (group->links.cnt && !group->guard.cnt)
		guard(group, tracer);
	for (i = 0; i < group->links.cnt; i++)
		closer__close(&tracer->closer, group->links.at[i]);
	group->links.cnt = 0;
	for (i = 0; i < group->guard.cnt; i++)
		closer__close_last(&tracer->closer, group->guard.at[i]);
	group->guard.cnt = 0;
}

static void group__done(struct attach_group *group, struct tracer *tracer)
{
	int kind;

	group__detach(group, tracer);
	vec__done(&group->links);
	vec__done(&group->guard);
	vec__done(&group->probes);
	for (kind = 0; kind < KIND_CNT; kind++) {
		vec__done(&group->lists[kind].offsets);
		vec__done(&group->lists[kind].cookies);
	}
	if (group->fd >= 0)
		close(group->fd);
}

/* Frees first: a block seen allocated must also be seen freed. Without @live, the entries alone. */
static int group__attach(struct attach_group *group, struct tracer *tracer, bool live)
{
	char path[64];
	int err = 0, kind;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", group->fd);
	for (kind = live ? 0 : KIND_ENTER; !err && kind < KIND_CNT; kind++) {
		struct bpf_link_sites sites = { .path = path,
						.pid = group->pid,
						.offsets = group->lists[kind].offsets.at,
						.cookies = group->lists[kind].cookies.at,
						.cnt = (uint32_t)group->lists[kind].offsets.cnt };

		err = attach_kind(tracer, group, live ? (enum site_kind)kind : KIND_ENTER, &sites);
	}
	if (err)
		group__detach(group, tracer);
	return err;
}

void tracer__drop_groups(struct tracer *tracer)
{
	size_t i;

	for (i = 0; i < tracer->groups.cnt; i++)
		group__done(&tracer->groups.at[i], tracer);
	vec__done(&tracer->groups);
}

/* Two links that are both there would count everything twice. */
static bool is_apart(const struct tracer *tracer, const struct attach_group *group)
{
	return group->pid && !tracer->listed;
}

int tracer__attach(struct tracer *tracer, int fd, uint32_t file, pid_t pid,
		   const struct tracer_site *sites, size_t cnt)
{
	struct attach_group group = { .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
				      .file = file,
				      .pid = pid };
	uint64_t apart = is_apart(tracer, &group) ? COOKIE_APART : 0;
	int err = group.fd < 0 ? -errno : register_sites(tracer, sites, cnt, apart, &group);

	drop_twins(&group.lists[KIND_RET]);
	if (!err)
		err = group__attach(&group, tracer, true);
	if (!err)
		err = vec__push(&tracer->groups, group);
	if (err)
		group__done(&group, tracer);
	return err;
}

void tracer__suspend(struct tracer *tracer, pid_t pid)
{
	size_t i;

	for (i = 0; i < tracer->groups.cnt; i++) {
		if (tracer->groups.at[i].pid == pid)
			group__detach(&tracer->groups.at[i], tracer);
	}
}

void tracer__forget(struct tracer *tracer, pid_t pid)
{
	size_t i, kept = 0;

	for (i = 0; i < tracer->groups.cnt; i++) {
		if (tracer->groups.at[i].pid == pid)
			group__done(&tracer->groups.at[i], tracer);
		else
			tracer->groups.at[kept++] = tracer->groups.at[i];
	}
	tracer->groups.cnt = kept;
}

void tracer__make_ready(struct tracer *tracer, pid_t pid)
{
	size_t i;

	closer__wait(&tracer->closer);
	for (i = 0; i < tracer->groups.cnt; i++) {
		struct attach_group *group = &tracer->groups.at[i];

		if (group->pid == pid && !group->links.cnt && !group->guard.cnt)
			guard(group, tracer);
	}
}

int tracer__resume(struct tracer *tracer, pid_t pid, bool live)
{
	size_t i;
	int err = 0;

	/* Probes that are still being taken off would count beside the new ones. */
	closer__wait(&tracer->closer);
	for (i = 0; !err && i < tracer->groups.cnt; i++) {
		struct attach_group *group = &tracer->groups.at[i];

		if (group->pid == pid && !group->links.cnt)
			err = group__attach(group, tracer, live);
	}
	if (err)
		tracer__suspend(tracer, pid);
	return err;
}

/* As long as a program may have seen the switch as it was. */
#define SWITCH_NS 20000000

static void switch_apart(struct tracer *tracer, uint32_t apart)
{
	const struct timespec pause = { .tv_nsec = SWITCH_NS };

	__atomic_store_n(&tracer__control(tracer)->apart, apart, __ATOMIC_SEQ_CST);
	nanosleep(&pause, NULL);
}

bool tracer__can_part(const struct tracer *tracer)
{
	return tracer->listed || tracer->backend == TRACER_BACKEND_PERF ||
	       feature_has(FEATURE_UPROBE_MULTI_PID);
}

void tracer__part(struct tracer *tracer)
{
	switch_apart(tracer, 1);
	tracer__suspend(tracer, 0);
}

int tracer__unite(struct tracer *tracer)
{
	int err = tracer__resume(tracer, 0, true);
	size_t i = 0;

	if (err)
		return err;
	switch_apart(tracer, 0);
	while (i < tracer->groups.cnt) {
		if (tracer->groups.at[i].pid)
			tracer__forget(tracer, tracer->groups.at[i].pid);
		else
			i++;
	}
	return 0;
}

static void hook__done(struct lib_hook *hook, struct closer *closer)
{
	size_t i;

	for (i = 0; i < hook->links.cnt; i++)
		closer__close(closer, hook->links.at[i]);
	vec__done(&hook->links);
}

int tracer__attach_libs(struct tracer *tracer, int fd, uint32_t file, pid_t pid, uint64_t offset)
{
	struct lib_hook hook = { .file = file };
	uint64_t cookie = 0;
	struct bpf_link_sites link = {
		.offsets = &offset, .cookies = &cookie, .cnt = 1, .pid = pid
	};
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	link.path = path;
	err = attach_program(tracer, tracer->skel->progs.heaptap_libs, BPF_LINK_UPROBE_MULTI, &link,
			     0, &hook.links);
	if (!err)
		err = vec__push(&tracer->lib_hooks, hook);
	if (err)
		hook__done(&hook, &tracer->closer);
	return err;
}

void tracer__forget_file(struct tracer *tracer, uint32_t file)
{
	VEC(uint32_t) probes = {};
	size_t i, j, kept = 0;

	for (i = 0; i < tracer->groups.cnt; i++) {
		struct attach_group *group = &tracer->groups.at[i];

		if (group->file != file) {
			tracer->groups.at[kept++] = *group;
			continue;
		}
		for (j = 0; j < group->probes.cnt; j++)
			vec__push(&probes, group->probes.at[j]);
		group__done(group, tracer);
	}
	tracer->groups.cnt = kept;
	for (i = 0, kept = 0; i < tracer->lib_hooks.cnt; i++) {
		if (tracer->lib_hooks.at[i].file == file)
			hook__done(&tracer->lib_hooks.at[i], &tracer->closer);
		else
			tracer->lib_hooks.at[kept++] = tracer->lib_hooks.at[i];
	}
	tracer->lib_hooks.cnt = kept;
	/* Numbers are given again once no event can have them. One that is not is only lost. */
	closer__wait(&tracer->closer);
	for (i = 0; i < probes.cnt; i++)
		vec__push(&tracer->probes_free, probes.at[i]);
	vec__done(&probes);
}

void tracer__drop_hooks(struct tracer *tracer)
{
	size_t i;

	for (i = 0; i < tracer->lib_hooks.cnt; i++)
		hook__done(&tracer->lib_hooks.at[i], &tracer->closer);
	for (i = 0; i < tracer->op_links.cnt; i++)
		close(tracer->op_links.at[i]);
	vec__done(&tracer->lib_hooks);
	vec__done(&tracer->op_links);
	vec__done(&tracer->probes_free);
}

int tracer__attach_op(struct tracer *tracer, int fd, pid_t pid, uint64_t entry,
		      const uint64_t *rets, size_t ret_cnt)
{
	uint64_t *cookies __free_mem = calloc(ret_cnt + 1, sizeof(*cookies));
	struct bpf_link_sites ends = {
		.offsets = rets, .cookies = cookies, .cnt = (uint32_t)ret_cnt, .pid = pid
	};
	struct bpf_link_sites start = {
		.offsets = &entry, .cookies = cookies, .cnt = 1, .pid = pid
	};
	char path[64];
	int err = 0;

	if (!cookies)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	start.path = ends.path = path;
	if (ret_cnt)
		err = attach_program(tracer, tracer->skel->progs.heaptap_op_ret,
				     BPF_LINK_UPROBE_MULTI, &ends, 0, &tracer->op_links);
	return err ? err
		   : attach_program(tracer, tracer->skel->progs.heaptap_op, BPF_LINK_UPROBE_MULTI,
				    &start, 0, &tracer->op_links);
}

/* Probed and called by ourselves. Its first instruction is one that the kernel emulates, as sites are chosen to be. */
static __attribute__((noipa, used)) void trap_me(void)
{
	__asm__ volatile("nop");
}

/*
 * A few hundred nanoseconds of something else, as it lies between two hits of a program: a trap also costs what the
 * processor had under way, which a loop of nothing but traps does not show.
 */
static __attribute__((noipa)) void work_between_traps(void)
{
	for (volatile int i = 0; i < 1000; i++)
		;
}

/* What a call of trap_me() takes more than none. */
static uint64_t time_traps(int cnt)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID), with, without;
	int i;

	for (i = 0; i < cnt; i++) {
		work_between_traps();
		trap_me();
	}
	with = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < cnt; i++)
		work_between_traps();
	without = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	return with > without ? (with - without) / (uint64_t)cnt : 0;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

#define TRAP_ROUNDS 15
/* Of our programs, what comes before and after the time they measure (bpf/cost.bpf.h). */
#define PROGRAM_NS  100

uint64_t tracer__trap_ns(struct tracer *tracer)
{
	struct {
		VEC(int) fds;
	} links = {};
	uint64_t cookie = 0, offset, rounds[TRAP_ROUNDS];
	struct bpf_link_sites sites = { .path = "/proc/self/exe",
					.offsets = &offset,
					.cookies = &cookie,
					.cnt = 1,
					.pid = getpid() };
	size_t i;
	int round;

	if (self_offset((const void *)trap_me, &offset) ||
	    attach_program(tracer, tracer->skel->progs.heaptap_empty, BPF_LINK_UPROBE_MULTI, &sites,
			   0, &links.fds))
		return 0;
	for (round = 0; round < TRAP_ROUNDS; round++)
		rounds[round] = time_traps(100);
	qsort(rounds, TRAP_ROUNDS, sizeof(rounds[0]), by_size);
	for (i = 0; i < links.fds.cnt; i++)
		closer__close(&tracer->closer, links.fds.at[i]);
	vec__done(&links.fds);
	/* As it is, not as it could be: the target has the same interrupts and neighbours. */
	return rounds[TRAP_ROUNDS / 2] + PROGRAM_NS;
}
