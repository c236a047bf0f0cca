// SPDX-License-Identifier: Apache-2.0
/* Load the programs and attach the probes; nothing counts until recording__run(). */
#include <errno.h>
#include <signal.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/config.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/units.h"
#include "kernel/features.h"
#include "proc/proc_info.h"
#include "proc/proc_maps.h"
#include "session/apart.h"
#include "session/hold.h"
#include "session/pace.h"
#include "session/recording.h"
#include "target/target_cmd.h"

#define ENVIRON_MAX_BYTES ((size_t)8 << 20)

#define LIVE_MAX_DEFAULT   (2u << 20)
#define SITES_MAX_DEFAULT  (128u << 10)
#define SITES_MAX_MANY     (384u << 10)
#define STACKS_MAX_DEFAULT ((uint64_t)32 << 20)
#define STACKS_MAX_MANY    ((uint64_t)64 << 20)
/* Room for libraries that come later, beside what is needed now. */
#define ROWS_SPARE         (512u << 10)
#define PAGES_SPARE        (64u << 10)
/* Mappings of 40 bytes: a process has ten to a few hundred, and each change of them takes anew. */

static uint32_t size_or(uint64_t wanted, uint64_t otherwise)
{
	uint64_t size = wanted ? wanted : otherwise;

	return size > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)size;
}

static struct tracer_options tracer_options(struct recording *rec)
{
	const struct session_config *config = rec->config;
	bool many = rec->scope >= SCOPE_CHILDREN;
	uint64_t stacks = config->stacks_max_bytes ? config->stacks_max_bytes
			  : many                   ? STACKS_MAX_MANY
						   : STACKS_MAX_DEFAULT;
	size_t rows, pages;

	file_table__need(rec->files, &rows, &pages);
	rec->site_max = size_or(config->sites_max_cnt, many ? SITES_MAX_MANY : SITES_MAX_DEFAULT);
	return (struct tracer_options){
		.backend = (enum tracer_backend)config->backend,
		.scope = rec->scope,
		.hold_pid = rec->child.pid,
		.cgroup_id = rec->cgroup_id,
		.cgroup_is_v2 = rec->cgroup_is_v2,
		.live = rec->live,
		.lifetimes = config->lifetimes,
		.totals = config->on_totals,
		.ops = config->op,
		.sampling = config->sample_bytes != 1 || session_has_budget(config),
		.mean_bytes = config->sample_bytes ? config->sample_bytes : 1,
		.brake_cnt = PACE_BRAKE_CNT,
		.brake_ns = config->sample_bytes ? 0 : PACE_TICK_NS,
		.empty = config->empty,
		.image_max = rec->image_max,
		.site_max = rec->site_max,
		.frame_max = size_or(stacks / 8, 1),
		.live_max = size_or(config->live_max_cnt, LIVE_MAX_DEFAULT),
		.row_max = size_or(rows + ROWS_SPARE, 0),
		.page_max = size_or(pages + PAGES_SPARE, 0),
		.depth_max = 1024,
	};
}

static int explain_open(int err, enum tracer_open_error why)
{
	switch (why) {
	case TRACER_NO_BTF:
		log_err(0, "no %s: %s", feature_title(FEATURE_BTF), feature_remedy(FEATURE_BTF));
		return SESSION_PRIVILEGE;
	case TRACER_NO_PRIVILEGE:
		log_err(err, "cannot load BPF programs: %s", feature_remedy(FEATURE_BPF));
		return SESSION_PRIVILEGE;
	case TRACER_NO_UPROBES:
		log_err(0, "no uprobes: %s", feature_remedy(FEATURE_UPROBE_PERF));
		return SESSION_PRIVILEGE;
	case TRACER_NO_MEMORY:
		log_err(err,
			"not enough kernel memory for the maps: lower --live-max, --sites-max or "
			"--stacks-max");
		return SESSION_FAILED;
	default:
		log_err(err, "the kernel refused the BPF programs; --verbose shows its words");
		log_debug_lines(tracer_last_log());
		return SESSION_PRIVILEGE;
	}
}

