// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which processes are traced. User space puts the first ones in; with a wider scope they are adopted here, when
 * they are forked or when their first event arrives. Every program a process runs is an image of its own: an
 * exec or exit ends one, and all that was live in it is gone.
 */
#include "process.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "arch.bpf.h"
#include "config.bpf.h"
#include "own_stack.bpf.h"
#include "stats.bpf.h"
#include "thread.bpf.h"

#define SIGCONT 18
#define SIGSTOP 19

/* Folders above a program's file that are looked at. */
#define FOLDERS_MAX 16

#define WUNTRACED    2
#define PIDTYPE_PGID 2

/* The kernel's, by CO-RE: include/linux/cgroup_subsys.h, numbered by what is configured. */
enum cgroup_subsys_id___any {
	memory_cgrp_id___any,
};

const volatile struct config config = {};
struct control control = {};
const volatile __u32 own_stack_never = 0;
OWN_STACK_MAP(process_stack);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct image);
} images SEC(".maps");

/* Numbers of images that user space has taken back, to be given out once there are no fresh ones. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, __u32);
} free_images SEC(".maps");

/* Entry files that user space has looked at. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct entry_key);
	__type(value, __u8);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} notices SEC(".maps");

int process_notify(struct notice *notice)
{
	if (!notice)
		return 0;
	notice->tgid = bpf_get_current_pid_tgid() >> 32;
	if (bpf_ringbuf_output(&notices, notice, sizeof(*notice), 0))
		return stats_add(STAT_NOTICE_LOST, 1), -1;
	return 0;
}

__hidden struct image *process_image_at(__u32 image)
{
	return bpf_map_lookup_elem(&images, &image);
}

/* A free entry of the array; image_max if there is none. */
static __u32 image_claim(void)
{
	__u32 id = config.image_max;

	if (control.image_next < config.image_max)
		id = __sync_fetch_and_add(&control.image_next, 1);
	if (id >= config.image_max && bpf_map_pop_elem(&free_images, &id))
		return config.image_max;
	return id;
}

/*
 * CPU time of the task's process: its own as of its last tick or switch, and that of threads that have ended. Exact enough
 * where no other thread runs, as at exec and at the last one's exit.
 */
static __u64 cpu_ns(struct task_struct *task)
{
	return BPF_CORE_READ(task, se.sum_exec_runtime) +
	       BPF_CORE_READ(task, signal, sum_sched_runtime);
}

/* A new image of @tgid, or IMAGE_NONE if the array is full. */
static __u32 image_new(__u32 tgid, __u32 parent, struct task_struct *task)
{
	__u32 id = image_claim();
	struct image *image, *from;

	if (id >= config.image_max) {
		stats_add(STAT_IMAGE_FULL, 1);
		return IMAGE_NONE;
	}
	image = process_image_at(id);
	if (!image)
		return IMAGE_NONE;
	image->tgid = tgid;
	image->parent = parent;
	image->start_ns = bpf_ktime_get_ns();
	image->uid = BPF_CORE_READ(task, cred, euid.val);
	image->mean_bytes = config.mean_bytes;
	image->since_ns = image->start_ns;
	from = parent == IMAGE_NONE ? NULL : process_image_at(parent);
	if (from)
		image->mean_bytes = from->mean_bytes;
	bpf_probe_read_kernel(image->comm, sizeof(image->comm), &task->comm);
	return id;
}

static bool cgroup_matches(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css;
	struct cgroup *cgroup;
	int depth;

	if (config.cgroup_is_v2) {
		cgroup = BPF_CORE_READ(set, dfl_cgrp);
		css = (struct cgroup_subsys_state *)((void *)cgroup +
						     bpf_core_field_offset(struct cgroup, self));
	} else {
		/* The controllers' numbers depend on the kernel's configuration, and /proc/cgroups may leave some out. */
		bpf_probe_read_kernel(&css, sizeof(css),
				      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
					      bpf_core_enum_value(enum cgroup_subsys_id___any,
								  memory_cgrp_id___any) *
						      sizeof(css));
	}
	/* Up through the parents; hierarchies are not deeper than this in practice. */
	for (depth = 0; depth < 32 && css; depth++) {
		cgroup = BPF_CORE_READ(css, cgroup);
		if (BPF_CORE_READ(cgroup, kn, id) == config.cgroup_id)
			return true;
		css = BPF_CORE_READ(css, parent);
	}
	return false;
}

