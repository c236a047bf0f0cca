// SPDX-License-Identifier: Apache-2.0
/* Probes on what is no allocator: dynamic linkers, and the functions whose calls are counted. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "kernel/tracer_priv.h"

int tracer__attach_libs(struct tracer *tracer, int fd, uint32_t file, pid_t pid, uint64_t offset)
{
	const uint64_t cookie = 0;
	const struct bpf_link_sites site = { .offsets = &offset, .cookies = &cookie, .cnt = 1 };
	struct hook hook = { .file = file };
	int err = probe_links__init(&hook.links, fd, pid);

	if (!err)
		err = probe_links__add(&hook.links, tracer, tracer->skel->progs.heaptap_libs,
				       BPF_LINK_UPROBE_MULTI, site, false);
	if (!err)
		err = vec__push(&tracer->hooks, hook);
	if (err)
		probe_links__done(&hook.links, tracer);
	return err;
}

int tracer__attach_op(struct tracer *tracer, int fd, pid_t pid, uint64_t entry,
		      const uint64_t *rets, size_t ret_cnt)
{
	uint64_t *cookies __free_mem = calloc(ret_cnt + 1, sizeof(*cookies));
	const struct bpf_link_sites start = { .offsets = &entry, .cookies = cookies, .cnt = 1 };
	const struct bpf_link_sites ends = { .offsets = rets,
					     .cookies = cookies,
					     .cnt = (uint32_t)ret_cnt };
	struct hook hook = { .file = HOOK_NO_FILE };
	int err;

	if (!cookies)
		return -ENOMEM;
	err = probe_links__init(&hook.links, fd, pid);
	if (!err && ret_cnt)
		err = probe_links__add(&hook.links, tracer, tracer->skel->progs.heaptap_op_ret,
				       BPF_LINK_UPROBE_MULTI, ends, false);
	if (!err)
		err = probe_links__add(&hook.links, tracer, tracer->skel->progs.heaptap_op,
				       BPF_LINK_UPROBE_MULTI, start, false);
	if (!err)
		err = vec__push(&tracer->hooks, hook);
	if (err)
		probe_links__done(&hook.links, tracer);
	return err;
}

static void forget_if(struct tracer *tracer,
		      bool (*is_meant)(const struct hook *hook, uint64_t arg), uint64_t arg)
{
	size_t i, kept = 0;

	for (i = 0; i < tracer->hooks.cnt; i++) {
		if (is_meant(&tracer->hooks.at[i], arg))
			probe_links__done(&tracer->hooks.at[i].links, tracer);
		else
			tracer->hooks.at[kept++] = tracer->hooks.at[i];
	}
	tracer->hooks.cnt = kept;
}

static bool is_of_file(const struct hook *hook, uint64_t file)
{
	return hook->file == file;
}

static bool is_of_process(const struct hook *hook, uint64_t pid)
{
	return hook->file != HOOK_NO_FILE && (uint64_t)hook->links.pid == pid;
}

static bool is_of_libs(const struct hook *hook, uint64_t unused)
{
	return hook->file != HOOK_NO_FILE;
}

void tracer__forget_hooks(struct tracer *tracer, uint32_t file)
{
	forget_if(tracer, is_of_file, file);
}

void tracer__forget_hooks_of(struct tracer *tracer, pid_t pid)
{
	forget_if(tracer, is_of_process, (uint64_t)pid);
}

void tracer__forget_libs(struct tracer *tracer)
{
	forget_if(tracer, is_of_libs, 0);
}

void tracer__drop_hooks(struct tracer *tracer)
{
	size_t i;

	for (i = 0; i < tracer->hooks.cnt; i++)
		probe_links__done(&tracer->hooks.at[i].links, tracer);
	vec__done(&tracer->hooks);
}