#define FOR_LIBS (1ull << 63)

/* Its "libraries have changed" hook, which stays as it is whatever becomes of the other probes. */
static int attach_libs(struct recording *rec, size_t index, pid_t pid)
{
	const struct target_object *object = target_set__at(rec->targets, index);
	bool is_new;
	int err;

	if (!object->notify_off)
		return 0;
	if (!recording__is_listed(rec) && !rec->has_own_hooks)
		pid = 0;
	if (!hashmap__slot(rec->attached, FOR_LIBS | (uint64_t)index << 32 | (uint32_t)pid, 1,
			   &is_new))
		return -ENOMEM;
	if (!is_new)
		return 0;
	err = tracer__attach_libs(rec->tracer, object->fd, (uint32_t)index, pid,
				  object->notify_off);
	if (err)
		log_debug("cannot watch the loader %s: %s", object->path, strerror(-err));
	return 0;
}

/* Attach @object for @pid (0: everybody) unless that was done. */
static int attach_object(struct recording *rec, size_t index, pid_t pid)
{
	const struct target_object *object = target_set__at(rec->targets, index);
	struct tracer_site *sites __free_mem = calloc(object->probe_cnt + 1, sizeof(*sites));
	bool is_new;
	size_t i;
	int err;

	/* Nobody has it any more. */
	if (object->fd < 0)
		return 0;
	if (!sites || !hashmap__slot(rec->attached, recording_probe_key(index, pid), 0, &is_new))
		return -ENOMEM;
	if (!is_new)
		return 0;
	err = attach_libs(rec, index, pid);
	if (err || !object->probe_cnt)
		return err;
	for (i = 0; i < object->probe_cnt; i++) {
		sites[i].offset = object->probes[i].site.site_off;
		sites[i].probe = object->probes[i].probe;
		sites[i].rets = object->probes[i].rets;
		sites[i].ret_cnt = object->probes[i].ret_cnt;
		log_debug("%s: %s at 0x%" PRIx64 " (%s)", object->path, object->probes[i].name,
			  sites[i].offset, site_reason_text(object->probes[i].site.reason));
	}
	err = tracer__attach(rec->tracer, object->fd, (uint32_t)index, pid, sites,
			     object->probe_cnt, !pid || !governor__is_closed(rec->governor, pid));
	if (err)
		return err;
	rec->probe_cnt += object->probe_cnt;
	rec->object_cnt++;
	return hashmap__set(rec->attached, recording_probe_key(index, pid),
			    clock_ns(CLOCK_MONOTONIC));
}

void recording__watch_loaders(struct recording *rec, bool own)
{
	VEC(uint64_t) probed = {}, watched = {};
	uint64_t key, value;
	size_t pos = 0, i;

	while (hashmap__next(rec->attached, &pos, &key, &value)) {
		if (key & FOR_LIBS)
			vec__push(&watched, key);
		else if (!own || (uint32_t)key)
			vec__push(&probed, key);
	}
	tracer__forget_libs(rec->tracer);
	for (i = 0; i < watched.cnt; i++)
		hashmap__del(rec->attached, watched.at[i]);
	rec->has_own_hooks = own;
	for (i = 0; i < probed.cnt; i++)
		attach_libs(rec, probed.at[i] >> 32, (pid_t)probed.at[i]);
	vec__done(&probed);
	vec__done(&watched);
}

/* Whom probes for @pid are attached for. */
static pid_t probes_of(const struct recording *rec, pid_t pid)
{
	return recording__is_listed(rec) || rec->is_apart ? pid : 0;
}

