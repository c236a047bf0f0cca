// SPDX-License-Identifier: Apache-2.0
/*
 * A thread that is killed while it closes a link leaves the link's breakpoints in the target: pages cannot be had any more
 * (mm/gup.c), the kernel says "failed to unregister, leaking uprobe" (kernel/events/uprobes.c), and nobody will come
 * again. Unless there is another link for the same places: that one, closed by the kernel when the process has come to
 * its end, finds that nobody wants the breakpoints and removes them. This guard is one for ourselves alone, which puts
 * none into others, and is there before the first of the links goes.
 */
#include "kernel/probe_links.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/tracer_priv.h"

#define FD_PATH_MAX sizeof("/proc/self/fd/-2147483648")

int probe_links__init(struct probe_links *links, int fd, pid_t pid)
{
	*links = (struct probe_links){ .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .pid = pid };
	return links->fd < 0 ? -errno : 0;
}

void probe_links__done(struct probe_links *links, struct tracer *tracer)
{
	probe_links__close(links, tracer);
	vec__done(&links->fds);
	vec__done(&links->guard);
	vec__done(&links->places);
	if (links->fd >= 0)
		close(links->fd);
	links->fd = -1;
}

/* The descriptors go to @fds, which is a VEC(int). */
static int link_sites(const struct tracer *tracer, const struct bpf_program *prog, int type,
		      const struct bpf_link_sites *sites, bool on_return, void *fds)
{
	VEC(int) *to = fds;
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

static int note_place(struct probe_links *links, uint64_t offset)
{
	size_t i;

	for (i = 0; i < links->places.cnt; i++) {
		if (links->places.at[i] == offset)
			return 0;
	}
	return vec__push(&links->places, offset);
}

int probe_links__expect(struct probe_links *links, const uint64_t *offsets, size_t cnt)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < cnt; i++)
		err = note_place(links, offsets[i]);
	return err;
}

int probe_links__add(struct probe_links *links, struct tracer *tracer,
		     const struct bpf_program *prog, int type, struct bpf_link_sites sites,
		     bool on_return)
{
	int err = probe_links__expect(links, sites.offsets, sites.cnt);
	char path[FD_PATH_MAX];

	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", links->fd);
	sites.path = path;
	sites.pid = links->pid;
	return link_sites(tracer, prog, type, &sites, on_return, &links->fds);
}

void probe_links__guard(struct probe_links *links, struct tracer *tracer)
{
	uint64_t *cookies __free_mem = calloc(links->places.cnt + 1, sizeof(*cookies));
	char path[FD_PATH_MAX];
	struct bpf_link_sites sites = { .path = path,
					.offsets = links->places.at,
					.cookies = cookies,
					.cnt = (uint32_t)links->places.cnt,
					.pid = getpid() };

	if (!cookies || !sites.cnt || links->guard.cnt)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", links->fd);
	link_sites(tracer, tracer->skel->progs.heaptap_empty, BPF_LINK_UPROBE_MULTI, &sites, false,
		   &links->guard);
}

void probe_links__close(struct probe_links *links, struct tracer *tracer)
{
	size_t i;

	if (links->fds.cnt)
		probe_links__guard(links, tracer);
	for (i = 0; i < links->fds.cnt; i++)
		closer__close(&tracer->closer, links->pid, links->fds.at[i]);
	links->fds.cnt = 0;
	for (i = 0; i < links->guard.cnt; i++)
		closer__close_last(&tracer->closer, links->pid, links->guard.at[i]);
	links->guard.cnt = 0;
}
