/* SPDX-License-Identifier: Apache-2.0 */
/* What the states of a recording share. Private to session/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "collect/file_table.h"
#include "collect/op.h"
#include "collect/process_table.h"
#include "collect/resolve.h"
#include "collect/series.h"
#include "collect/snapshot.h"
#include "collect/tally.h"
#include "kernel/tracer.h"
#include "session/child.h"
#include "session/governor.h"
#include "session/late.h"
#include "session/looks.h"
#include "session/session.h"
#include "session/silent.h"
#include "session/stop_signals.h"
#include "session/unprobed.h"
#include "session/view.h"
#include "target/target.h"
#include "worker/worker.h"

struct recording {
	const struct session_config *config;
	uint32_t scope; /* SCOPE_* */
	uint64_t cgroup_id;
	bool cgroup_is_v2;
	bool live; /* in-use numbers, too: return_probes.h */
	uint32_t image_max, site_max;

	VEC(pid_t) pids; /* the processes named, and the command's */
	struct child child;
	struct stop_signals stop_signals;
	struct alloc_fns *fns;
	struct target_set *targets;
	struct worker *worker; /* reads the files; NULL: we do */
	struct worker *later;  /* makes tables of those that come while the loop goes on; or NULL */
	struct file_table *files;
	struct process_table *processes;
	struct tally *tally; /* of processes that have ended and were taken back */

	struct resolver *resolver;
	const struct session_filter *filter; /* of the capture that is being made; NULL: none */
	struct op_sites op;                  /* of config.op */

	struct tracer *tracer;
	struct governor *governor;
	struct work cost; /* of all processes */
	bool warned_of_cost, warned_of_others, warned_of_translated;
	bool is_apart;            /* probes are attached process by process for now: apart.h */
	bool has_own_hooks;       /* those of loaders, too */
	uint64_t translated_ns;   /* when one that breakpoints would end was last seen, if ever */
	struct silent silent;     /* who has none meanwhile */
	size_t doubted_idx;       /* objects below are told of: recording__tell_doubted() */
	struct unprobed unprobed; /* of those followed */
	struct late late;         /* who has begun without them */
	struct looks looks;       /* at who loads libraries */
	struct hashmap *attached; /* recording_probe_key() -> when it was done, CLOCK_MONOTONIC */
	size_t probe_cnt;         /* sites attached */
	size_t object_cnt;

	/* Files (forget.c). When all of a whole snapshot's frames had names, and when the last capture was, if of all. */
	uint64_t named_ns, captured_ns, forgot_ns;
	VEC(uint64_t) unused_since_ns; /* by file; 0: it is mapped */
	size_t first_file_cnt;         /* those before the recording began */

	struct series series;                /* with config.lifetimes */
	uint64_t every_due_ns, watch_due_ns; /* CLOCK_MONOTONIC */
	uint32_t written_cnt;                /* with config.every_ns */
	bool write_failed;
	uint64_t start_ns; /* CLOCK_REALTIME */
	uint64_t start_mono_ns;
	uint64_t stop_mono_ns;
	bool stopped_by_signal;
	int stop_signal; /* to be passed on to the command, or 0 */
	int cmd_status;
	bool tables_full;
	size_t closed_cnt; /* processes that could not be looked at */
};

void recording__done(struct recording *rec);

/* The states; each SESSION_OK, another SESSION_* after saying why, or -errno (said as well). */
int recording__prepare(struct recording *rec);
int recording__arm(struct recording *rec);
int recording__run(struct recording *rec);
int recording__drain(struct recording *rec, struct snapshot **ret);
int recording__finish(struct recording *rec, struct snapshot *snapshot, struct session_result *ret);

void recording__start_pulse(struct recording *rec);
/* Do what is due, and say how many milliseconds to wait for the next (-1: for ever). False: stop. */
bool recording__pulse(struct recording *rec, int *ret_wait_ms);

/* What has been counted so far, as a snapshot without names. 0 or -errno. */
int recording__capture(struct recording *rec, uint64_t until_mono_ns, struct snapshot **ret);
/* Give it names; says in it what could not be read. 0 or -errno. @progress may be NULL. */
int recording__name(struct recording *rec, struct snapshot *snapshot, resolve_progress_fn progress,
		    void *ctx);
/* The same with names, and what it makes as a profile. 0 or -errno. */
int recording__moment(struct recording *rec, struct snapshot **ret_snapshot, struct profile **ret);
/* The next file of a series (config.every_ns). SESSION_* or -errno, said. */
int recording__write_next(struct recording *rec, const struct snapshot *snapshot,
			  const struct profile *profile);

/* Say (--verbose) in which files met since something only looks like an allocator. */
void recording__tell_doubted(struct recording *rec);
/* Probe what @pid maps and what is not probed yet; its files get tables. 0 or -errno. */
int recording__attach_new(struct recording *rec, pid_t pid);
/* The same as far as it can be had: who is one of many may be gone by now. */
void recording__try_attach(struct recording *rec, pid_t pid);
/* Probe for all what is not probed so yet. 0 or -errno. */
int recording__attach_shared(struct recording *rec);
/* Watch the loaders of all, or (@own) of each process with probes of its own, anew. */
void recording__watch_loaders(struct recording *rec, bool own);
/* Give the tracer the tables of files met since, as far as they are read; says once if they do not fit. */
void recording__feed_files(struct recording *rec);
/* The same, and wait for all of them: somebody stands still until they are there. */
void recording__feed_all_files(struct recording *rec);
/* Of all who read for us. */
void recording__worker_stats(const struct recording *rec, struct worker_stats *ret);
/* @pid as @image has new mappings: read them, make tables, probe new allocators. */
void recording__look_at(struct recording *rec, uint32_t image, pid_t pid);

/* Take back what ended processes hold. 0 or -errno. */
int recording__retire(struct recording *rec);
/* Is it time to? */
bool recording__is_crowded(const struct recording *rec);
/* Let go of files that nobody has mapped for long, every now and then. 0 or -errno. */
int recording__forget_files(struct recording *rec, uint64_t now_ns);
/* Is @image one that the user asked for? */
bool recording__wants(const struct recording *rec, uint32_t image);

/* @pid has become another program, as @image. The command of ours was stopped for this and goes on afterwards. */
void recording__on_exec(struct recording *rec, const struct notice *notice);
/* Its loader has mapped libraries, or is about to; it may be stopped for this. */
void recording__on_libs(struct recording *rec, const struct notice *notice);
/* At those whose libraries were not looked at each time they changed (looks.h). */
void recording__make_up_looks(struct recording *rec, uint64_t now_ns);
/* A target_file_fn: a table for a file that will be mapped. @ctx is the recording. */
int recording__add_file(void *ctx, int fd, const char *path);

/* Of rec.attached: the probes of an object, in one process or (0) in all. */
static inline uint64_t recording_probe_key(size_t object, pid_t pid)
{
	return (uint64_t)object << 32 | (uint32_t)pid;
}

static inline bool recording__is_listed(const struct recording *rec)
{
	return !rec->scope; /* SCOPE_LISTED */
}
