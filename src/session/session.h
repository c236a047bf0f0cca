/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recording, from finding the targets to the written file. The states, each left by its own function:
 *
 *	prepare	targets are found, their allocators and unwind tables read; nothing has touched the kernel
 *	arm	programs are loaded, probes attached; nothing counts yet
 *	run	counting, until the time is up, the target is gone or somebody says stop
 *	drain	counting is off; the maps become a snapshot, the probes are removed
 *	finish	names are found, files written, the ledger printed
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/place.h"
#include "profile/profile.h"
#include "session/choice.h"

enum session_status { /* positive outcomes of session_record() */
		      SESSION_OK = 0,
		      SESSION_FAILED, /* said why */
		      SESSION_USAGE,
		      SESSION_PRIVILEGE, /* privilege or kernel lacks something; the remedy was printed */
		      SESSION_CANNOT_RUN, /* the command exists but cannot be executed */
		      SESSION_NOT_FOUND,  /* there is no such command */
};

struct session_view;

/* Somebody looks on while it runs. */
struct session_watch {
	uint64_t interval_ns; /* 0: on_profile is not called */
	/* What has been counted so far. False: stop. */
	bool (*on_profile)(void *ctx, const struct profile *profile);
	/*
	 * The recording has begun, and is about to end; NULL: not of interest. Between the two calls @view answers
	 * the questions of session/view.h, in the thread of the recording alone.
	 */
	void (*on_start)(void *ctx, struct session_view *view);
	void (*on_stop)(void *ctx);
	int input_fd; /* -1: none */
	/* There is something to read. False: stop. */
	bool (*on_input)(void *ctx);
	void *ctx;
};

/* Totals since the start, of all processes traced. */
struct session_totals {
	uint64_t time_ns; /* since the start */
	uint64_t alloc_cnt, alloc_bytes;
	uint64_t free_cnt;
	uint64_t live_cnt,
		live_bytes; /* allocated since the start and not freed, in processes that live */
	uint64_t op_cnt, op_alloc_cnt, op_bytes; /* calls of config.op, and what they allocated */
};

struct session_config {
	const pid_t *pids;
	size_t pid_cnt;
	char *const *cmd;   /* NULL-terminated command line to run and trace; NULL: none */
	const char *cgroup; /* NULL: none */
	bool all;
	bool follow;
	struct choice choice; /* of the processes in the scope of cgroup or all */

	uint64_t duration_ns; /* 0: no limit */
	bool no_live;
	bool maps; /* count what is mapped without an allocator, too: mmap and its like */
	/* Totals instead of a profile; told every @interval_ns and at the end. */
	void (*on_totals)(const struct session_totals *totals, bool is_last, void *ctx);
	void *ctx;
	uint64_t interval_ns;
	const char *op;            /* a function whose calls are counted as well, or NULL */
	bool lifetimes;            /* keep life stories: what `why` goes by */
	uint64_t sample_bytes;     /* mean; 1: every allocation; 0: it adapts, see session/pace.h */
	double max_overhead;       /* share of a process' CPU time; 0: no budget */
	double max_overhead_total; /* of the machine's, for all processes together; 0: none */
	int backend;               /* enum tracer_backend, 0: the best there is */
	bool empty;                /* probes that do nothing: for measuring what the traps cost */
	bool isolate; /* other programs' files are read by a process without rights (worker/) */
	bool full_cfi;
	bool allocator_frames;
	bool placed;              /* processes of one service add up: see collect/build_profile.h */
	uint64_t tally_max_bytes; /* for what ended processes counted; 0: no bound */
	bool quiet;
	bool embed_source;

	uint64_t live_max_cnt; /* map sizes; 0: default */
	uint64_t sites_max_cnt;
	uint64_t stacks_max_bytes;
	uint64_t
		file_age_max_ns; /* a file that nobody has mapped for so long is let go of; 0: never */

	const struct session_watch *watch; /* NULL: nobody */
	uint64_t every_ns;  /* write a file each time this has passed; 0: only at the end */
	const char *output; /* "-": stdout; NULL: none */
	bool force;
	const char *format; /* an encoder's name, or "heaptap"; NULL: the output's suffix says it */
	const char *metric; /* of formats that hold one; NULL: alloc_space */
};

static inline bool session_has_budget(const struct session_config *config)
{
	return config->max_overhead > 0 || config->max_overhead_total > 0;
}

struct session_result {
	bool complete;         /* nothing was lost, every stack is whole */
	struct places *places; /* with config.lifetimes; the caller frees it */
	int cmd_status; /* exit status as a shell has it: 0..255, 128 + signal; -1: no command was run */
};

/* All messages are printed. SESSION_* or -errno (also printed). */
int session_record(const struct session_config *config, struct session_result *ret);
/* The same, for config.on_totals. */
int session_stat(const struct session_config *config, struct session_result *ret);