static bool in_scope(struct task_struct *task, __u32 tgid)
{
	/* Neither the tracer nor what it runs to learn about others (a loader that lists libraries). */
	if (tgid == config.self_tgid ||
	    (__u32)BPF_CORE_READ(task, real_parent, tgid) == config.self_tgid)
		return false;
	if (config.scope == SCOPE_ALL)
		return true;
	return config.scope == SCOPE_CGROUP && cgroup_matches(task);
}

/* First event of a process nobody announced. Both verdicts are kept. */
static __u32 adopt(__u32 tgid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct notice notice = { .kind = NOTICE_ADOPT };
	struct process process = {}, *now;

	if (in_scope(task, tgid))
		process.image = image_new(tgid, IMAGE_NONE, task);
	if (bpf_map_update_elem(&processes, &tgid, &process, BPF_NOEXIST)) {
		now = bpf_map_lookup_elem(&processes, &tgid);
		return now ? now->image : IMAGE_NONE;
	}
	notice.image = process.image;
	if (process.image != IMAGE_NONE)
		process_notify(&notice);
	return process.image;
}

static __u32 look_up(__u32 tgid)
{
	struct process *process = bpf_map_lookup_elem(&processes, &tgid);
	__u32 id = IMAGE_NONE;

	if (process)
		id = process->image;
	else if (config.scope >= SCOPE_CGROUP)
		id = adopt(tgid);
	if (id == IMAGE_NONE && tgid != config.self_tgid)
		stats_add(STAT_HIT_OTHERS, 1);
	return id;
}

/*
 * Where a process's image was found last, which holds if that image says so itself. A look-up in the hash costs more than
 * all else that an allocation costs that the sampler declines.
 */
#define RECENT_CNT 1024u
static __u32 recent[RECENT_CNT];

__hidden struct image *process_current(__u32 *ret)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, id = recent[tgid % RECENT_CNT];
	struct image *image = process_image_at(id);

	if (id == IMAGE_NONE || !image || image->tgid != tgid || image->end_ns) {
		id = look_up(tgid);
		if (id == IMAGE_NONE)
			return NULL;
		recent[tgid % RECENT_CNT] = id;
		image = process_image_at(id);
	}
	*ret = id;
	return image;
}

static void image_end(__u32 id, struct task_struct *task)
{
	struct notice notice = { .kind = NOTICE_EXIT, .image = id };
	struct image *image = process_image_at(id);

	if (!image)
		return;
	image->end_cpu_ns = cpu_ns(task);
	image->end_ns = bpf_ktime_get_ns();
	process_notify(&notice);
}

SEC("raw_tp/sched_process_fork")
int heaptap_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];
	struct notice notice = { .kind = NOTICE_FORK };
	__u32 from = BPF_CORE_READ(parent, tgid), tgid = BPF_CORE_READ(child, tgid);
	struct process *process, forked = {};

	if (from == tgid)
		return 0;
	process = bpf_map_lookup_elem(&processes, &from);
	if (!process || process->image == IMAGE_NONE)
		return 0;
	if (BPF_CORE_READ(parent, mm) == BPF_CORE_READ(child, mm)) {
		/* vfork: what the child does to the heap, it does to its parent's. */
		forked.image = process->image;
		forked.flags = PROCESS_SHARED;
	} else if (config.scope != SCOPE_LISTED) {
		forked.image = image_new(tgid, process->image, child);
		if (forked.image == IMAGE_NONE)
			return 0;
		notice.id = tgid;
		notice.image = forked.image;
		process_notify(&notice);
	} else {
		return 0;
	}
	bpf_map_update_elem(&processes, &tgid, &forked, BPF_ANY);
	return 0;
}

static long on_entry(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	struct file *file = vma->vm_file;
	struct entry_key *key = ctx;
	struct inode *inode;

	if (!file)
		return 0;
	inode = file->f_inode;
	key->ino = inode->i_ino;
	key->dev = inode->i_sb->s_dev;
	return 0;
}

