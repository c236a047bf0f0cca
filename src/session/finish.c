// SPDX-License-Identifier: Apache-2.0
/* What was counted becomes a profile; the targets have nothing to do with it any more. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "collect/build_places.h"
#include "collect/build_profile.h"
#include "collect/capture.h"
#include "collect/embed_source.h"
#include "collect/ledger.h"
#include "collect/resolve.h"
#include "session/output.h"
#include "session/recording.h"

static bool is_wanted(void *ctx, const struct image *image, const struct process_info *info)
{
	const struct recording *rec = ctx;
	const struct session_filter *filter = rec->filter;
	char comm[sizeof(image->comm) + 1] = {}, service[PROCESS_SERVICE_SIZE];

	memcpy(comm, image->comm, sizeof(image->comm));
	if (filter && filter->pid && (image->tgid != (uint32_t)filter->pid || image->end_ns))
		return false;
	if (filter && filter->service &&
	    strcmp(process_service(info, comm, service), filter->service))
		return false;
	return choice__wants(&rec->config->choice, image->comm, info->exe, image->uid);
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000;
}

int recording__capture(struct recording *rec, uint64_t until_mono_ns, struct snapshot **ret)
{
	const struct session_config *config = rec->config;
	struct snapshot *snapshot __free(snapshot) = NULL;
	struct rusage usage;
	struct capture capture = {
		.tracer = rec->tracer,
		.files = rec->files,
		.processes = rec->processes,
		.targets = rec->targets,
		.tally = rec->filter && rec->filter->pid ? NULL : rec->tally,
		.service = rec->filter ? rec->filter->service : NULL,
		.time_ns = rec->start_ns,
		.duration_ns = until_mono_ns - rec->start_mono_ns,
		.period_bytes = session_has_budget(config) ? 0 : config->sample_bytes,
		.flags = (rec->live ? SNAPSHOT_LIVE : 0) |
			 (config->sample_bytes != 1 || session_has_budget(config) ? SNAPSHOT_SAMPLED
										  : 0) |
			 (config->sample_bytes ? 0 : SNAPSHOT_AUTO) |
			 (config->lifetimes ? SNAPSHOT_STORIES : 0),
		.image_max = rec->image_max,
		.series = &rec->series,
		.wanted = choice__is_all(&config->choice) && !rec->filter ? NULL : is_wanted,
		.ctx = (void *)rec,
	};
	int err;

	/* What is still to be read has no build id. */
	recording__feed_all_files(rec);
	governor__catch_up(rec->governor, rec->tracer);
	err = capture_snapshot(&capture, &snapshot);
	if (!err)
		err = governor__settle(rec->governor, rec->tracer, snapshot);
	if (err)
		return err;
	rec->captured_ns = rec->filter ? 0 : until_mono_ns;
	getrusage(RUSAGE_SELF, &usage);
	snapshot->cost = (struct snapshot_cost){
		.cpu_ns = rec->cost.cpu_ns,
		.trace_ns = rec->cost.trace_ns,
		.own_cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime),
		.own_rss_bytes = (uint64_t)usage.ru_maxrss << 10,
		.map_bytes = tracer__map_bytes(rec->tracer),
	};
	*ret = TAKE_PTR(snapshot);
	return 0;
}

int recording__drain(struct recording *rec, struct snapshot **ret)
{
	int err;

	/* First of all: the targets run at full speed again. */
	tracer__detach(rec->tracer);
	err = recording__capture(rec, rec->stop_mono_ns, ret);
	return err ? log_err(err, "cannot read the maps") : SESSION_OK;
}

/* Nobody but root may open them by their mappings: serve is less. */
static int tell_unopened(const struct recording *rec, struct snapshot *snapshot)
{
	const char *path = "";
	size_t cnt = file_table__unopened_cnt(rec->files, &path);
	char text[PATH_MAX + 128];

	if (!cnt)
		return 0;
	snprintf(text, sizeof(text),
		 "names: %zu file%s could not be opened (%s): no names, and no probes if %s", cnt,
		 cnt > 1 ? "s" : "", path, cnt > 1 ? "any is an allocator" : "it is an allocator");
	return snapshot__remark(snapshot, 0, text);
}

void recording__worker_stats(const struct recording *rec, struct worker_stats *ret)
{
	const struct worker *const workers[] = { rec->worker, rec->later };
	struct worker_stats all = {}, one;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (!workers[i])
			continue;
		worker__stats(workers[i], &one);
		all.request_cnt += one.request_cnt;
		all.death_cnt += one.death_cnt;
		all.late_cnt += one.late_cnt;
		all.large_cnt += one.large_cnt;
		all.refused_cnt += one.refused_cnt;
	}
	*ret = all;
}

static int tell_unread(const struct recording *rec, struct snapshot *snapshot)
{
	struct worker_stats stats;
	uint64_t failed;
	char text[192];

	recording__worker_stats(rec, &stats);
	failed = stats.death_cnt + stats.late_cnt + stats.large_cnt;
	if (!failed && !stats.refused_cnt)
		return 0;
	snprintf(text, sizeof(text),
		 "names: %" PRIu64 " files could not be read (%" PRIu64 " took too long, %" PRIu64
		 " too much memory), %" PRIu64 " requests had no reader",
		 failed, stats.late_cnt, stats.large_cnt, stats.refused_cnt);
	return snapshot__remark(snapshot, 0, text);
}

