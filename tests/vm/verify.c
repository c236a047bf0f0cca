// SPDX-License-Identifier: Apache-2.0
/*
 * What this kernel has, and whether its verifier takes every program in every mode: opens the real
 *tracer once per back end and mode and says so, a line each:
 *
 *	feature yes|no TITLE
 *	load BACKEND MODE ok | load BACKEND MODE failed WHY
 *	insns BACKEND MODE PROGRAM COUNT		instructions the verifier went through
 *
 * With --left: the programs and maps of this machine, a line each; fails if there is one.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "abi/config.h"
#include "kernel/features.h"
#include "kernel/tracer.h"

static const struct backend {
	enum tracer_backend id;
	const char *name;
	enum feature needs;
} backends[] = {
	{ TRACER_BACKEND_PERF, "perf", FEATURE_UPROBE_PERF },
	{ TRACER_BACKEND_MULTI, "multi", FEATURE_UPROBE_MULTI },
	{ TRACER_BACKEND_SESSION, "session", FEATURE_UPROBE_SESSION },
};

static const struct mode {
	const char *name;
	bool live, sampling, lifetimes;
	uint32_t scope;
} modes[] = {
	{ .name = "live", .live = true },
	{ .name = "live-sampled", .live = true, .sampling = true, .lifetimes = true },
	{ .name = "live-all", .live = true, .scope = SCOPE_ALL },
	{ .name = "alloc" },
	{ .name = "alloc-sampled", .sampling = true },
	{ .name = "alloc-cgroup", .scope = SCOPE_CGROUP },
};

static int is_ours(const char *name)
{
	return !strncmp(name, "heaptap_", 8);
}

/* Every program of ours that is loaded now. */
static void print_insns(const char *backend, const char *mode)
{
	struct bpf_prog_info info;
	uint32_t id = 0, len;
	int fd;

	while (!bpf_prog_get_next_id(id, &id)) {
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && is_ours(info.name))
			printf("insns %s %s %s %u\n", backend, mode, info.name,
			       info.verified_insns);
		close(fd);
	}
}

static int try(const struct backend *backend, const struct mode *mode)
{
	struct tracer_options options = tracer_options_least();
	struct tracer *tracer __free(tracer) = NULL;
	enum tracer_open_error why;
	int err;

	options.backend = backend->id;
	options.scope = mode->scope;
	options.live = mode->live;
	options.lifetimes = mode->lifetimes;
	options.sampling = mode->sampling;
	options.cgroup_id = 1;
	options.cgroup_is_v2 = true;
	err = tracer__open(&options, &tracer, &why);
	if (err) {
		printf("load %s %s failed %s\n", backend->name, mode->name, strerror(-err));
		fprintf(stderr, "%s %s:\n%s\n", backend->name, mode->name, tracer_last_log());
		return 1;
	}
	printf("load %s %s ok\n", backend->name, mode->name);
	print_insns(backend->name, mode->name);
	return 0;
}

static int list_left(void)
{
	uint32_t id = 0, len;
	int fd, cnt = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};

		len = sizeof(info);
		fd = bpf_prog_get_fd_by_id(id);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len)) {
			printf("program %s\n", info.name);
			cnt++;
		}
		close(fd);
	}
	id = 0;
	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = {};

		len = sizeof(info);
		fd = bpf_map_get_fd_by_id(id);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len)) {
			printf("map %s\n", info.name);
			cnt++;
		}
		close(fd);
	}
	return cnt > 0;
}

int main(int argc, char **argv)
{
	size_t i, k;
	int failed = 0;

	if (argc > 1 && !strcmp(argv[1], "--left"))
		return list_left();

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < FEATURE_CNT; i++)
		printf("feature %s %s\n", feature_has(i) ? "yes" : "no", feature_title(i));
	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (!feature_has(backends[i].needs))
			continue;
		for (k = 0; k < sizeof(modes) / sizeof(modes[0]); k++)
			failed += try(&backends[i], &modes[k]);
	}
	return failed > 0;
}
