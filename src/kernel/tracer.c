// SPDX-License-Identifier: Apache-2.0
#include "kernel/tracer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/config.h"
#include "abi/stack.h"
#include "base/clock.h"
#include "base/vec.h"
#include "kernel/bpf_link.h"
#include "kernel/features.h"
#include "kernel/guard.h"
#include "kernel/map_walk.h"
#include "kernel/tracer_priv.h"

/* A machine that compiles starts hundreds of processes a second, and a large program's table takes half of one. */
#define NOTICES_MANY_BYTES (4u << 20)

/* A program runs for microseconds; a preempted one may wait for its turn. */
#define EVENT_US 20000u

static char last_log[8192];

const char *tracer_last_log(void)
{
	return last_log;
}

/* Keep the tail of what libbpf says: the verifier's verdict comes last. */
static int keep_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	size_t used = strlen(last_log);

	if (level == LIBBPF_DEBUG)
		return 0;
	if (used > sizeof(last_log) / 2) {
		memmove(last_log, last_log + used / 2, used - used / 2 + 1);
		used = strlen(last_log);
	}
	return vsnprintf(last_log + used, sizeof(last_log) - used, fmt, args);
}

const char *tracer_backend_name(enum tracer_backend backend)
{
	static const char *const names[] = {
		[TRACER_BACKEND_AUTO] = "auto",
		[TRACER_BACKEND_SESSION] = "uprobe session",
		[TRACER_BACKEND_MULTI] = "uprobe multi",
		[TRACER_BACKEND_PERF] = "perf uprobe",
	};

	return names[backend];
}

static enum tracer_backend best_backend(const struct tracer_options *options)
{
	if (options->live && feature_has(FEATURE_UPROBE_SESSION))
		return TRACER_BACKEND_SESSION;
	if (feature_has(FEATURE_UPROBE_MULTI) &&
	    (options->scope != SCOPE_LISTED || feature_has(FEATURE_UPROBE_MULTI_PID)))
		return TRACER_BACKEND_MULTI;
	return TRACER_BACKEND_PERF;
}

static int attach_type(enum tracer_backend backend, bool session)
{
	if (backend == TRACER_BACKEND_PERF)
		return 0;
	return session ? BPF_LINK_UPROBE_SESSION : BPF_LINK_UPROBE_MULTI;
}

/* Which programs this mode needs, and what they will be attached as. */
static void choose_programs(struct tracer *tracer, const struct tracer_options *options)
{
	struct heaptap_bpf *skel = tracer->skel;
	bool session = tracer->backend == TRACER_BACKEND_SESSION;
	const struct {
		struct bpf_program *prog;
		bool wanted;
		bool session;
	} rows[] = {
		{ skel->progs.heaptap_session, !tracer->empty && tracer->live && session, true },
		{ skel->progs.heaptap_enter, !tracer->empty, false },
		{ skel->progs.heaptap_ret, !tracer->empty && tracer->live, false },
		{ skel->progs.heaptap_return, !tracer->empty && tracer->live && !session, false },
		{ skel->progs.heaptap_free, !tracer->empty && tracer->live, false },
		{ skel->progs.heaptap_empty_session, tracer->empty && tracer->live && session,
		  true },
		{ skel->progs.heaptap_empty, true, false },
		{ skel->progs.heaptap_libs, true, false },
		{ skel->progs.heaptap_op, options->ops, false },
		{ skel->progs.heaptap_op_ret, options->ops, false },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bpf_program__set_autoload(rows[i].prog, rows[i].wanted);
		bpf_program__set_expected_attach_type(
			rows[i].prog,
			(enum bpf_attach_type)attach_type(tracer->backend, rows[i].session));
	}
}

