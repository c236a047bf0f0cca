// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fdio.h"

enum class { EVENT, LOSS, NOTE, WALK, CLASS_CNT };

static const struct {
	enum class class;
	const char *id;
} stats[] = {
#define STAT_ROW(id, class, ...) { class, #id },
	STATS(STAT_ROW)
#undef STAT_ROW
};

static const struct {
	const char *name, *label, *help;
} families[CLASS_CNT] = {
	[EVENT] = { "heaptap_events_total", "kind", "Allocator calls that were counted." },
	[LOSS] = { "heaptap_lost_total", "reason", "Events by which profiles are incomplete." },
	[NOTE] = { "heaptap_notes_total", "kind", "Events worth knowing; nothing is missing." },
	[WALK] = { "heaptap_stacks_total", "end", "Stack walks by how they ended." },
};

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf__printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_label(struct buf *out, const char *text)
{
	buf__append_char(out, '"');
	for (; *text; text++) {
		if (*text == '\n')
			buf__append_str(out, "\\n");
		else if (*text == '"' || *text == '\\')
			buf__printf(out, "\\%c", *text);
		else
			buf__append_char(out, *text);
	}
	buf__append_char(out, '"');
}

static void write_stats(const struct session_state *state, struct buf *out)
{
	char lower[64];
	int class;
	size_t i, j;

	for (class = 0; class < CLASS_CNT; class ++) {
		metrics_head(out, families[class].name, "counter", families[class].help);
		for (i = 0; i < STAT_CNT; i++) {
			if ((int)stats[i].class != class)
				continue;
			for (j = 0; j < sizeof(lower) - 1 && stats[i].id[j]; j++)
				lower[j] = (char)tolower((unsigned char)stats[i].id[j]);
			lower[j] = '\0';
			buf__printf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", families[class].name,
				    families[class].label, lower, state->stats[i]);
		}
	}
}

static void number(struct buf *out, const char *name, const char *type, const char *help,
		   double value)
{
	metrics_head(out, name, type, help);
	buf__printf(out, "%s %.17g\n", name, value);
}

/* What budgets do to the numbers. */
static void write_budgets(const struct session_state *s, struct buf *out)
{
	number(out, "heaptap_windowed_processes", "gauge",
	       "Living processes that are traced in windows: their numbers are estimates.",
	       (double)s->windowed_cnt);
	number(out, "heaptap_budget_steps_total", "counter",
	       "Steps taken to keep processes to their budgets, down and up again.",
	       (double)s->step_cnt);
	metrics_head(out, "heaptap_unprobed_processes", "gauge",
		     "Living processes without probes while each has its own.");
	buf__printf(out, "heaptap_unprobed_processes{reason=\"idle\"} %zu\n", s->idle_cnt);
	buf__printf(out, "heaptap_unprobed_processes{reason=\"refused\"} %zu\n", s->refused_cnt);
}

