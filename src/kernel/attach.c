// SPDX-License-Identifier: Apache-2.0
/* Putting the probes of allocators on files, and taking them off. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/features.h"
#include "kernel/tracer_priv.h"

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
static int attach_kind(struct tracer *tracer, struct probe_links *links, enum site_kind kind,
		       struct bpf_link_sites sites)
{
	const struct heaptap_bpf *skel = tracer->skel;
	const struct bpf_program *empty = tracer->empty ? skel->progs.heaptap_empty : NULL;
	const struct bpf_program *prog = skel->progs.heaptap_enter;
	int err;

	if (kind == KIND_CALL && tracer->backend == TRACER_BACKEND_SESSION) {
		prog = empty ? skel->progs.heaptap_empty_session : skel->progs.heaptap_session;
		return probe_links__add(links, tracer, prog, BPF_LINK_UPROBE_SESSION, sites, false);
	}
	if (kind == KIND_CALL) {
		err = probe_links__add(links, tracer, empty ? empty : skel->progs.heaptap_return,
				       BPF_LINK_UPROBE_MULTI, sites, true);
		if (err)
			return err;
	}
	if (kind == KIND_FREE)
		prog = skel->progs.heaptap_free;
	else if (kind == KIND_RET)
		prog = skel->progs.heaptap_ret;
	return probe_links__add(links, tracer, empty ? empty : prog, BPF_LINK_UPROBE_MULTI, sites,
				false);
}

/* Give @probe a number: one that was given back, or a new one. */
static int take_number(struct tracer *tracer, const struct probe *probe, uint32_t *ret)
{
	const size_t free_cnt = tracer->probes_free.cnt;
	const uint32_t number =
		free_cnt ? tracer->probes_free.at[free_cnt - 1] : tracer->probe_used;
	int err = bpf_map_update_elem(bpf_map__fd(tracer->skel->maps.probes), &number, probe,
				      BPF_ANY);

	if (err)
		return err == -E2BIG ? -ENOSPC : err;
	if (free_cnt)
		tracer->probes_free.cnt--;
	else
		tracer->probe_used++;
	*ret = number;
	return 0;
}

static struct file_probes *probes_of_file(struct tracer *tracer, uint32_t file)
{
	size_t i;

	for (i = 0; i < tracer->file_probes.cnt; i++) {
		if (tracer->file_probes.at[i].file == file)
			return &tracer->file_probes.at[i];
	}
	if (vec__push(&tracer->file_probes, (struct file_probes){ .file = file }))
		return NULL;
	return &tracer->file_probes.at[tracer->file_probes.cnt - 1];
}

/* Whoever it is in, a file's probe is the same, but for what was learned of other files meanwhile (PROBE_TAIL_CALLED). */
static int register_probe(struct tracer *tracer, struct file_probes *file, size_t index,
			  const struct probe *probe)
{
	struct numbered_probe *known, fresh = { .probe = *probe };
	int err;

	if (index == file->all.cnt) {
		err = vec__reserve(&file->all, index + 1);
		if (!err)
			err = take_number(tracer, probe, &fresh.number);
		return err ? err : vec__push(&file->all, fresh);
	}
	known = &file->all.at[index];
	if (!memcmp(&known->probe, probe, sizeof(*probe)))
		return 0;
	known->probe = *probe;
	return bpf_map_update_elem(bpf_map__fd(tracer->skel->maps.probes), &known->number, probe,
				   BPF_ANY);
}