/* Say in @notice if the current process, which has just become another program, begins in a file that is new. */
static __attribute__((noinline)) int find_entry(struct notice *notice)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct entry_key key = {};

	if (!notice)
		return 0;
	bpf_find_vma(task, ARCH_PC(regs), on_entry, &key, 0);
	if (!key.ino || bpf_map_lookup_elem(&entries, &key))
		return 0;
	notice->id = ENTRY_NEW;
	notice->ino = key.ino;
	notice->dev = key.dev;
	return 0;
}

/*
 * Is it traced, and not by us? We hold programs for a moment (src/session/hold.h), and one may become the next in that: it stops
 * all the same, for what hold_release() lets go of keeps what has been sent to it.
 */
static bool is_debugged(struct task_struct *task)
{
	return BPF_CORE_READ(task, ptrace) &&
	       (__u32)BPF_CORE_READ(task, parent, tgid) != config.self_tgid;
}

/*
 * Would somebody make something of it that the task has stopped? Its tracer; shells with job control, which give it a process
 * group of its own; su and the like, which give it another user or are waiting for just that by now; sudo, which asks when it
 * is told of a child, and stops itself. Who waits for its end alone does not see it.
 */
static bool stop_is_seen(struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct signal_struct *signal = BPF_CORE_READ(parent, signal);
	struct list_head *head, *next;
	struct wait_opts *wait;
	char comm[5] = {};

	bpf_probe_read_kernel(comm, sizeof(comm), &parent->comm);
	if (!__builtin_memcmp(comm, "sudo", 4) && !comm[4])
		return true;
	/* We ourselves, under valgrind, would wait for our own reader. */
	if ((__u32)BPF_CORE_READ(parent, tgid) == config.self_tgid)
		return true;
	if (!bpf_core_field_exists(struct wait_opts, wo_flags) || is_debugged(task) ||
	    BPF_CORE_READ(task, cred, euid.val) != BPF_CORE_READ(parent, cred, euid.val) ||
	    BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]) !=
		    BPF_CORE_READ(signal, pids[PIDTYPE_PGID]))
		return true;
	head = (void *)signal + bpf_core_field_offset(struct signal_struct, wait_chldexit) +
	       bpf_core_field_offset(struct wait_queue_head, head);
	next = BPF_CORE_READ(head, next);
	if (next == head)
		return false;
	wait = (void *)next - bpf_core_field_offset(struct wait_queue_entry, entry) -
	       bpf_core_field_offset(struct wait_opts, child_wait);
	return BPF_CORE_READ(wait, wo_flags) & WUNTRACED;
}

/* Stop the current process before its next instruction in user space. @notice tells user space, which lets it go. */
static void stop(struct process *process, struct notice *notice)
{
	notice->id |= ENTRY_HELD;
	process->flags |= PROCESS_HELD;
	bpf_send_signal(SIGSTOP);
}

/* The process is stopped if it can be, and @notice sent. Our command's parent is the tracer: nobody else is told. */
static void hold(struct process *process, struct notice *notice)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool may = control.active && config.hold_tgid && !(process->flags & PROCESS_HELD);

	if (may && (__u32)task->tgid != config.hold_tgid)
		may = config.scope == SCOPE_CHILDREN && !stop_is_seen(task);
	if (may)
		stop(process, notice);
	/* Nobody would let it go on. */
	if (process_notify(notice) && may) {
		process->flags &= ~PROCESS_HELD;
		bpf_send_signal(SIGCONT);
	}
}

/* As proc_is_translated() has it, and whoever is called like valgrind's launchers: "valgrind", "valgrind.bin". */
static __attribute__((noinline)) int is_translator(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dentry *at = BPF_CORE_READ(task, mm, exe_file, f_path.dentry), *up;
	char name[8] = {};
	int i;

	bpf_probe_read_kernel(name, sizeof(name), &task->comm);
	if (!__builtin_memcmp(name, "valgrind", 8) ||
	    (!__builtin_memcmp(name, "pinb", 4) && !__builtin_memcmp(name + 4, "in", 2)))
		return 1;
	for (i = 0; i < FOLDERS_MAX; i++) {
		up = BPF_CORE_READ(at, d_parent);
		if (up == at)
			return 0;
		at = up;
		if (BPF_CORE_READ(at, d_name.len) != sizeof(name))
			continue;
		bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(at, d_name.name));
		if (!__builtin_memcmp(name, "valgrind", sizeof(name)))
			return 1;
	}
	return 0;
}

