// SPDX-License-Identifier: Apache-2.0
#include "herd.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "debugger.h"
#include "proc/proc_list.h"
#include "proc/proc_maps.h"
#include "proc/proc_open.h"

#define POLL_US           500
#define LINK_UPROBE_MULTI 12 /* BPF_LINK_TYPE_UPROBE_MULTI */

static bool __attribute__((format(printf, 2, 3)))
harmed(struct victim *victim, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!victim->why[0])
		vsnprintf(victim->why, sizeof(victim->why), fmt, args);
	va_end(args);
	return false;
}

static uint64_t read_cnt(const uint64_t *cnt)
{
	return __atomic_load_n(cnt, __ATOMIC_SEQ_CST);
}

int victim__init(struct victim *victim)
{
	victim->pulse_fd = memfd_create("pulse", 0);
	if (victim->pulse_fd < 0 || ftruncate(victim->pulse_fd, sizeof(*victim->pulse)))
		return -errno;
	victim->pulse = mmap(NULL, sizeof(*victim->pulse), PROT_READ | PROT_WRITE, MAP_SHARED,
			     victim->pulse_fd, 0);
	return victim->pulse == MAP_FAILED ? -errno : 0;
}

void victim__done(struct victim *victim)
{
	munmap(victim->pulse, sizeof(*victim->pulse));
	close(victim->pulse_fd);
}

static bool start_debugger(struct victim *victim)
{
	victim->tracer = fork();
	if (victim->tracer)
		return victim->tracer > 0 || harmed(victim, "no debugger");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(debug_process(victim->pid, victim->pulse));
}

static bool end_debugger(struct victim *victim)
{
	int status;

	if (!victim->tracer)
		return true;
	__atomic_store_n(&victim->pulse->debugger_stop, 1, __ATOMIC_SEQ_CST);
	waitpid(victim->tracer, &status, 0);
	victim->tracer = 0;
	return status ? harmed(victim, "its debugger fails (0x%x)", status) : true;
}

/* --- its life ------------------------------------------------------------------------------------------------------- */

static void gather(struct victim *victim)
{
	victim->counts.beats += victim->pulse->beats;
	victim->counts.forks += victim->pulse->forks;
	victim->counts.execs += victim->pulse->execs;
	victim->counts.loads += victim->pulse->loads;
	victim->counts.steps += victim->pulse->steps;
	memset(victim->pulse, 0, sizeof(*victim->pulse));
}

/* It has ended: as it should? */
static bool judge(struct victim *victim, int status)
{
	uint32_t line = victim->pulse->harm_line;

	victim->pid = 0;
	if (victim->pulse->strange_trap)
		return harmed(victim, "hit a breakpoint of nobody's");
	if (WIFSIGNALED(status))
		return harmed(victim, "killed by signal %d", WTERMSIG(status));
	if (line)
		return harmed(victim, "finds its work spoilt (victim.c:%u)", line);
	if (WEXITSTATUS(status))
		return harmed(victim, "ended with %d", WEXITSTATUS(status));
	gather(victim);
	return true;
}

/* Reap it if it has ended by itself, which some may. */
static bool look_after(struct victim *victim)
{
	int status;

	if (!victim->pid || waitpid(victim->pid, &status, WNOHANG) != victim->pid)
		return true;
	if (victim->kind != VICTIM_EXITS && !WIFSIGNALED(status) && !WEXITSTATUS(status))
		return harmed(victim, "ended untold");
	return judge(victim, status);
}

static bool spawn(struct victim *victim)
{
	char kind[16], fd[16], seed[16];
	const char *argv[] = { victim->program, kind, fd, seed, NULL };

	snprintf(kind, sizeof(kind), "%d", (int)victim->kind);
	snprintf(fd, sizeof(fd), "%d", victim->pulse_fd);
	snprintf(seed, sizeof(seed), "%u", ++victim->seed);
	victim->counts.victims++;
	victim->pid = fork();
	if (victim->pid < 0)
		return harmed(victim, "cannot be started: %s", strerror(errno));
	if (victim->pid)
		return true;
	setenv("LD_LIBRARY_PATH", victim->libs, 1);
	execv(victim->program, (char *const *)argv);
	_exit(127);
}

bool victim__start(struct victim *victim)
{
	if (!look_after(victim))
		return false;
	if (victim->pid)
		return true;
	if (!spawn(victim) || !victim__works(victim))
		return false;
	return victim->kind == VICTIM_PTRACED && victim->pid ? start_debugger(victim) : true;
}

bool victim__end(struct victim *victim)
{
	int status, tries;

	if (!victim->pid)
		return true;
	if (!end_debugger(victim))
		return false;
	__atomic_store_n(&victim->pulse->stop, 1, __ATOMIC_SEQ_CST);
	kill(victim->pid, SIGCONT);
	for (tries = 0; tries < PATIENCE_S * 1000000 / POLL_US; tries++) {
		if (waitpid(victim->pid, &status, WNOHANG) == victim->pid)
			return judge(victim, status);
		usleep(POLL_US);
	}
	kill(victim->pid, SIGKILL);
	return harmed(victim, "does not end");
}