/* @before: what @pid was when its mappings were yet to be read. With a dynamic linker the C library may still come. */
static int note_unprobed(struct recording *rec, const struct proc_info *before,
			 const struct target_refs *refs)
{
	struct proc_info now;
	size_t i;

	for (i = 0; i < refs->cnt; i++) {
		if (target_set__at(rec->targets, refs->at[i])->notify_off)
			return 0;
	}
	if (proc_info__read(before->pid, &now) || strcmp(before->comm, now.comm))
		return 0;
	return unprobed__note(&rec->unprobed, now.comm);
}

int recording__attach_new(struct recording *rec, pid_t pid)
{
	struct target_refs refs __target_refs = {};
	bool is_followed = rec->scope == SCOPE_CHILDREN;
	struct proc_info info;
	size_t i;
	int err;

	if (is_followed && proc_info__read(pid, &info))
		is_followed = false;
	err = target_set__add_pid(rec->targets, pid, &refs);
	recording__tell_doubted(rec);
	if (err == TARGET_NO_ALLOCATOR && is_followed)
		err = note_unprobed(rec, &info, &refs);
	if (err < 0)
		return err;
	for (i = 0, err = 0; !err && i < refs.cnt; i++)
		err = attach_object(rec, refs.at[i], probes_of(rec, pid));
	late__note_mapped(rec, &refs, probes_of(rec, pid));
	return err;
}

void recording__try_attach(struct recording *rec, pid_t pid)
{
	if (recording__attach_new(rec, pid))
		log_debug("process %d: not all of its allocators could be probed", (int)pid);
}

static int attach_every(struct recording *rec, pid_t pid)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < target_set__cnt(rec->targets); i++)
		err = attach_object(rec, i, pid);
	return err;
}

int recording__attach_shared(struct recording *rec)
{
	return attach_every(rec, 0);
}

/* The command is still us; it will map the files that prepare found. */
static int attach_for_child(struct recording *rec)
{
	return attach_every(rec, probes_of(rec, rec->child.pid));
}

void recording__feed_files(struct recording *rec)
{
	file_table__read_on(rec->files, false);
	if (file_table__feed(rec->files, rec->tracer) != -ENOSPC || rec->tables_full)
		return;
	rec->tables_full = true;
	log_warn(0,
		 "no room for more unwind tables: stacks through files that came late may be cut");
}

void recording__feed_all_files(struct recording *rec)
{
	file_table__read_all(rec->files);
	recording__feed_files(rec);
}

/* What the program that @pid has just become will map, by its loader's word: it has not run an instruction yet. */
static void attach_ahead(struct recording *rec, pid_t pid)
{
	char *environment __free_mem = NULL, path[64], exe[64];
	VEC(const char *) envp = {};
	const char *argv[] = { exe, NULL };
	size_t len, i;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	if (fdio_read_file(path, ENVIRON_MAX_BYTES, &environment, &len))
		return;
	for (i = 0; i < len; i += strlen(environment + i) + 1) {
		if (vec__push(&envp, environment + i))
			break;
	}
	err = vec__push(&envp, NULL);
	if (!err &&
	    target_set__add_cmd(rec->targets, argv, envp.at, recording__add_file, rec, NULL) >= 0)
		recording__feed_files(rec);
	vec__done(&envp);
	if (!err && attach_every(rec, probes_of(rec, pid)))
		log_debug("process %d: not all of its allocators could be probed", (int)pid);
}

/* Has @pid mapped code that there is no table for? */
static bool has_news(const struct recording *rec, pid_t pid)
{
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;
	int err = proc_maps__open(&maps, pid);

	while (!err && proc_maps__next(&maps, &map)) {
		struct unwind_file_key key = { .ino = map.ino, .dev = map.dev };

		if ((map.perms & PROC_MAP_EXEC) && map.ino && !file_table__find(rec->files, &key))
			return true;
	}
	return false;
}