/*
 * valgrind reads the code of the program that it runs, breakpoints included, and would end it by them. So it is heard of,
 * whoever is traced, and waits until none are shared and it has none that were put into what it was before, for as long as that
 * takes. Where somebody would see that it is stopped, or we could not let it go on, user space has to be in time.
 */
static void meet_translator(struct task_struct *task, __u32 tgid)
{
	struct notice notice = { .kind = NOTICE_TRANSLATOR };
	struct process *process = NULL, fresh = {};

	if (control.holds && tgid != config.hold_tgid && !stop_is_seen(task) &&
	    (config.hold_uid == HOLD_ANY ||
	     BPF_CORE_READ(task, cred, uid.val) == config.hold_uid)) {
		bpf_map_update_elem(&processes, &tgid, &fresh, BPF_NOEXIST);
		process = bpf_map_lookup_elem(&processes, &tgid);
	}
	if (process) {
		process->flags |= PROCESS_TRANSLATOR;
		stop(process, &notice);
	}
	if (process_notify(&notice) && process)
		control.unheard = 1;
}

/* The current process has become another program: is it traced? If so, it has an image, and @notice says what it begins in. */
static bool judge_exec(struct task_struct *task, __u32 tgid, struct notice *notice)
{
	struct process *process = bpf_map_lookup_elem(&processes, &tgid), fresh = {};
	__u32 from = process ? process->image : IMAGE_NONE;
	struct image *info;

	if (from == IMAGE_NONE) {
		/* Out of scope so far, or without an event; the new program is judged anew. */
		if (!in_scope(task, tgid)) {
			bpf_map_delete_elem(&processes, &tgid);
			return false;
		}
	} else if (process && !(process->flags & PROCESS_SHARED)) {
		image_end(from, task);
	} else if (config.scope == SCOPE_LISTED) {
		bpf_map_delete_elem(&processes, &tgid);
		return false;
	}
	notice->image = fresh.image = image_new(tgid, from, task);
	info = process_image_at(fresh.image);
	if (info)
		info->begin_cpu_ns = cpu_ns(task);
	find_entry(notice);
	if (notice->id)
		fresh.flags = PROCESS_WAITS;
	bpf_map_update_elem(&processes, &tgid, &fresh, BPF_ANY);
	return true;
}

SEC("raw_tp/sched_process_exec")
int heaptap_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct notice notice = { .kind = NOTICE_EXEC };
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct process *process;
	bool traced;

	thread_reset();
	traced = judge_exec(task, tgid, &notice);
	if (config.scope != SCOPE_LISTED && is_translator())
		meet_translator(task, tgid);
	if (!traced)
		return 0;
	process = bpf_map_lookup_elem(&processes, &tgid);
	if (process && (notice.id || tgid == config.hold_tgid))
		hold(process, &notice);
	else
		process_notify(&notice);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int heaptap_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct process *process;

	/* Threads come here one by one; do_exit() has counted this one off already. */
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		return 0;
	if (process->image != IMAGE_NONE && !(process->flags & PROCESS_SHARED))
		image_end(process->image, task);
	bpf_map_delete_elem(&processes, &tgid);
	return 0;
}

/* The loader's debugger hook: libraries have come or gone, so addresses may mean other code from now on. */
SEC("uprobe")
int heaptap_libs(struct pt_regs *ctx)
{
	struct notice notice = { .kind = NOTICE_LIBS };
	struct process *process;
	struct image *image;

	OWN_STACK(ctx, process_stack);
	image = process_current(&notice.image);
	if (!image)
		return 0;
	__sync_fetch_and_add(&image->map_gen, 1);
	process = bpf_map_lookup_elem(&processes, &image->tgid);
	if (process && process->flags & PROCESS_WAITS)
		hold(process, &notice);
	else
		process_notify(&notice);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
