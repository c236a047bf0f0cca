/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user asked for, as plain typed fields. Rows of options_table.c fill them; commands read
 * them. Strings and operands point into argv or static storage and live as long as the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct command;

/* Exit statuses, a contract with scripts. A command returns one of them, or -errno, which means
 * EXIT_FAILED. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_INCOMPLETE = 3, /* only with --strict */
	EXIT_PRIVILEGE = 4,  /* privilege or kernel lacks something; the remedy was printed */
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* --sample: mean bytes between samples, some of them with a name. */
enum { SAMPLE_AUTO = 0, SAMPLE_EXACT = 1 };
#define SAMPLE_UNSAID UINT64_MAX

struct pid_list {
	pid_t *at;
	size_t cnt;
	size_t room;
};

/* An option that may be given more than once. */
struct text_list {
	const char **at;
	size_t cnt;
	size_t room;
};

struct options {
	const struct command *command; /* NULL: none named */
	char *const *operands; /* NULL-terminated; for record and stat the CMD behind "--" */
	size_t operand_cnt;
	bool operands_are_cmd; /* they stood behind "--" */

	/* every command */
	bool help;
	bool version;
	bool man;
	bool quiet;
	bool verbose;
	int color; /* enum color_mode */

	/* whom to trace */
	struct pid_list pids;
	bool all;
	const char *cgroup;
	bool follow;
	struct text_list names;
	struct text_list users;
	struct text_list excludes;

	/* how to trace */
	uint64_t every_ns;    /* 0: one file, at the end */
	uint64_t duration_ns; /* 0: until interrupted or the target ends */
	uint64_t interval_ns; /* stat: between lines */
	const char *op;       /* stat: a function whose calls are counted, or NULL */
	bool json;
	uint64_t sample_bytes; /* SAMPLE_UNSAID, SAMPLE_AUTO, SAMPLE_EXACT or the mean */
	double max_overhead_pct, max_overhead_total_pct; /* 0: no budget */
	bool no_live;
	bool maps;
	bool lifetimes;
	bool embed_source;
	bool strict;
	bool full_cfi;
	bool allocator_frames;
	bool empty_probes;
	int backend; /* as enum tracer_backend */
	uint64_t live_max_cnt;
	uint64_t stacks_max_bytes;
	uint64_t sites_max_cnt;

	/* what comes out */
	const char *output; /* NULL: the command's default; "-": stdout */
	bool force;
	const char *format; /* an encoder's name; NULL: by the suffix of output */
	const char *metric;

	/* serve */
	const char *config;
	bool check;
	struct text_list listen;
	const char *dir;

	/* readers */
	const char *sort;
	bool exact;
	bool cum;
	uint64_t row_cnt; /* 0: all */
	int by;           /* enum view_by */
	int top_by;       /* enum top_by */
	const char *source_path;
	const char *trim_path;
	bool normalize;
	uint64_t since_ns;
	const char *service;
	const char *escape;
	bool rules;
};

/*
 * Fill @ret from the command line. 0, or -EINVAL after one line on stderr that names the fault and
 * its remedy, or -ENOMEM. Missing operands are no fault when --help or --version is asked for.
 */
int options__parse(int argc, char **argv, struct options *ret);
void options__done(struct options *opts);