static void configure(struct tracer *tracer, const struct tracer_options *options)
{
	struct heaptap_bpf *skel = tracer->skel;
	struct config *config = (struct config *)&skel->rodata->config;

	config->scope = options->scope;
	config->self_tgid = (uint32_t)getpid();
	config->hold_tgid = (uint32_t)options->hold_pid;
	config->hold_uid = guard_may_let_all_go() ? HOLD_ANY : getuid();
	config->live = options->live;
	config->session = tracer->backend == TRACER_BACKEND_SESSION;
	config->lifetimes = options->lifetimes;
	config->sampling = options->sampling;
	config->totals = options->totals;
	config->ops = options->ops;
	config->page_shift = (uint8_t)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	config->cgroup_is_v2 = options->cgroup_is_v2;
	config->mean_bytes = options->mean_bytes;
	config->brake_cnt = options->brake_cnt;
	config->brake_ns = options->brake_ns;
	config->cgroup_id = options->cgroup_id;
	config->image_max = options->image_max;
	config->site_max = options->image_max + options->site_max;
	config->frame_max = options->frame_max;
	config->scratch_cnt = (uint32_t)tracer->cpu_cnt * SCRATCH_PER_CPU;
	if (config->scratch_cnt < SCRATCH_MIN)
		config->scratch_cnt = SCRATCH_MIN;
	config->row_cnt = options->row_max;
	config->page_cnt = options->page_max;
	config->depth_max = options->depth_max;

	skel->bss->control.image_next = 1;
	skel->bss->control.site_next = options->image_max;
	skel->bss->control.file_next = 1;

	tracer->image_max = options->image_max;
	tracer->site_max = config->site_max;
	tracer->frame_max = options->frame_max;

	bpf_map__set_max_entries(skel->maps.images, options->image_max);
	bpf_map__set_max_entries(skel->maps.processes, options->image_max * 2);
	if (options->scope >= SCOPE_CGROUP)
		bpf_map__set_max_entries(skel->maps.notices, NOTICES_MANY_BYTES);
	bpf_map__set_max_entries(skel->maps.free_images, options->image_max);
	bpf_map__set_max_entries(skel->maps.sites, config->site_max);
	bpf_map__set_max_entries(skel->maps.free_sites, config->site_max);
	bpf_map__set_max_entries(skel->maps.site_index, options->site_max);
	bpf_map__set_max_entries(skel->maps.frames, options->frame_max);
	bpf_map__set_max_entries(skel->maps.stacks, options->site_max);
	bpf_map__set_max_entries(skel->maps.live, options->live ? options->live_max : 1);
	bpf_map__set_max_entries(skel->maps.scratch, config->scratch_cnt);
	bpf_map__set_max_entries(skel->maps.rows, options->row_max);
	bpf_map__set_max_entries(skel->maps.pages, options->page_max);
	if (!options->lifetimes)
		return;
	bpf_map__set_max_entries(skel->maps.why_sites, config->site_max);
	bpf_map__set_max_entries(skel->maps.why_blocks, options->live_max);
	bpf_map__set_max_entries(skel->maps.why_pairs, options->site_max);
}

static int map_arrays(struct tracer *tracer)
{
	const struct {
		struct bpf_map *map;
		struct mapped *to;
	} arrays[] = {
		{ tracer->skel->maps.sites, &tracer->sites },
		{ tracer->skel->maps.frames, &tracer->frames },
		{ tracer->skel->maps.images, &tracer->images },
		{ tracer->skel->maps.rows, &tracer->rows },
		{ tracer->skel->maps.pages, &tracer->pages },
		{ tracer->skel->maps.why_sites, &tracer->why_sites },
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		err = mapped__open(arrays[i].to, bpf_map__fd(arrays[i].map),
				   bpf_map__value_size(arrays[i].map),
				   bpf_map__max_entries(arrays[i].map));
		if (err)
			return err;
	}
	return 0;
}

static int attach_process_events(struct tracer *tracer)
{
	struct heaptap_bpf *skel = tracer->skel;
	bool holds = !tracer->listed && tracer__can_part(tracer);
	int err = 0;

	/* Before anybody can be stopped. */
	tracer->is_guarded = holds || (skel->rodata->config.hold_tgid && !tracer->listed);
	if (tracer->is_guarded)
		err = guard_watch(bpf_map__fd(skel->maps.processes));
	if (err)
		return err;
	tracer__control(tracer)->holds = holds;
	tracer->fork = bpf_program__attach(skel->progs.heaptap_fork);
	tracer->exec = bpf_program__attach(skel->progs.heaptap_exec);
	tracer->exit = bpf_program__attach(skel->progs.heaptap_exit);
	return tracer->fork && tracer->exec && tracer->exit ? 0 : -errno;
}

static int load_error(int err, enum tracer_open_error *ret_why)
{
	if (!feature_has(FEATURE_BTF))
		*ret_why = TRACER_NO_BTF;
	else if (!feature_has(FEATURE_BPF))
		*ret_why = TRACER_NO_PRIVILEGE;
	else if (!feature_has(FEATURE_UPROBE_PERF) && !feature_has(FEATURE_UPROBE_MULTI))
		*ret_why = TRACER_NO_UPROBES;
	else if (err == -ENOMEM || err == -E2BIG)
		*ret_why = TRACER_NO_MEMORY;
	else
		*ret_why = TRACER_LOAD_FAILED;
	return err;
}

struct tracer_options tracer_options_least(void)
{
	return (struct tracer_options){
		.image_max = 16,
		.site_max = 64,
		.frame_max = 1024,
		.live_max = 64,
		.row_max = 1024,
		.page_max = 1024,
		.depth_max = 1024,
	};
}