/* What paths mean to it is not what they mean to us. */
static bool has_other_root(pid_t pid)
{
	char root[64], ns[64];
	struct stat own, other;

	snprintf(root, sizeof(root), "/proc/%d/root/", (int)pid);
	snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", (int)pid);
	if (stat("/", &own) || stat(root, &other) || own.st_ino != other.st_ino ||
	    own.st_dev != other.st_dev)
		return true;
	return stat("/proc/self/ns/mnt", &own) || stat(ns, &other) || own.st_ino != other.st_ino;
}

/* It stands still if @stopped (by BPF) or @held (by ptrace). */
static void meet_program(struct recording *rec, const struct notice *notice, bool stopped,
			 bool held)
{
	pid_t pid = (pid_t)notice->tgid;

	if (rec->governor)
		governor__meet(rec->governor, rec->tracer, notice->image,
			       clock_ns(CLOCK_MONOTONIC));
	if (!stopped)
		late__begin(rec, notice->image, notice->id & ENTRY_NEW ? LATE_UNHOOKED : 0);
	/* Nobody else's probes are in it. */
	if (stopped || (held && (rec->is_apart || has_news(rec, pid)))) {
		/* Its loader cannot be asked, and is not to be run: what it maps is seen when it has. */
		if (has_other_root(pid))
			tracer__set_waits(rec->tracer, pid, true);
		else
			attach_ahead(rec, pid);
	}
	recording__look_at(rec, notice->image, pid);
	late__look(rec, notice->image, pid);
	if (notice->id & ENTRY_NEW && late__is_seen(rec, notice->image))
		tracer__know_entry(rec->tracer, notice->dev, notice->ino);
}

void recording__on_exec(struct recording *rec, const struct notice *notice)
{
	pid_t pid = (pid_t)notice->tgid;
	/* Descendants of our command are new to everybody: making them a little later hurts nobody. */
	bool ours = rec->child.pid && rec->scope == SCOPE_CHILDREN && pid != rec->child.pid;
	bool stopped = notice->id & ENTRY_HELD, held = ours && !stopped && !hold_take(pid);

	if (proc_is_translated(pid))
		apart_forget_translated(rec, notice->image, pid);
	else
		meet_program(rec, notice, stopped, held);
	if (held || stopped)
		recording__feed_all_files(rec);
	if (held)
		hold_release(pid);
	if (stopped)
		tracer__let_go(rec->tracer, pid);
}

static void look_at_libs(uint32_t image, pid_t pid, void *ctx)
{
	struct recording *rec = ctx;

	recording__look_at(rec, image, pid);
	late__look(rec, image, pid);
}

void recording__make_up_looks(struct recording *rec, uint64_t now_ns)
{
	looks__make_up(&rec->looks, now_ns, look_at_libs, rec);
}

void recording__on_libs(struct recording *rec, const struct notice *notice)
{
	pid_t pid = (pid_t)notice->tgid;
	bool held = notice->id & ENTRY_HELD;

	if (!held && !looks__may(&rec->looks, notice->image, pid, clock_ns(CLOCK_MONOTONIC)))
		return;
	look_at_libs(notice->image, pid, rec);
	if (!held)
		return;
	recording__feed_all_files(rec);
	/* All is mapped: before its own first instruction, and musl says it only once. */
	if (late__has_begun(rec, notice->image))
		tracer__set_waits(rec->tracer, pid, false);
	tracer__let_go(rec->tracer, pid);
}

bool recording__wants(const struct recording *rec, uint32_t image)
{
	const struct process_info *info = process_table__info(rec->processes, image);
	const struct image *images;
	size_t cnt;

	images = tracer__images(rec->tracer, &cnt);
	return image >= cnt || choice__wants(&rec->config->choice, images[image].comm, info->exe,
					     images[image].uid);
}

