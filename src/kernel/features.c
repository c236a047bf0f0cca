// SPDX-License-Identifier: Apache-2.0
/*
 * Each row probes one feature with the smallest thing that needs it: a program of five instructions that adds one
 * to a counter, attached to a function of this very executable, which is then called. What is dangerous (a return
 * probe under a seccomp filter, or beside a shadow stack) happens in a child made for it.
 */
#include "kernel/features.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/bpf_link.h"
#include "kernel/self_offset.h"
#include "kernel/shadow_stack.h"

/* The function that is probed. The asm keeps the compiler from seeing through it. */
static __attribute__((noinline, used)) void features_probe_me(void)
{
	asm volatile("" ::: "memory");
}

struct trial {
	int map;
	int prog;
	volatile uint64_t *hits; /* how often the program ran */
	int link;
	int event;
};

static void trial_done(struct trial *trial)
{
	cleanup_fd(&trial->link);
	cleanup_fd(&trial->event);
	cleanup_fd(&trial->prog);
	cleanup_fd(&trial->map);
	if (trial->hits)
		munmap((void *)trial->hits, 8);
}

#define TRIAL(name)                                                                                \
	struct trial name __attribute__((                                                          \
		cleanup(trial_done))) = { .map = -1, .prog = -1, .link = -1, .event = -1 }

/* Load "*hits += 1; return 0" as a uprobe program of @attach_type. */
static int trial_load(struct trial *trial, int attach_type)
{
	LIBBPF_OPTS(bpf_map_create_opts, map_opts, .map_flags = BPF_F_MMAPABLE);
	LIBBPF_OPTS(bpf_prog_load_opts, prog_opts,
		    .expected_attach_type = (enum bpf_attach_type)attach_type);
	struct bpf_insn insns[6] = {
		/* Some names of an operation are 0. NOLINTNEXTLINE(misc-redundant-expression) */
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE },
		{},
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC,
		  .dst_reg = 1,
		  .src_reg = 2,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	void *hits;

	trial->map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "heaptap_trial", 4, 8, 1, &map_opts);
	if (trial->map < 0)
		return trial->map;
	hits = mmap(NULL, 8, PROT_READ, MAP_SHARED, trial->map, 0);
	if (hits == MAP_FAILED)
		return -errno;
	trial->hits = hits;
	insns[0].imm = trial->map;
	trial->prog =
		bpf_prog_load(BPF_PROG_TYPE_KPROBE, "heaptap_trial", "GPL", insns, 6, &prog_opts);
	return trial->prog < 0 ? trial->prog : 0;
}

static int trial_attach_multi(struct trial *trial, int attach_type, pid_t pid, int on_return)
{
	uint64_t offset, cookie = 0;
	struct bpf_link_sites sites = { .path = "/proc/self/exe",
					.offsets = &offset,
					.cookies = &cookie,
					.cnt = 1,
					.pid = pid };
	int err = self_offset((const void *)features_probe_me, &offset);

	if (!err)
		err = trial_load(trial, attach_type);
	if (err)
		return err;
	trial->link = bpf_link_uprobe_multi(trial->prog, attach_type, &sites, on_return);
	return trial->link < 0 ? trial->link : 0;
}

static int trial_attach_perf(struct trial *trial, pid_t pid, int on_return)
{
	uint64_t offset;
	int err = self_offset((const void *)features_probe_me, &offset);

	if (!err)
		err = trial_load(trial, 0);
	if (err)
		return err;
	return bpf_link_uprobe_perf(trial->prog, "/proc/self/exe", offset, 0, pid, on_return,
				    &trial->link, &trial->event);
}

static int probe_btf(void)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) ? -errno : 0;
}

/* BPF says the host's numbers, /proc those of our namespace: nobody would be found. */
static int probe_host_pids(void)
{
	char link[64] = "";

	/* A kernel without namespaces has no such link. */
	if (readlink("/proc/self/ns/pid", link, sizeof(link) - 1) < 0)
		return 0;
	/* The inode of the initial one is fixed: PROC_PID_INIT_INO of include/linux/proc_ns.h. */
	return strcmp(link, "pid:[4026531836]") ? -ESRCH : 0;
}

static int probe_bpf(void)
{
	TRIAL(trial);

	return trial_load(&trial, 0);
}

/* At least: a probe of every process is also run by another heaptap that tries its own just now. */
static int ran(const struct trial *trial, uint64_t times)
{
	return *trial->hits >= times ? 0 : -ENOTSUP;
}

static int probe_perf(void)
{
	TRIAL(trial);
	int err = trial_attach_perf(&trial, 0, 0);

	if (err)
		return err;
	features_probe_me();
	return ran(&trial, 1);
}

static int probe_multi(void)
{
	TRIAL(trial);
	int err = trial_attach_multi(&trial, BPF_LINK_UPROBE_MULTI, 0, 0);

	if (err)
		return err;
	features_probe_me();
	return ran(&trial, 1);
}

static void *thread_probe_me(void *unused)
{
	features_probe_me();
	return unused;
}