int tracer__open(const struct tracer_options *options, struct tracer **ret,
		 enum tracer_open_error *ret_why)
{
	struct tracer *tracer __free(tracer) = calloc(1, sizeof(*tracer));
	int err;

	*ret_why = TRACER_NO_MEMORY;
	if (!tracer)
		return -ENOMEM;
	closer__init(&tracer->closer);
	libbpf_set_print(keep_log);
	last_log[0] = '\0';
	tracer->cpu_cnt = libbpf_num_possible_cpus();
	tracer->live = options->live;
	tracer->lifetimes = options->lifetimes;
	tracer->empty = options->empty;
	tracer->listed = options->scope == SCOPE_LISTED;
	if (!feature_has(FEATURE_BTF) || !feature_has(FEATURE_BPF))
		return load_error(-EPERM, ret_why);
	tracer->backend = options->backend ? options->backend : best_backend(options);
	tracer->skel = heaptap_bpf__open();
	if (!tracer->skel)
		return load_error(-errno, ret_why);
	configure(tracer, options);
	choose_programs(tracer, options);
	err = heaptap_bpf__load(tracer->skel);
	if (!err)
		err = map_arrays(tracer);
	if (!err)
		err = tracer__init_tables(tracer);
	if (!err)
		err = attach_process_events(tracer);
	if (err)
		return load_error(err, ret_why);
	err = tracer__init_notices(tracer);
	if (err)
		return load_error(err, ret_why);
	*ret_why = TRACER_OK;
	*ret = TAKE_PTR(tracer);
	return 0;
}

/* There are no breakpoints left, nor anything that stops anybody: who still waits goes on. */
static void let_all_go(struct tracer *tracer)
{
	usleep(EVENT_US);
	guard_unwatch();
	tracer->is_guarded = false;
}

void tracer__detach(struct tracer *tracer)
{
	tracer__drop_groups(tracer);
	tracer__drop_hooks(tracer);
	closer__wait_all(&tracer->closer);
	bpf_link__destroy(tracer->fork);
	bpf_link__destroy(tracer->exec);
	bpf_link__destroy(tracer->exit);
	if (tracer->is_guarded)
		let_all_go(tracer);
	tracer->fork = tracer->exec = tracer->exit = NULL;
}

void tracer__free(struct tracer *tracer)
{
	if (!tracer)
		return;
	tracer__detach(tracer);
	tracer__done_notices(tracer);
	tracer__done_tables(tracer);
	mapped__close(&tracer->sites);
	mapped__close(&tracer->frames);
	mapped__close(&tracer->images);
	mapped__close(&tracer->rows);
	mapped__close(&tracer->pages);
	mapped__close(&tracer->why_sites);
	heaptap_bpf__destroy(tracer->skel);
	closer__done(&tracer->closer);
	free(tracer);
}

enum tracer_backend tracer__backend(const struct tracer *tracer)
{
	return tracer->backend;
}

int tracer__add_image(struct tracer *tracer, pid_t tgid, const char *comm, uint32_t *ret)
{
	uint32_t id = __atomic_fetch_add(&tracer__control(tracer)->image_next, 1, __ATOMIC_SEQ_CST);
	struct process process = { .image = id };
	struct image *image;
	int err;

	if (id >= tracer->image_max)
		return -ENOSPC;
	image = mapped__at(&tracer->images, id);
	image->tgid = (uint32_t)tgid;
	image->start_ns = clock_ns(CLOCK_MONOTONIC);
	image->mean_bytes = tracer->skel->rodata->config.mean_bytes;
	image->since_ns = image->start_ns;
	snprintf(image->comm, sizeof(image->comm), "%s", comm);
	err = bpf_map_update_elem(bpf_map__fd(tracer->skel->maps.processes), &tgid, &process,
				  BPF_ANY);
	if (!err && ret)
		*ret = id;
	return err;
}

void tracer__dismiss(struct tracer *tracer, uint32_t image, pid_t tgid)
{
	int fd = bpf_map__fd(tracer->skel->maps.processes);
	struct process process, none = { .image = IMAGE_NONE };

	if (bpf_map_lookup_elem(fd, &tgid, &process) || process.image != image)
		return;
	/* It may become another program at any moment, which must not be written over: what is taken out tells. */
	if (bpf_map_lookup_and_delete_elem(fd, &tgid, &process))
		return;
	if (process.image != image) {
		bpf_map_update_elem(fd, &tgid, &process, BPF_NOEXIST);
		return;
	}
	bpf_map_update_elem(fd, &tgid, &none, BPF_NOEXIST);
	tracer__end_image(tracer, image);
}