void recording__look_at(struct recording *rec, uint32_t image, pid_t pid)
{
	const struct image *images;
	size_t cnt;

	/* It may be gone by now; what it did is counted all the same. */
	images = tracer__images(rec->tracer, &cnt);
	if (process_table__scan(rec->processes, image, pid) && image < cnt)
		process_table__inherit(rec->processes, image, images[image].parent);
	recording__feed_files(rec);
	if (!recording__wants(rec, image)) {
		tracer__dismiss(rec->tracer, image, pid);
		return;
	}
	if (rec->governor)
		governor__meet(rec->governor, rec->tracer, image, clock_ns(CLOCK_MONOTONIC));
	recording__try_attach(rec, pid);
}

static int add_pid(struct recording *rec, pid_t pid)
{
	struct proc_info info;
	uint32_t image;
	int err = proc_info__read(pid, &info);

	if (!err)
		err = tracer__add_image(rec->tracer, pid, info.comm, &image);
	if (err || pid == rec->child.pid)
		return err;
	return process_table__scan(rec->processes, image, pid);
}

static int attach_all(struct recording *rec)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < rec->pids.cnt; i++) {
		pid_t pid = rec->pids.at[i];

		err = add_pid(rec, pid);
		if (!err)
			err = pid == rec->child.pid ? attach_for_child(rec)
						    : recording__attach_new(rec, pid);
		if (err == -ESRCH)
			return log_err(0, "process %d has ended", (int)pid), SESSION_FAILED;
		if (err)
			return log_err(err, "cannot attach to process %d", (int)pid);
	}
	if (recording__is_listed(rec) || rec->is_apart)
		return 0;
	/* One file that cannot be probed is no reason to go without the others. */
	for (i = 0; i < target_set__cnt(rec->targets); i++) {
		err = attach_object(rec, i, 0);
		if (err)
			log_warn(err, "cannot probe %s", target_set__at(rec->targets, i)->path);
	}
	return rec->probe_cnt || !err ? 0 : log_err(err, "cannot attach");
}

static int attach_op(struct recording *rec)
{
	pid_t only = recording__is_listed(rec) && rec->pids.cnt == 1 ? rec->pids.at[0] : 0;
	int err = op_sites__attach(&rec->op, rec->tracer, only);

	return err ? log_err(err, "cannot probe %s", rec->config->op) : 0;
}

int recording__arm(struct recording *rec)
{
	const struct session_config *config = rec->config;
	const struct governor_config governor = { .budget = config->max_overhead,
						  .total = config->max_overhead_total,
						  .mean_bytes = config->sample_bytes,
						  .live = rec->live,
						  .is_listed = recording__is_listed(rec),
						  .leaves_out = rec->scope != SCOPE_ALL ||
								!choice__is_all(&config->choice),
						  .part = apart_begin,
						  .unite = apart_end,
						  .ctx = rec };
	struct tracer_options options = tracer_options(rec);
	enum tracer_open_error why;
	char bytes[16];
	int err = tracer__open(&options, &rec->tracer, &why);

	if (err)
		return explain_open(err, why);
	rec->governor = governor__new(&governor);
	if (!rec->governor)
		return log_err(-ENOMEM, "cannot start");
	err = file_table__feed(rec->files, rec->tracer);
	if (err && err != -ENOSPC)
		return log_err(err, "cannot load unwind tables");
	governor__prepare(rec->governor, rec->tracer, clock_ns(CLOCK_MONOTONIC));
	apart_spare_translated(rec);
	err = attach_all(rec);
	late__know_files(rec);
	rec->first_file_cnt = file_table__cnt(rec->files);
	file_table__read_later(rec->files, rec->later);
	if (!err)
		err = attach_op(rec);
	if (err)
		return err;
	log_debug("%s, %zu probes in %zu files, %s of maps",
		  tracer_backend_name(tracer__backend(rec->tracer)), rec->probe_cnt,
		  rec->object_cnt,
		  units_format_bytes((int64_t)tracer__map_bytes(rec->tracer), bytes));
	return SESSION_OK;
}
