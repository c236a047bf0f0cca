// SPDX-License-Identifier: Apache-2.0
#include "session/session.h"

#include <errno.h>
#include <signal.h>

#include "base/log.h"
#include "kernel/guard.h"
#include "session/recording.h"
#include "session/totals.h"

void recording__done(struct recording *rec)
{
	/* Probes first: whatever else is slow or fails, the targets are free of us. */
	tracer__free(rec->tracer);
	/* A daemon's next recording has no right to begin another. */
	if (!rec->config->watch)
		guard_end();
	governor__free(rec->governor);
	child__done(&rec->child);
	hashmap__free(rec->attached);
	process_table__free(rec->processes);
	resolver__free(rec->resolver);
	tally__free(rec->tally);
	file_table__free(rec->files);
	worker__free(rec->worker);
	worker__free(rec->later);
	target_set__free(rec->targets);
	op_sites__done(&rec->op);
	alloc_fns__free(rec->fns);
	series__done(&rec->series);
	silent__done(&rec->silent);
	unprobed__done(&rec->unprobed);
	late__done(&rec->late);
	looks__done(&rec->looks);
	vec__done(&rec->unused_since_ns);
	vec__done(&rec->pids);
}

/* The command's end decides the status, whatever became of the recording. */
static int wait_for_command(struct recording *rec)
{
	int err;

	if (!rec->child.pid || rec->child.go_fd >= 0)
		return -1;
	/* Held at an exec while we stopped listening; of no effect otherwise. */
	if (!child__reap(&rec->child, 0))
		kill(rec->child.pid, SIGCONT);
	if (rec->stop_signal && !child__reap(&rec->child, 0))
		kill(rec->child.pid, rec->stop_signal);
	err = child__reap(&rec->child, 1);
	return err < 0 ? -1 : child__shell_status(&rec->child);
}

#define RECORDING(with)                                                                            \
	{                                                                                          \
		.config = (with), .child = CHILD_NONE, .cmd_status = -1                            \
	}

/* From nothing to what stopped it. */
static int trace(struct recording *rec)
{
	int err;

	stop_signals__block(&rec->stop_signals);
	err = recording__prepare(rec);
	if (!err)
		err = recording__arm(rec);
	return err ? err : recording__run(rec);
}

int session_record(const struct session_config *config, struct session_result *ret)
{
	struct recording rec __attribute__((cleanup(recording__done))) = RECORDING(config);
	struct snapshot *snapshot __free(snapshot) = NULL;
	struct session_result result = { .cmd_status = -1 };
	int err;

	err = trace(&rec);
	if (!err)
		err = recording__drain(&rec, &snapshot);
	stop_signals__let_through(&rec.stop_signals);
	if (!err)
		err = recording__finish(&rec, snapshot, &result);
	result.cmd_status = wait_for_command(&rec);
	*ret = result;
	return err;
}

int session_stat(const struct session_config *config, struct session_result *ret)
{
	struct recording rec __attribute__((cleanup(recording__done))) = RECORDING(config);
	struct session_result result = { .cmd_status = -1 };
	int err;

	err = trace(&rec);
	stop_signals__let_through(&rec.stop_signals);
	if (!err) {
		struct session_totals totals =
			totals_read(rec.tracer, rec.stop_mono_ns - rec.start_mono_ns);

		tracer__detach(rec.tracer);
		config->on_totals(&totals, true, config->ctx);
	}
	result.cmd_status = wait_for_command(&rec);
	*ret = result;
	return err;
}