/* Offsets and cookies of the sites come out by kind. */
static int register_sites(struct tracer *tracer, const struct tracer_site *sites, size_t cnt,
			  uint64_t kind_bits, struct attach_group *group)
{
	struct file_probes *file = probes_of_file(tracer, group->file);
	struct site_list *lists = group->lists;
	enum site_kind kind;
	uint32_t number;
	size_t i, j;
	int err = file ? 0 : -ENOMEM;

	for (i = 0; !err && i < cnt; i++) {
		kind = kind_of(tracer, &sites[i].probe);
		err = register_probe(tracer, file, i, &sites[i].probe);
		if (err || (kind == KIND_FREE && !tracer->live))
			continue;
		number = file->all.at[i].number;
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

/* Frees first: a block seen allocated must also be seen freed. Without @live, the entries alone. */
static int group__attach(struct attach_group *group, struct tracer *tracer, bool live)
{
	int err = 0, kind;

	group->live = live;
	for (kind = live ? 0 : KIND_ENTER; !err && kind < KIND_CNT; kind++) {
		const struct site_list *list = &group->lists[kind];

		if (list->offsets.cnt)
			err = attach_kind(
				tracer, &group->links, live ? (enum site_kind)kind : KIND_ENTER,
				(struct bpf_link_sites){ .offsets = list->offsets.at,
							 .cookies = list->cookies.at,
							 .cnt = (uint32_t)list->offsets.cnt });
	}
	if (err)
		probe_links__close(&group->links, tracer);
	return err;
}

static int group__attach_later(struct attach_group *group)
{
	int kind, err = 0;

	for (kind = 0; !err && kind < KIND_CNT; kind++)
		err = probe_links__expect(&group->links, group->lists[kind].offsets.at,
					  group->lists[kind].offsets.cnt);
	return err;
}

static void group__done(struct attach_group *group, struct tracer *tracer)
{
	int kind;

	probe_links__done(&group->links, tracer);
	for (kind = 0; kind < KIND_CNT; kind++) {
		vec__done(&group->lists[kind].offsets);
		vec__done(&group->lists[kind].cookies);
	}
}

void tracer__drop_groups(struct tracer *tracer)
{
	size_t i;

	for (i = 0; i < tracer->groups.cnt; i++)
		group__done(&tracer->groups.at[i], tracer);
	for (i = 0; i < tracer->file_probes.cnt; i++)
		vec__done(&tracer->file_probes.at[i].all);
	vec__done(&tracer->groups);
	vec__done(&tracer->file_probes);
	vec__done(&tracer->probes_free);
}

/* Two links that are both there would count everything twice. */
static bool is_apart(const struct tracer *tracer, const struct attach_group *group)
{
	return group->links.pid && !tracer->listed;
}

int tracer__attach(struct tracer *tracer, int fd, uint32_t file, pid_t pid,
		   const struct tracer_site *sites, size_t cnt, bool on)
{
	struct attach_group group = { .file = file };
	int err = probe_links__init(&group.links, fd, pid);

	if (!err)
		err = register_sites(tracer, sites, cnt,
				     is_apart(tracer, &group) ? COOKIE_APART : 0, &group);
	drop_twins(&group.lists[KIND_RET]);
	if (!err)
		err = on ? group__attach(&group, tracer, true) : group__attach_later(&group);
	if (!err)
		err = vec__push(&tracer->groups, group);
	if (err)
		group__done(&group, tracer);
	else if (pid)
		probes_of_file(tracer, file)->apart_cnt++;
	return err;
}

void tracer__suspend(struct tracer *tracer, pid_t pid)
{
	size_t i;

	for (i = 0; i < tracer->groups.cnt; i++) {
		if (tracer->groups.at[i].links.pid == pid)
			probe_links__close(&tracer->groups.at[i].links, tracer);
	}
}

void tracer__make_ready(struct tracer *tracer, pid_t pid)
{
	size_t i;

	closer__wait(&tracer->closer, pid);
	for (i = 0; i < tracer->groups.cnt; i++) {
		struct probe_links *links = &tracer->groups.at[i].links;

		if (links->pid == pid && !links->fds.cnt)
			probe_links__guard(links, tracer);
	}
}

int tracer__resume(struct tracer *tracer, pid_t pid, bool live)
{
	size_t i;
	int err = 0;

	/* Probes that are still being taken off would count beside the new ones. */
	closer__wait(&tracer->closer, pid);
	for (i = 0; !err && i < tracer->groups.cnt; i++) {
		struct attach_group *group = &tracer->groups.at[i];

		if (group->links.pid == pid && !group->links.fds.cnt)
			err = group__attach(group, tracer, live);
	}
	if (err)
		tracer__suspend(tracer, pid);
	return err;
}

bool tracer__is_settled(struct tracer *tracer, pid_t pid)
{
	return closer__is_idle(&tracer->closer, pid);
}

void tracer__wait_settled(struct tracer *tracer)
{
	closer__wait_all(&tracer->closer);
}

size_t tracer__apart_cnt(const struct tracer *tracer)
{
	size_t most = 0, i;

	for (i = 0; i < tracer->file_probes.cnt; i++) {
		if (tracer->file_probes.at[i].apart_cnt > most)
			most = tracer->file_probes.at[i].apart_cnt;
	}
	return most;
}

void tracer__neighbours(const struct tracer *tracer, pid_t pid, size_t *ret_all_cnt,
			size_t *ret_live_cnt)
{
	size_t all_cnt, live_cnt, i, j;

	*ret_all_cnt = *ret_live_cnt = 0;
	for (i = 0; i < tracer->groups.cnt; i++) {
		const struct attach_group *own = &tracer->groups.at[i], *other;

		if (own->links.pid != pid)
			continue;
		for (j = all_cnt = live_cnt = 0; j < tracer->groups.cnt; j++) {
			other = &tracer->groups.at[j];
			if (j == i || other->file != own->file || !other->links.fds.cnt)
				continue;
			all_cnt++;
			live_cnt += other->live;
		}
		if (all_cnt >= *ret_all_cnt) {
			*ret_all_cnt = all_cnt;
			*ret_live_cnt = live_cnt;
		}
	}
}

bool tracer__is_probed(const struct tracer *tracer, pid_t pid)
{
	size_t i;

	for (i = 0; i < tracer->groups.cnt; i++) {
		if (tracer->groups.at[i].links.pid == pid)
			return true;
	}
	return false;
}

static void forget_group(struct tracer *tracer, size_t index)
{
	struct attach_group *group = &tracer->groups.at[index];

	if (group->links.pid)
		probes_of_file(tracer, group->file)->apart_cnt--;
	group__done(group, tracer);
	tracer->groups.at[index] = tracer->groups.at[--tracer->groups.cnt];
}

void tracer__forget(struct tracer *tracer, pid_t pid)
{
	size_t i = tracer->groups.cnt;

	while (i--) {
		if (tracer->groups.at[i].links.pid == pid)
			forget_group(tracer, i);
	}
	tracer__forget_hooks_of(tracer, pid);
}

/* Its numbers are given again once no event can have them. One that is not is only lost. */
static void forget_probes(struct tracer *tracer, uint32_t file)
{
	struct file_probes *probes = probes_of_file(tracer, file);
	size_t i;

	if (!probes)
		return;
	for (i = 0; i < probes->all.cnt; i++)
		vec__push(&tracer->probes_free, probes->all.at[i].number);
	vec__done(&probes->all);
	*probes = tracer->file_probes.at[--tracer->file_probes.cnt];
}

void tracer__forget_file(struct tracer *tracer, uint32_t file)
{
	size_t i = tracer->groups.cnt;

	while (i--) {
		if (tracer->groups.at[i].file == file)
			forget_group(tracer, i);
	}
	tracer__forget_hooks(tracer, file);
	closer__wait_all(&tracer->closer);
	forget_probes(tracer, file);
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
	size_t i = tracer->groups.cnt;
	int err = tracer__resume(tracer, 0, true);

	if (err)
		return err;
	switch_apart(tracer, 0);
	while (i--) {
		if (tracer->groups.at[i].links.pid)
			forget_group(tracer, i);
	}
	return 0;
}