static int tell_unprobed(const struct recording *rec, struct snapshot *snapshot)
{
	struct buf *text __free(buf) = buf__new(0);

	if (!text)
		return -ENOMEM;
	unprobed__text(&rec->unprobed, text);
	return buf__len(text) ? snapshot__remark(snapshot, 0, buf__data(text)) : 0;
}

int recording__name(struct recording *rec, struct snapshot *snapshot, resolve_progress_fn progress,
		    void *ctx)
{
	int err = resolver__run(rec->resolver, snapshot, progress, ctx);

	if (!err && rec->captured_ns)
		rec->named_ns = rec->captured_ns;
	if (!err)
		err = tell_unopened(rec, snapshot);
	if (!err)
		err = tell_unread(rec, snapshot);
	return err ? err : tell_unprobed(rec, snapshot);
}

int recording__moment(struct recording *rec, struct snapshot **ret_snapshot, struct profile **ret)
{
	struct build_options options = { .allocator_frames = rec->config->allocator_frames,
					 .placed = rec->config->placed };
	struct snapshot *snapshot __free(snapshot) = NULL;
	int err;

	err = recording__capture(rec, clock_ns(CLOCK_MONOTONIC), &snapshot);
	if (!err)
		err = recording__name(rec, snapshot, NULL, NULL);
	if (!err)
		err = build_profile(snapshot, &options, ret, NULL);
	if (!err)
		*ret_snapshot = TAKE_PTR(snapshot);
	return err;
}

int recording__write_next(struct recording *rec, const struct snapshot *snapshot,
			  const struct profile *profile)
{
	struct session_config config = *rec->config;
	char *path __free_mem = output_nth(&config, ++rec->written_cnt);
	int err;

	if (!path)
		return log_err(-ENOMEM, "cannot write the next file");
	config.output = path;
	err = write_output(&config, snapshot, profile);
	if (!err && !config.quiet)
		log_info("written: %s", path);
	return err;
}

/* Where to, and by whom to be read. */
static int write_result(struct recording *rec, const struct snapshot *snapshot,
			const struct profile *profile)
{
	if (!rec->config->output)
		return SESSION_OK;
	if (rec->config->every_ns)
		return recording__write_next(rec, snapshot, profile);
	return write_output(rec->config, snapshot, profile);
}

static void show_progress(size_t done, size_t total, void *ctx)
{
	int *shown = ctx;

	if (!isatty(STDERR_FILENO) || total < 2000)
		return;
	fprintf(stderr, "\rheaptap: finding names: %zu of %zu frames", done, total);
	*shown = 1;
}

static void print_ledger(const struct snapshot *snapshot, const struct build_totals *totals)
{
	struct buf *text __free(buf) = buf__new(0);
	char *line, *next;

	if (!text)
		return;
	ledger_text(snapshot, totals, text);
	for (line = (char *)buf__data(text); *line; line = next + 1) {
		next = strchr(line, '\n');
		if (!next)
			break;
		log_info("%.*s", (int)(next - line), line);
	}
}

static int embed(const struct recording *rec, struct snapshot *snapshot)
{
	size_t missing_cnt = 0;
	int err = embed_sources(snapshot, rec->files, &missing_cnt);

	if (!err && !rec->config->quiet)
		log_info("source: %zu files embedded, %zu not to be had", snapshot->sources.cnt,
			 missing_cnt);
	return err;
}

int recording__finish(struct recording *rec, struct snapshot *snapshot, struct session_result *ret)
{
	const struct session_config *config = rec->config;
	struct build_options options = { .allocator_frames = config->allocator_frames,
					 .placed = config->placed };
	struct profile *profile __free(profile) = NULL;
	struct build_totals totals;
	int shown = 0, err;

	err = recording__name(rec, snapshot, config->quiet ? NULL : show_progress, &shown);
	if (shown)
		fprintf(stderr, "\r\033[K");
	if (!err && config->embed_source)
		err = embed(rec, snapshot);
	if (!err)
		err = build_profile(snapshot, &options, &profile, &totals);
	if (err)
		return log_err(err, "cannot make a profile");
	err = rec->write_failed ? SESSION_FAILED : write_result(rec, snapshot, profile);
	if (err) {
		keep_snapshot(snapshot);
		return err;
	}
	if (config->lifetimes && build_places(snapshot, &ret->places))
		return log_err(-ENOMEM, "cannot tell what became of the memory");
	ret->complete = ledger_is_complete(snapshot);
	if (config->quiet)
		return SESSION_OK;
	print_ledger(snapshot, &totals);
	if (config->output && strcmp(config->output, "-") && !config->every_ns)
		log_info("written: %s (see it with: heaptap report %s)", config->output,
			 config->output);
	return SESSION_OK;
}