static void write_state(const struct session_state *s, struct buf *out)
{
	metrics_head(out, "heaptap_build_info", "gauge", "Constant 1, labelled by version.");
	buf__append_str(out, "heaptap_build_info{version=\"" HEAPTAP_VERSION "\"} 1\n");
	number(out, "heaptap_processes", "gauge", "Living processes that are traced.",
	       (double)s->process_cnt);
	number(out, "heaptap_probes", "gauge", "Probes attached.", (double)s->probe_cnt);
	number(out, "heaptap_files", "gauge", "Files whose code was met.", (double)s->file_cnt);
	number(out, "heaptap_sites", "gauge", "Entries of the site table in use.",
	       (double)s->site_cnt);
	number(out, "heaptap_sites_capacity", "gauge", "Entries of the site table.",
	       (double)s->site_max);
	number(out, "heaptap_frames", "gauge", "Entries of the frame store in use.",
	       (double)s->frame_cnt);
	number(out, "heaptap_frames_capacity", "gauge", "Entries of the frame store.",
	       (double)s->frame_max);
	number(out, "heaptap_ended_sites", "gauge", "Sites kept for processes that have ended.",
	       (double)s->tally_cnt);
	number(out, "heaptap_ended_bytes", "gauge", "Memory for processes that have ended.",
	       (double)s->tally_bytes);
	number(out, "heaptap_evicted_sites_total", "counter",
	       "Sites of ended processes folded into [evicted].", (double)s->evicted_cnt);
	number(out, "heaptap_unread_files_total", "counter",
	       "Files whose names or tables are missing because their reader ended.",
	       (double)s->unread_cnt);
	number(out, "heaptap_unopened_files", "gauge",
	       "Files with code that could not be opened: it has no names, allocators in it no "
	       "probes.",
	       (double)s->unopened_cnt);
	number(out, "heaptap_map_bytes", "gauge", "Kernel memory of the BPF maps.",
	       (double)s->map_bytes);
	number(out, "heaptap_bpf_seconds_total", "counter",
	       "CPU time of the BPF programs; 0 unless kernel.bpf_stats_enabled.",
	       (double)s->run_ns / 1e9);
}

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t cnt = 0;

	while (dir && readdir(dir))
		cnt++;
	if (dir)
		closedir(dir);
	return cnt > 3 ? cnt - 3 : 0;
}

static void write_process(const struct session_state *state, struct buf *out)
{
	char *statm __free_mem = NULL;
	struct rusage usage = {};
	struct rlimit limit = {};
	unsigned long long size = 0, rss = 0;
	size_t len;

	getrusage(RUSAGE_SELF, &usage);
	getrlimit(RLIMIT_NOFILE, &limit);
	if (!fdio_read_file("/proc/self/statm", 4096, &statm, &len) &&
	    /* The kernel writes no number that does not fit. NOLINTNEXTLINE(cert-err34-c) */
	    sscanf(statm, "%llu %llu", &size, &rss) != 2)
		size = rss = 0;
	number(out, "process_cpu_seconds_total", "counter", "CPU time of the daemon.",
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	number(out, "process_resident_memory_bytes", "gauge", "Resident memory of the daemon.",
	       (double)rss * (double)sysconf(_SC_PAGESIZE));
	number(out, "process_virtual_memory_bytes", "gauge", "Virtual memory of the daemon.",
	       (double)size * (double)sysconf(_SC_PAGESIZE));
	number(out, "process_open_fds", "gauge", "Open file descriptors.", (double)open_fds());
	number(out, "process_max_fds", "gauge", "Limit of open file descriptors.",
	       (double)limit.rlim_cur);
	number(out, "process_start_time_seconds", "gauge", "When tracing began, since 1970.",
	       (double)state->start_ns / 1e9);
}

static void write_http(const struct http_counts *http, struct buf *out)
{
	size_t i;

	metrics_head(out, "heaptap_http_requests_total", "counter", "Answers by class of status.");
	for (i = 2; i < 6; i++)
		buf__printf(out, "heaptap_http_requests_total{code=\"%zuxx\"} %llu\n", i,
			    (unsigned long long)atomic_load(&http->requests[i]));
	number(out, "heaptap_http_response_bytes_total", "counter", "Bytes of answers.",
	       (double)atomic_load(&http->bytes));
}

void metrics_write(const struct session_state *state, const struct http_counts *http,
		   const struct metrics_extra *extra, struct buf *out)
{
	write_state(state, out);
	write_budgets(state, out);
	write_stats(state, out);
	write_http(http, out);
	number(out, "heaptap_profiles_total", "counter", "Profiles made.",
	       (double)extra->profile_cnt);
	number(out, "heaptap_profile_seconds_total", "counter", "Time taken by making profiles.",
	       (double)extra->profile_ns / 1e9);
	number(out, "heaptap_archive_files", "gauge", "Window profiles in the archive.",
	       (double)extra->archive_files);
	number(out, "heaptap_archive_bytes", "gauge", "Size of the archive.",
	       (double)extra->archive_bytes);
	number(out, "heaptap_archive_failed_total", "counter",
	       "Window profiles that could not be written.", (double)extra->archive_failed_cnt);
	write_process(state, out);
}