void tracer__set_mean(struct tracer *tracer, uint32_t image, uint64_t mean_bytes, uint64_t now_ns)
{
	struct image *info = mapped__at(&tracer->images, image);

	if (image >= tracer->image_max)
		return;
	__atomic_store_n(&info->since_cnt, __atomic_load_n(&info->kept_cnt, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&info->since_ns, now_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&info->mean_bytes, mean_bytes, __ATOMIC_RELAXED);
}

void tracer__set_flags(struct tracer *tracer, uint32_t image, uint32_t flags)
{
	struct image *info = mapped__at(&tracer->images, image);

	if (image < tracer->image_max)
		__atomic_fetch_or(&info->flags, flags, __ATOMIC_SEQ_CST);
}

void tracer__clear_flags(struct tracer *tracer, uint32_t image, uint32_t flags)
{
	struct image *info = mapped__at(&tracer->images, image);

	if (image < tracer->image_max)
		__atomic_fetch_and(&info->flags, ~flags, __ATOMIC_SEQ_CST);
}

void tracer__activate(struct tracer *tracer)
{
	__atomic_store_n(&tracer__control(tracer)->active, 1, __ATOMIC_SEQ_CST);
}

void tracer__deactivate(struct tracer *tracer)
{
	__atomic_store_n(&tracer__control(tracer)->active, 0, __ATOMIC_SEQ_CST);
	usleep(EVENT_US);
}

static size_t used(uint32_t next, uint32_t max)
{
	return next < max ? next : max;
}

const struct alloc_site *tracer__sites(const struct tracer *tracer, size_t *ret_cnt)
{
	*ret_cnt = used(tracer__control(tracer)->site_next, tracer->site_max);
	return tracer->sites.at;
}

const uint64_t *tracer__frames(const struct tracer *tracer, size_t *ret_cnt)
{
	*ret_cnt = used(tracer__control(tracer)->frame_next, tracer->frame_max);
	return tracer->frames.at;
}

const struct image *tracer__images(const struct tracer *tracer, size_t *ret_cnt)
{
	*ret_cnt = used(tracer__control(tracer)->image_next, tracer->image_max);
	return tracer->images.at;
}

int tracer__stats(const struct tracer *tracer, uint64_t ret[STAT_CNT])
{
	uint64_t *values __free_mem = calloc((size_t)tracer->cpu_cnt, sizeof(*values));
	uint64_t sums[STAT_CNT] = {};
	uint32_t i;
	int cpu, err;

	if (!values)
		return -ENOMEM;
	for (i = 0; i < STAT_CNT; i++) {
		err = bpf_map_lookup_elem(bpf_map__fd(tracer->skel->maps.stats), &i, values);
		if (err)
			return err;
		for (cpu = 0; cpu < tracer->cpu_cnt; cpu++)
			sums[i] += values[cpu];
	}
	memcpy(ret, sums, sizeof(sums));
	return 0;
}

const struct why_site *tracer__why_sites(const struct tracer *tracer, size_t *ret_cnt)
{
	*ret_cnt =
		tracer->lifetimes ? used(tracer__control(tracer)->site_next, tracer->site_max) : 0;
	return tracer->why_sites.at;
}

struct story_walk {
	tracer_story_fn fn;
	void *ctx;
};

static int on_story(const void *key, const void *value, void *ctx)
{
	const struct story_walk *walk = ctx;

	return walk->fn(key, value, walk->ctx);
}

int tracer__walk_stories(const struct tracer *tracer, tracer_story_fn fn, void *ctx)
{
	struct story_walk walk = { fn, ctx };

	return map_walk(bpf_map__fd(tracer->skel->maps.why_blocks), sizeof(struct live_key),
			sizeof(struct why_block), on_story, &walk);
}

struct pair_walk {
	tracer_pair_fn fn;
	void *ctx;
};

static int on_pair(const void *key, const void *value, void *ctx)
{
	const struct pair_walk *walk = ctx;

	return walk->fn(key, *(const uint64_t *)value, walk->ctx);
}

int tracer__walk_pairs(const struct tracer *tracer, tracer_pair_fn fn, void *ctx)
{
	struct pair_walk walk = { fn, ctx };

	return map_walk(bpf_map__fd(tracer->skel->maps.why_pairs), sizeof(struct why_pair),
			sizeof(uint64_t), on_pair, &walk);
}

uint64_t tracer__map_bytes(const struct tracer *tracer)
{
	struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, tracer->skel->obj) sum += mapped_memlock(bpf_map__fd(map));
	return sum;
}

uint64_t tracer__run_ns(const struct tracer *tracer, uint64_t *ret_run_cnt)
{
	struct bpf_program *prog;
	uint64_t ns = 0;

	*ret_run_cnt = 0;
	bpf_object__for_each_program(prog, tracer->skel->obj)
	{
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		if (bpf_program__fd(prog) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			continue;
		ns += info.run_time_ns;
		*ret_run_cnt += info.run_cnt;
	}
	return ns;
}