/* Before 6.10 the filter compared threads, not processes, and all but the main one went unseen. */
static int probe_multi_pid(void)
{
	TRIAL(trial);
	pthread_t thread;
	int err = trial_attach_multi(&trial, BPF_LINK_UPROBE_MULTI, getpid(), 0);

	if (err)
		return err;
	features_probe_me();
	err = -pthread_create(&thread, NULL, thread_probe_me, NULL);
	if (err)
		return err;
	pthread_join(thread, NULL);
	return ran(&trial, 2);
}

/* A session runs its program twice, at entry and at return. */
static int probe_session(void)
{
	TRIAL(trial);
	int err = trial_attach_multi(&trial, BPF_LINK_UPROBE_SESSION, getpid(), 0);

	if (err)
		return err;
	features_probe_me();
	return ran(&trial, 2);
}

/* All but exit_group is forbidden from here on. */
static int enter_strict_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) ? -errno : 0;
}

/* Exit status of a child that cannot be what it is to be, because here nobody can. */
#define NOT_HERE 3

/* How @fn in a process of its own ends: its exit status, -ENOTSUP if it is killed, or another -errno. */
static int run_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		/* Nobody is to look into how it died. */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		fn();
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ENOTSUP;
}

/* Does @child outlive that it returns from the function of the trial? 0, -ENOTSUP or another -errno. */
static int trial_child(void (*child)(void))
{
	TRIAL(trial);
	int status, err;

	err = feature_has(FEATURE_UPROBE_MULTI)
		      ? trial_attach_multi(&trial, BPF_LINK_UPROBE_MULTI, 0, 1)
		      : trial_attach_perf(&trial, 0, 1);
	if (err)
		return err;
	status = run_child(child);
	if (status == NOT_HERE)
		return 0;
	if (status)
		return status < 0 ? status : -ENOTSUP;
	return ran(&trial, 1);
}

static void return_under_filter(void)
{
	int err = enter_strict_filter();

	if (err)
		_exit(err == -EINVAL ? NOT_HERE : 2);
	features_probe_me();
	/* Not by what a sanitizer may have put in the place of _exit(). */
	syscall(SYS_exit_group, 0);
}

/* From 6.11 a return probe is a system call of its own, which filters kill for until they were taught (6.14). */
static int probe_return_under_seccomp(void)
{
	return trial_child(return_under_filter);
}

static void die_quietly(int sig)
{
	(void)sig;
	_exit(4);
}

static void begin_shadow(void)
{
	_exit(shadow_stack_enable() ? NOT_HERE : 0);
}

static void return_beside_shadow(void)
{
	signal(SIGSEGV, die_quietly);
	if (shadow_stack_enable())
		_exit(NOT_HERE);
	features_probe_me();
	_exit(0);
}

/*
 * A return probe changes where a function returns to, and a kernel may forget to tell the CPU's own record of that. Most machines
 * have no such record: that is asked first, without the probe, which takes tens of milliseconds to come and go.
 */
static int probe_return_beside_shadow(void)
{
	return run_child(begin_shadow) == NOT_HERE ? 0 : trial_child(return_beside_shadow);
}

static const struct {
	const char *title;
	const char *remedy;
	int (*probe)(void);
} features[FEATURE_CNT] = {
	[FEATURE_BTF] = { "kernel type information (BTF)",
			  "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian 12, Ubuntu "
			  "22.04, "
			  "Fedora and later have it)",
			  probe_btf },
	[FEATURE_BPF] = { "loading BPF programs",
			  "run as root, or with CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and "
			  "CAP_DAC_READ_SEARCH",
			  probe_bpf },
	[FEATURE_UPROBE_PERF] = { "uprobes by perf event",
				  "boot Linux 5.17 or later with CONFIG_UPROBE_EVENTS=y and mount "
				  "/sys",
				  probe_perf },
	[FEATURE_UPROBE_MULTI] = { "uprobe multi links", "Linux 6.6 or later attaches faster",
				   probe_multi },
	[FEATURE_UPROBE_MULTI_PID] = { "uprobe multi links of one process",
				       "Linux 6.10 or later spares other processes the trap",
				       probe_multi_pid },
	[FEATURE_UPROBE_SESSION] = { "uprobe sessions",
				     "Linux 6.13 or later traces live blocks at less cost",
				     probe_session },
	[FEATURE_HOST_PIDS] = { "the host's process numbers",
				"heaptap is in a PID namespace of its own: run it on the host, or "
				"in a container with --pid=host",
				probe_host_pids },
	[FEATURE_RETURN_UNDER_SECCOMP] = { "return probes under seccomp filters",
					   "boot Linux 6.14 or a stable kernel with its fix; until "
					   "then --no-live spares filtered processes",
					   probe_return_under_seccomp },
	[FEATURE_RETURN_BESIDE_SHADOW] = { "return probes beside shadow stacks",
					   "boot Linux 6.11; until then --no-live spares processes "
					   "that have one",
					   probe_return_beside_shadow },
};

static struct {
	bool known;
	int err;
} results[FEATURE_CNT];

bool feature_has(enum feature feature)
{
	if (!results[feature].known) {
		results[feature].err = features[feature].probe();
		results[feature].known = true;
	}
	return !results[feature].err;
}

const char *feature_title(enum feature feature)
{
	return features[feature].title;
}

const char *feature_remedy(enum feature feature)
{
	return features[feature].remedy;
}

int feature_error(enum feature feature)
{
	return feature_has(feature) ? 0 : results[feature].err;
}
