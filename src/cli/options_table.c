// SPDX-License-Identifier: Apache-2.0
#include "cli/options_table.h"

#include "cli/options.h"
#include "view/group.h"
#include "view/top.h"

#define FIELD(name) offsetof(struct options, name)

#define TRACERS (CMD_RECORD | CMD_WHY | CMD_TOP | CMD_STAT)
#define WRITERS (CMD_RECORD | CMD_WHY | CMD_DIFF | CMD_MERGE | CMD_CONVERT | CMD_FLAME)

static const char *const color_names[] = { "auto", "always", "never", NULL };
static const char *const sample_words[] = { "auto", "exact", NULL };
static const char *const backend_names[] = { "auto", "session", "multi", "perf", NULL };
static const char *const metric_names[] = { "alloc_objects", "alloc_space", "inuse_objects",
					    "inuse_space", NULL };

/* Help shows rows in this order. */
const struct option_def options_table[] = {
	/* whom to trace */
	{ "pid", 'p', OPT_PIDS, "PID[,PID…]", FIELD(pids), TRACERS, NULL, NULL,
	  "trace these running processes" },
	{ "all", 'a', OPT_FLAG, NULL, FIELD(all), TRACERS, NULL, NULL,
	  "trace every process of the machine" },
	{ "cgroup", 0, OPT_DIR, "PATH", FIELD(cgroup), TRACERS, NULL, NULL,
	  "trace the processes of this control group, a path in /sys/fs/cgroup" },
	{ "name", 0, OPT_LIST, "PATTERN", FIELD(names), CMD_RECORD, NULL, NULL,
	  "only processes whose command or program has such a name, a shell pattern; may be "
	  "repeated, implies -a unless there is --cgroup" },
	{ "user", 0, OPT_LIST, "USER", FIELD(users), CMD_RECORD, NULL, NULL,
	  "only processes of this user, a name or number; may be repeated, implies -a likewise" },
	{ "exclude", 0, OPT_LIST, "PATTERN", FIELD(excludes), CMD_RECORD, NULL, NULL,
	  "no process with such a name; may be repeated, implies -a likewise" },
	{ "follow", 0, OPT_FLAG, NULL, FIELD(follow), TRACERS, NULL, NULL,
	  "trace the children of the traced processes too" },

	/* how to trace */
	{ "duration", 'd', OPT_DURATION, "TIME", FIELD(duration_ns), TRACERS, NULL, NULL,
	  "stop after this time; without it, when interrupted or when the target ends" },
	{ "every", 0, OPT_DURATION, "TIME", FIELD(every_ns), CMD_RECORD, NULL, NULL,
	  "write what has been counted each time this has passed: NAME-0001.SUFFIX and so on" },
	{ "interval", 'i', OPT_DURATION, "TIME", FIELD(interval_ns), CMD_STAT, NULL, "1s",
	  "a line this often" },
	{ "op", 0, OPT_STRING, "FUNCTION", FIELD(op), CMD_STAT, NULL, NULL,
	  "also show what a call of this function of the program allocates" },
	{ "json", 0, OPT_FLAG, NULL, FIELD(json), CMD_STAT, NULL, NULL,
	  "totals since the start as a line of JSON each" },
	{ "sample", 0, OPT_BYTES, "exact|auto|BYTES", FIELD(sample_bytes),
	  CMD_RECORD | CMD_WHY | CMD_TOP, sample_words, NULL,
	  "keep every allocation, or one per this many bytes on average; auto adapts that to "
	  "each process, and keeps all of one that allocates little (default: exact for "
	  "CMD, else auto)" },
	{ "max-overhead", 0, OPT_PERCENT, "PCT", FIELD(max_overhead_pct), TRACERS & ~CMD_STAT, NULL,
	  NULL, "hold the cost of tracing below this share of each target's own CPU time" },
	{ "max-overhead-total", 0, OPT_PERCENT, "PCT", FIELD(max_overhead_total_pct),
	  TRACERS & ~CMD_STAT, NULL, NULL,
	  "and that of all targets together below this share of the machine's" },
	{ "no-live", 0, OPT_FLAG, NULL, FIELD(no_live), CMD_TOP | CMD_RECORD, NULL, NULL,
	  "count allocations only, not what stays in use; much cheaper" },
	{ "mmap", 0, OPT_FLAG, NULL, FIELD(maps), TRACERS, NULL, NULL,
	  "count memory that is mapped past the allocator, too: mmap, mremap, munmap" },
	{ "lifetimes", 0, OPT_FLAG, NULL, FIELD(lifetimes), CMD_RECORD, NULL, NULL,
	  "keep what `why` goes by as well: who frees, how old, how grown; -o FILE.heaptap" },
	{ "embed-source", 0, OPT_FLAG, NULL, FIELD(embed_source), CMD_RECORD | CMD_WHY, NULL, NULL,
	  "keep the source files in the recording, for list; -o FILE.heaptap" },
	{ "live-max", 0, OPT_U64, "N", FIELD(live_max_cnt), CMD_TOP | CMD_RECORD | CMD_WHY, NULL,
	  NULL, "blocks in use that can be tracked at a time" },
	{ "stacks-max", 0, OPT_BYTES, "BYTES", FIELD(stacks_max_bytes),
	  CMD_TOP | CMD_RECORD | CMD_WHY, NULL, NULL, "memory for stacks" },
	{ "sites-max", 0, OPT_U64, "N", FIELD(sites_max_cnt), CMD_TOP | CMD_RECORD | CMD_WHY, NULL,
	  NULL, "distinct allocating stacks" },
	{ "full-cfi", 0, OPT_FLAG, NULL, FIELD(full_cfi), CMD_RECORD, NULL, NULL,
	  "keep every unwind row, not only those of calls: exact below signal frames, more "
	  "memory" },
	{ "allocator-frames", 0, OPT_FLAG, NULL, FIELD(allocator_frames), CMD_RECORD, NULL, NULL,
	  "keep malloc and the like as frames instead of the label alloc_fn" },
	{ "backend", 0, OPT_ENUM, "NAME", FIELD(backend), CMD_TOP | CMD_RECORD | CMD_WHY,
	  backend_names, "auto", "how to attach; auto takes the best this kernel has" },
	{ "empty-probes", 0, OPT_FLAG, NULL, FIELD(empty_probes), CMD_RECORD, NULL, NULL, NULL },
	{ "strict", 0, OPT_FLAG, NULL, FIELD(strict), CMD_RECORD, NULL, NULL,
	  "exit with 3 if the profile is incomplete" },

	/* what comes out */
	{ "output", 'o', OPT_FILE, "FILE", FIELD(output), WRITERS, NULL, NULL,
	  "write here; the suffix picks the format, - is standard output" },
	{ "force", 'f', OPT_FLAG, NULL, FIELD(force), WRITERS, NULL, NULL,
	  "overwrite an existing file" },
	{ "format", 0, OPT_FORMAT, "NAME", FIELD(format), WRITERS, NULL, NULL,
	  "write this format, whatever the suffix" },
	{ "metric", 0, OPT_STRING, "NAME", FIELD(metric), WRITERS | CMD_LIST, metric_names, NULL,
	  "which values, where only one kind can be shown; any unambiguous part of its name" },

	/* readers */
	{ "sort", 0, OPT_STRING, "METRIC", FIELD(sort), CMD_TOP | CMD_REPORT | CMD_DIFF,
	  metric_names, NULL, "order by this metric; any unambiguous part of its name" },
	{ "cum", 0, OPT_FLAG, NULL, FIELD(cum), CMD_REPORT | CMD_DIFF, NULL, NULL,
	  "show and order by what a function and all it calls allocate" },
	{ "rows", 'n', OPT_U64, "N", FIELD(row_cnt), CMD_TOP | CMD_REPORT | CMD_DIFF | CMD_WHY,
	  NULL, "30", "show at most this many rows; 0 shows all" },
	{ "by", 0, OPT_ENUM, "WHAT", FIELD(by), CMD_REPORT | CMD_DIFF, view_by_names, "function",
	  "one row per function, line, file, module or process" },
	{ "by", 0, OPT_ENUM, "WHAT", FIELD(top_by), CMD_TOP, top_by_names, "site",
	  "one row per site (a line that asks for memory on its own behalf), function, line, "
	  "process "
	  "or module" },
	{ "exact", 0, OPT_FLAG, NULL, FIELD(exact),
	  CMD_TOP | CMD_REPORT | CMD_DIFF | CMD_LIST | CMD_WHY, NULL, NULL,
	  "show numbers in full instead of rounded with a unit" },
	{ "source-path", 0, OPT_STRING, "DIR[:DIR…]", FIELD(source_path), CMD_LIST, NULL, NULL,
	  "look for source files below these directories too" },
	{ "trim-path", 0, OPT_STRING, "PREFIX[:PREFIX…]", FIELD(trim_path), CMD_LIST, NULL, NULL,
	  "take these prefixes off the recorded file names before looking" },
	{ "normalize", 0, OPT_FLAG, NULL, FIELD(normalize), CMD_DIFF, NULL, NULL,
	  "scale NEW to the totals of BASE before comparing" },

	{ "escape", 0, OPT_FILE, "FILE", FIELD(escape), CMD_WHY, NULL, NULL,
	  "what the Go compiler printed with -gcflags=-m: shown beside the lines it is about" },
	{ "rules", 0, OPT_FLAG, NULL, FIELD(rules), CMD_WHY, NULL, NULL,
	  "show the patterns and their limits, and nothing else" },

	{ "since", 0, OPT_DURATION, "TIME", FIELD(since_ns), CMD_REPORT, NULL, NULL,
	  "of a directory that serve keeps: only windows this young" },
	{ "service", 0, OPT_STRING, "NAME", FIELD(service), CMD_REPORT, NULL, NULL,
	  "only what this service allocates" },

	/* serve */
	{ "config", 0, OPT_FILE, "FILE", FIELD(config), CMD_SERVE, NULL, NULL,
	  "read the configuration from here, again on SIGHUP" },
	{ "check", 0, OPT_FLAG, NULL, FIELD(check), CMD_SERVE, NULL, NULL,
	  "say whether the configuration is right, and do nothing else" },
	{ "listen", 0, OPT_LIST, "HOST:PORT|unix:PATH", FIELD(listen), CMD_SERVE, NULL, NULL,
	  "answer HTTP here instead of where the configuration says; may be repeated" },
	{ "dir", 0, OPT_DIR, "DIR", FIELD(dir), CMD_SERVE, NULL, NULL,
	  "keep a profile of every window of time in this directory" },

	/* every command */
	{ "color", 0, OPT_ENUM, "WHEN", FIELD(color), CMD_GLOBAL, color_names, "auto",
	  "use colours: auto, always or never; auto honours NO_COLOR" },
	{ "quiet", 'q', OPT_FLAG, NULL, FIELD(quiet), CMD_GLOBAL, NULL, NULL,
	  "say nothing but warnings and errors" },
	{ "verbose", 'v', OPT_FLAG, NULL, FIELD(verbose), CMD_GLOBAL, NULL, NULL,
	  "say more about what is done" },
	{ "help", 'h', OPT_FLAG, NULL, FIELD(help), CMD_GLOBAL, NULL, NULL, "show help and exit" },
	{ "version", 'V', OPT_FLAG, NULL, FIELD(version), CMD_GLOBAL, NULL, NULL,
	  "show the version and exit" },
	/* For the Makefile: the man page of the command, or of heaptap itself. */
	{ "man", 0, OPT_FLAG, NULL, FIELD(man), CMD_GLOBAL, NULL, NULL, NULL },
	{ NULL },
};
