// SPDX-License-Identifier: Apache-2.0
#include "session/view.h"

#include <errno.h>
#include <string.h>

#include "abi/alloc.h"
#include "base/clock.h"
#include "collect/build_profile.h"
#include "collect/capture.h"
#include "session/recording.h"

/* A view is the recording, seen from outside. */
static struct recording *recording_of(struct session_view *view)
{
	return (struct recording *)view;
}

int session_view__profile(struct session_view *view, const struct session_filter *filter,
			  struct profile **ret)
{
	struct recording *rec = recording_of(view);
	struct build_options options = { .allocator_frames = rec->config->allocator_frames,
					 .placed = rec->config->placed && !filter->pid };
	struct snapshot *snapshot __free(snapshot) = NULL;
	int err;

	rec->filter = filter;
	err = recording__capture(rec, clock_ns(CLOCK_MONOTONIC), &snapshot);
	rec->filter = NULL;
	if (!err && (filter->pid || filter->service) && !snapshot->images.cnt)
		return -ESRCH;
	if (!err)
		err = recording__name(rec, snapshot, NULL, NULL);
	return err ? err : build_profile(snapshot, &options, ret, NULL);
}

void session_view__set_budgets(struct session_view *view, double each, double total)
{
	governor__set_budgets(recording_of(view)->governor, each, total);
}

int session_view__processes(struct session_view *view,
			    int (*fn)(void *ctx, const struct session_process *process), void *ctx)
{
	struct recording *rec = recording_of(view);
	char comm[sizeof(((struct image *)0)->comm) + 1], service[PROCESS_SERVICE_SIZE];
	const struct image *images;
	uint32_t id;
	size_t cnt;
	int err = 0;

	images = tracer__images(rec->tracer, &cnt);
	for (id = 1; !err && id < cnt; id++) {
		const struct process_info *info = process_table__info(rec->processes, id);
		struct session_process process = { .pid = (pid_t)images[id].tgid,
						   .uid = images[id].uid,
						   .comm = comm,
						   .service = service,
						   .container = info->owner.container,
						   .pod = info->owner.pod,
						   .unit = info->owner.unit };

		if (!images[id].tgid || images[id].end_ns || !recording__wants(rec, id))
			continue;
		memcpy(comm, images[id].comm, sizeof(comm) - 1);
		comm[sizeof(comm) - 1] = '\0';
		process_service(info, comm, service);
		err = fn(ctx, &process);
	}
	return err;
}

static int count_process(void *ctx, const struct session_process *process)
{
	++*(size_t *)ctx;
	return 0;
}

int session_view__state(struct session_view *view, struct session_state *ret)
{
	struct recording *rec = recording_of(view);
	struct session_state state = { .start_ns = rec->start_ns,
				       .probe_cnt = rec->probe_cnt,
				       .file_cnt = file_table__cnt(rec->files),
				       .site_cnt = tracer__site_used(rec->tracer),
				       .site_max = rec->site_max,
				       .tally_cnt = tally__site_cnt(rec->tally),
				       .tally_bytes = tally__bytes(rec->tally),
				       .evicted_cnt = tally__evicted_cnt(rec->tally),
				       .map_bytes = tracer__map_bytes(rec->tracer) };
	const char *path;
	uint64_t run_cnt;
	struct worker_stats worker;
	int err = tracer__stats(rec->tracer, state.stats);

	recording__worker_stats(rec, &worker);
	state.unread_cnt =
		worker.death_cnt + worker.late_cnt + worker.large_cnt + worker.refused_cnt;
	state.windowed_cnt = governor__windowed_cnt(rec->governor);
	state.step_cnt = governor__step_cnt(rec->governor);
	silent__count(&rec->silent, &state.idle_cnt, &state.refused_cnt);
	state.unopened_cnt = file_table__unopened_cnt(rec->files, &path);
	state.frame_cnt = tracer__frame_used(rec->tracer);
	state.frame_max = tracer__frame_max(rec->tracer);
	state.run_ns = tracer__run_ns(rec->tracer, &run_cnt);
	session_view__processes(view, count_process, &state.process_cnt);
	if (!err)
		*ret = state;
	return err;
}