bool victim__works(struct victim *victim)
{
	uint64_t before = read_cnt(&victim->pulse->beats);
	int tries;

	for (tries = 0; tries < PATIENCE_S * 1000000 / POLL_US; tries++) {
		if (!look_after(victim))
			return false;
		if (!victim->pid || read_cnt(&victim->pulse->beats) > before)
			return true;
		usleep(POLL_US);
	}
	return harmed(victim, "does not work any more");
}

/* --- stopping it ---------------------------------------------------------------------------------------------------- */

static bool await_stop(struct victim *victim, int options, const char *what)
{
	int tries, status;

	for (tries = 0; tries < PATIENCE_S * 1000000 / POLL_US; tries++) {
		if (waitpid(victim->pid, &status, WNOHANG | options) != victim->pid) {
			usleep(POLL_US);
			continue;
		}
		if (WIFSTOPPED(status) || WIFCONTINUED(status))
			return true;
		if (victim->kind == VICTIM_EXITS || WIFSIGNALED(status) || WEXITSTATUS(status))
			return judge(victim, status);
		return harmed(victim, "ended untold");
	}
	return harmed(victim, "does not %s", what);
}

bool victim__stop(struct victim *victim)
{
	if (!victim->pid)
		return true;
	kill(victim->pid, SIGSTOP);
	return await_stop(victim, WUNTRACED, "stop");
}

bool victim__go_on(struct victim *victim)
{
	if (!victim->pid)
		return true;
	kill(victim->pid, SIGCONT);
	return await_stop(victim, WCONTINUED, "go on");
}

/* --- its code ------------------------------------------------------------------------------------------------------- */

static bool compare(int mem, int file, const struct proc_map *map, uint64_t *ret_addr)
{
	char ours[16384], theirs[16384];
	uint64_t at, i, want;
	ssize_t len, got;

	for (at = map->start; at < map->end; at += (uint64_t)len) {
		want = map->end - at < sizeof(theirs) ? map->end - at : sizeof(theirs);
		len = pread(mem, theirs, want, (off_t)at);
		if (len <= 0)
			return true; /* it has ended or unmapped this */
		got = pread(file, ours, (size_t)len, (off_t)(map->offset + at - map->start));
		for (i = 0; got > 0 && i < (uint64_t)got; i++) {
			*ret_addr = at + i;
			if (ours[i] != theirs[i])
				return false;
		}
	}
	return true;
}

/* The first byte that is not the file's: 0 if there is none. */
static uint64_t find_probe(pid_t pid, char ret_path[static PATH_MAX])
{
	struct proc_maps maps __proc_maps = {};
	int mem __close_fd = -1;
	struct proc_map map;
	uint64_t addr;

	snprintf(ret_path, PATH_MAX, "/proc/%d/mem", (int)pid);
	mem = open(ret_path, O_RDONLY | O_CLOEXEC);
	if (mem < 0 || proc_maps__open(&maps, pid))
		return 0;
	while (proc_maps__next(&maps, &map)) {
		int file __close_fd = -1;

		if (!(map.perms & PROC_MAP_EXEC) || !proc_map_is_file(&map) ||
		    proc_map_open(pid, &map, &file) || compare(mem, file, &map, &addr))
			continue;
		snprintf(ret_path, PATH_MAX, "%s", map.path);
		return addr;
	}
	return 0;
}

/*
 * Does somebody trace the whole machine, and so our victims as well? Told by links without a process; headers older than the kernel
 * do not know what is said of them (struct bpf_link_info of Linux 6.8).
 */
static bool is_machine_traced(void)
{
	struct {
		uint32_t type, id, prog_id, pad;
		uint64_t path, offsets, ref_ctr_offsets, cookies;
		uint32_t path_size, cnt, flags, pid;
		uint64_t more[32];
	} info;
	uint32_t id = 0, len;

	while (!bpf_link_get_next_id(id, &id)) {
		int fd __close_fd = bpf_link_get_fd_by_id(id);

		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) &&
		    info.type == LINK_UPROBE_MULTI && !info.pid)
			return true;
	}
	return false;
}

/* What is left behind stays; and somebody else's is not for us to judge. */
static bool is_clean(struct victim *victim, pid_t pid)
{
	char path[PATH_MAX];
	uint64_t addr;
	int tries;

	for (tries = 0; (addr = find_probe(pid, path)); tries++) {
		if (is_machine_traced()) {
			victim->counts.unjudged++;
			return true;
		}
		if (tries == PATIENCE_S * 10)
			return harmed(victim, "%sprobe left at 0x%llx of %.180s",
				      pid == victim->pid ? "" : "child: ", (unsigned long long)addr,
				      path);
		usleep(100000);
	}
	return true;
}

bool victim__is_clean(struct victim *victim)
{
	struct proc_pids children __proc_pids = {};
	size_t i;

	/* While it execs it has two sets of mappings. */
	if (victim->kind != VICTIM_PTRACED && victim->kind != VICTIM_STOPPED &&
	    !victim__stop(victim))
		return false;
	if (!victim->pid)
		return true;
	victim->counts.compared++;
	if (!is_clean(victim, victim->pid))
		return false;
	if (victim->kind == VICTIM_FORKS && !proc_children(victim->pid, true, &children)) {
		for (i = 0; i < children.cnt; i++) {
			if (!is_clean(victim, children.at[i]))
				return false;
		}
	}
	return victim->kind == VICTIM_PTRACED || victim->kind == VICTIM_STOPPED ||
	       victim__go_on(victim);
}
