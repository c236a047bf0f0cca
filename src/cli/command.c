// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/options_table.h"

#define MERGE_FILES_MAX 100000

/* Sentences are broken by hand: */
/* clang-format off */
const struct command commands[] = {
	{
		.name = "record",
		.id = CMD_RECORD,
		.group = "Record",
		.synopsis = "-p PID[,PID…] | -a | --cgroup PATH | --name PATTERN | -- CMD [ARG…]",
		.summary = "trace allocations and write a profile",
		.details =
			"Probes the allocator of running processes, or of a command from its first "
			"instruction on, until the time is up, the target ends or Ctrl-C; then "
			"writes what was counted. Without -o the file is heaptap-PID.pb.gz.\n\n"
			"Ends with the status of CMD if there is one.",
		.examples =
			"heaptap record -p 1234 -d 10s -o out.pb.gz\tten seconds of a running "
			"process\n"
			"heaptap record -o out.folded -- ls -lR /usr\ta command from start to end\n"
			"heaptap record -p 1234 --no-live -o out.html\tallocations only, as a "
			"flame graph\n"
			"heaptap record -a --no-live -d 10s -o host.pb.gz\tthe whole machine, processes "
			"that come and go included\n"
			"heaptap record --name 'redis-*' -d 10s -o redis.pb.gz\tevery process of such "
			"a name\n",
		.operands_min = 0,
		.operands_max = OPERANDS_ARE_CMD,
		.run = cmd_record,
	},
	{
		.name = "stat",
		.id = CMD_STAT,
		.group = "Record",
		.synopsis = "[OPTION…] -p PID[,PID…] | --cgroup PATH | -a | -- CMD [ARG…]",
		.summary = "show how much is allocated, as it happens",
		.details =
			"A line per interval: allocations and bytes per second, their mean size, "
			"frees per second, and what was allocated since the start and lives. Every "
			"allocation is counted; no stacks are taken.\n\n"
			"With --op also what one call of FUNCTION allocates, itself and in all it "
			"calls, on its own thread. Recursive calls are part of the outermost one. "
			"The end shows both for the whole time.",
		.examples =
			"heaptap stat -p 1234\ta line per second until Ctrl-C\n"
			"heaptap stat -p 1234 -d 10s --op handle_request\tallocations per "
			"request\n"
			"heaptap stat --json -i 100ms -- ./bench\tfor scripts\n",
		.operands_min = 0,
		.operands_max = OPERANDS_ARE_CMD,
		.run = cmd_stat,
	},
	{
		.name = "top",
		.id = CMD_TOP,
		.group = "Record",
		.synopsis = "-p PID[,PID…] | --cgroup PATH | -a",
		.summary = "watch who allocates right now, and what is in use",
		.details =
			"Once a second: objects and bytes per second, in use, and in all since the "
			"beginning, per site, function, line, process or module. A site is the line "
			"that asks for memory on its own behalf: for a wrapper like xmalloc or "
			"std::vector, its caller. On a terminal the keys s, f, l, p and m choose which, 1 to 6 the column to sort by, q ends it. Elsewhere "
			"lines are printed, numbers in full, for other programs to read; -n limits "
			"them.",
		.examples =
			"heaptap top -p 1234\tthe sites of a process\n"
			"heaptap top -a --by process --no-live\twho allocates most on this machine\n"
			"heaptap top -p 1234 -d 60s | grep total\ta minute of rates\n",
		.operands_min = 0,
		.operands_max = 0,
		.operand_values = "",
		.run = cmd_top,
	},
	{
		.name = "report",
		.id = CMD_REPORT,
		.group = "Read profiles",
		.synopsis = "[OPTION…] FILE|URL",
		.summary =
			"show who allocates: allocated and in use, bytes and objects, in one table",
		.details =
			"FILE is a pprof profile, heaptap's or any other tool's, a .heaptap recording, "
			"or one of the text formats: heaptap's or speedscope's JSON, folded stacks; - "
			"is a pprof profile on standard input. URL is an http or https address of a "
			"/debug/pprof endpoint.\n\n"
			"flat is what a function allocates itself, cum what it and all it calls "
			"allocate. With --cum the table shows cum in place of flat and orders by "
			"it. Recursion counts once.",
		.examples =
			"heaptap report alloc.pb.gz\tthe functions that allocated most bytes\n"
			"heaptap report alloc.pb.gz --sort inuse_space --by line\tthe lines whose "
			"memory is still in use\n"
			"heaptap report http://localhost:6060/debug/pprof/heap\ta running Go "
			"program\n",
		.operands_min = 1,
		.operands_max = 1,
		.run = cmd_report,
	},
	{
		.name = "list",
		.id = CMD_LIST,
		.group = "Read profiles",
		.synopsis = "[OPTION…] FILE|URL REGEX",
		.summary = "show source code with what each line allocates in the margin",
		.details =
			"For every function whose name matches the extended regular expression "
			"REGEX: flat and cum of each line, for the metric chosen with --metric "
			"(default: alloc_space).\n\n"
			"Source files are taken from where the profile says they are, and searched "
			"below the directories of --source-path (default: the current one) by ever "
			"shorter ends of their names. A recording that has them embedded needs none "
			"of that.",
		.examples =
			"heaptap list alloc.pb.gz '^parse_'\tevery function whose name begins so\n"
			"heaptap list alloc.pb.gz main --metric inuse_space\twhat is still in use\n",
		.operands_min = 2,
		.operands_max = 2,
		.run = cmd_list,
	},
	{
		.name = "why",
		.id = CMD_WHY,
		.group = "Read profiles",
		.synopsis = "-p PID[,PID…] | -- CMD [ARG…] | FILE|URL",
		.summary = "say what becomes of the memory: per place the pattern, the evidence, the cure",
		.details =
			"Traces like record, and also keeps who frees the blocks, after how long, in "
			"which thread, how realloc grew them and what stays. From this each place, a "
			"line of source, gets a name for what it does: churn, growth by realloc, "
			"growth of a container, hand-over, retained and growing, cache-like, few big, many small. --rules "
			"shows the limits.\n\n"
			"FILE is what why wrote with -o FILE.heaptap (or record, told to keep life "
			"stories), or any heap profile: from that, only sizes and counts are "
			"known.\n\n"
			"With --escape the reasons of the Go compiler stand beside the lines of Go: go "
			"build -gcflags=-m 2>FILE.",
		.examples =
			"heaptap why -p 1234 -d 10s\tten seconds of a running process\n"
			"heaptap why -- ./parse big.json\ta command from start to end\n"
			"heaptap why --escape m.txt http://localhost:6060/debug/pprof/heap\ta running "
			"Go program\n",
		.operands_min = 0,
		.operands_max = OPERANDS_MAY_BE_CMD,
		.run = cmd_why,
	},
	{
		.name = "flame",
		.id = CMD_FLAME,
		.group = "Read profiles",
		.synopsis = "[OPTION…] FILE|URL -o OUT.html|OUT.svg",
		.summary = "draw a flame graph, as a page to explore or as a picture",
		.details =
			"The page holds all metrics and needs no network; the picture holds one, "
			"chosen with --metric (default: alloc_space). diff BASE NEW -o OUT.html "
			"draws what changed.",
		.examples =
			"heaptap flame alloc.pb.gz -o alloc.html\tto explore\n"
			"heaptap flame alloc.pb.gz -o alloc.svg --metric inuse_space\tto put into "
			"a document\n",
		.operands_min = 1,
		.operands_max = 1,
		.run = cmd_flame,
	},
	{
		.name = "diff",
		.id = CMD_DIFF,
		.group = "Read profiles",
		.synopsis = "[OPTION…] BASE NEW [-o OUT]",
		.summary = "show what grew and what shrank between two profiles",
		.details =
			"What grew comes first, biggest first, then what shrank. Functions are "
			"matched by name, so that profiles of two builds can be compared. BASE and "
			"NEW are files or URLs.\n\n"
			"With -o the difference is written as a profile instead: NEW minus BASE, "
			"with negative values for what shrank; or, as .html or .svg, drawn as a "
			"flame graph of both.",
		.examples =
			"heaptap diff before.pb.gz after.pb.gz\twhat allocates more or less\n"
			"heaptap diff t1.pb.gz t2.pb.gz --sort inuse_space\twhat stays alive and "
			"grows\n"
			"heaptap diff a.pb.gz b.pb.gz -o delta.pb.gz\tthe difference for go tool "
			"pprof\n",
		.operands_min = 2,
		.operands_max = 2,
		.run = cmd_diff,
	},
	{
		.name = "merge",
		.id = CMD_MERGE,
		.group = "Handle profile files",
		.synopsis = "[OPTION…] FILE… -o OUT",
		.summary = "add profiles up",
		.details =
			"Mappings are the same if their build id, size and offset are, wherever "
			"they were loaded, so profiles of several processes and hosts add up by "
			"function.",
		.examples =
			"heaptap merge host1.pb.gz host2.pb.gz -o fleet.pb.gz\tone profile of two "
			"hosts\n",
		.operands_min = 1,
		.operands_max = MERGE_FILES_MAX,
		.run = cmd_merge,
	},
	{
		.name = "convert",
		.id = CMD_CONVERT,
		.group = "Handle profile files",
		.synopsis = "[OPTION…] FILE|URL -o OUT",
		.summary = "write a profile in another format",
		.details =
			"The suffix of OUT picks the format, or --format does. Formats that hold "
			"one metric take it from --metric (default: alloc_space). FILE is whatever "
			"report reads; JSON and pprof hold all of a profile, speedscope names and "
			"values, folded stacks one value.",
		.examples =
			"heaptap convert alloc.pb.gz -o alloc.folded\tone line per stack, for "
			"flame graph tools\n"
			"heaptap convert alloc.pb.gz -o - --format json | jq .\tfor scripts\n",
		.operands_min = 1,
		.operands_max = 1,
		.run = cmd_convert,
	},
	{
		.name = "check",
		.id = CMD_CHECK,
		.group = "Handle profile files",
		.synopsis = "FILE|URL",
		.summary =
			"say whether a pprof file obeys the rules of every program that reads such "
			"files",
		.details =
			"Each finding names the rule, and whom breaking it hurts: pprof, "
			"Pyroscope, Parca, Alloy, speedscope or Perfetto. The exit status is 1 if "
			"there are errors; warnings do not count.",
		.examples = "heaptap check alloc.pb.gz\tcheck a file\n",
		.operands_min = 1,
		.operands_max = 1,
		.run = cmd_check,
	},
	{
		.name = "serve",
		.id = CMD_SERVE,
		.group = "Watch a machine",
		.synopsis = "[--config FILE] [--listen ADDR:PORT|unix:PATH]",
		.summary = "trace the whole machine for ever and answer over HTTP",
		.details =
			"Every process, those that come later included, sampled so that each costs "
			"little. /debug/pprof/heap, allocs and delta_heap are those of a Go program, "
			"with ?seconds=N, ?debug=1 and ?format=folded|html|speedscope|json; below "
			"/service/NAME/ and /pid/N/ the same for a part. /metrics and /sd are for "
			"Prometheus, / is a page for people.\n\n"
			"Listens on 127.0.0.1:6099 unless told otherwise. An address that others can "
			"reach needs a token or TLS in the configuration. SIGHUP reads the "
			"configuration again.",
		.examples =
			"sudo heaptap serve\tthen: heaptap report http://localhost:6099\n"
			"sudo heaptap serve --config /etc/heaptap.conf\tas a service\n"
			"heaptap serve --config new.conf --check\tis it right?\n"
			"go tool pprof http://localhost:6099/debug/pprof/allocs?seconds=10\tten "
			"seconds of everything\n",
		.operands_min = 0,
		.operands_max = 0,
		.run = cmd_serve,
	},
	{
		.name = "doctor",
		.id = CMD_DOCTOR,
		.group = "Set up",
		.synopsis = "",
		.summary = "say what this machine can do, and the remedy for what it cannot",
		.details =
			"Everything is tried for real, on heaptap itself. Ends with 4 if recording "
			"does not work here.",
		.examples = "sudo heaptap doctor\tbefore the first recording\n",
		.operands_min = 0,
		.operands_max = 0,
		.run = cmd_doctor,
	},
	{
		.name = "completion",
		.id = CMD_COMPLETION,
		.group = "Set up",
		.synopsis = "bash|zsh|fish",
		.summary = "print a completion script for a shell",
		.details =
			"Written to standard output; the examples load it into the running shell.",
		.examples =
			"source <(heaptap completion bash)\tbash, zsh\n"
			"heaptap completion fish | source\tfish\n",
		.operands_min = 1,
		.operands_max = 1,
		.operand_values = "bash zsh fish",
		.run = cmd_completion,
	},
	{ NULL },
};
/* clang-format on */

const struct command *command_find(const char *name)
{
	const struct command *cmd;

	for (cmd = commands; cmd->name; cmd++) {
		if (!strcmp(cmd->name, name))
			return cmd;
	}
	return NULL;
}
