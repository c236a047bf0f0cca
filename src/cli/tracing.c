// SPDX-License-Identifier: Apache-2.0
#include "cli/tracing.h"

#include <errno.h>
#include <pwd.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/command.h"

static bool chooses(const struct options *opts)
{
	return opts->names.cnt || opts->users.cnt || opts->excludes.cnt;
}

static int check_whom(const struct options *opts)
{
	int kinds = !!opts->pids.cnt + !!opts->operand_cnt + opts->all + !!opts->cgroup;
	const char *command = opts->command->name;

	if (chooses(opts) && (opts->pids.cnt || opts->operand_cnt)) {
		log_err(0,
			"%s: --name, --user and --exclude choose among all processes or a "
			"--cgroup; "
			"-p and -- CMD say whom already",
			command);
		return EXIT_USAGE;
	}
	if (kinds == 1 || (!kinds && chooses(opts)))
		return EXIT_OK;
	if (kinds)
		log_err(0, "%s: name one of -p PID, -- CMD, --cgroup PATH and -a", command);
	else
		log_err(0,
			"%s: whom? -p PID, or -- CMD ARG…, or --cgroup PATH, or -a, or --name NAME",
			command);
	return EXIT_USAGE;
}

static int find_users(struct tracing *tracing, const struct options *opts)
{
	const struct passwd *user;
	uint64_t uid;
	size_t i;

	for (i = 0; i < opts->users.cnt; i++) {
		if (units_parse_u64(opts->users.at[i], &uid) || uid >= UINT32_MAX) {
			user = getpwnam(opts->users.at[i]);
			if (!user) {
				log_err(0, "%s: there is no user %s", opts->command->name,
					opts->users.at[i]);
				return EXIT_USAGE;
			}
			uid = user->pw_uid;
		}
		if (vec__push(&tracing->users, (uid_t)uid))
			return -ENOMEM;
	}
	return EXIT_OK;
}

/* A command of ours is worth every number; a process that serves others is not to be burdened unasked. */
static uint64_t sample_bytes(const struct options *opts)
{
	if (opts->sample_bytes == SAMPLE_UNSAID)
		return opts->operand_cnt ? SAMPLE_EXACT : SAMPLE_AUTO;
	return opts->sample_bytes;
}

static struct session_config config_of(const struct tracing *tracing, const struct options *opts)
{
	return (struct session_config){
		.pids = opts->pids.at,
		.pid_cnt = opts->pids.cnt,
		.cmd = opts->operand_cnt ? opts->operands : NULL,
		.cgroup = opts->cgroup,
		.all = opts->all || (chooses(opts) && !opts->cgroup),
		.choice = { opts->names.at, opts->names.cnt, opts->excludes.at, opts->excludes.cnt,
			    tracing->users.at, tracing->users.cnt },
		.follow = opts->follow,
		.duration_ns = opts->duration_ns,
		.every_ns = opts->every_ns,
		.no_live = opts->no_live,
		.maps = opts->maps,
		.lifetimes = opts->lifetimes,
		.sample_bytes = sample_bytes(opts),
		.max_overhead = opts->max_overhead_pct / 100,
		.max_overhead_total = opts->max_overhead_total_pct / 100,
		.backend = opts->backend,
		.empty = opts->empty_probes,
		.full_cfi = opts->full_cfi,
		.isolate = true,
		.allocator_frames = opts->allocator_frames,
		.quiet = opts->quiet,
		.embed_source = opts->embed_source,
		.live_max_cnt = opts->live_max_cnt,
		.sites_max_cnt = opts->sites_max_cnt,
		.stacks_max_bytes = opts->stacks_max_bytes,
		.force = opts->force,
		.format = opts->format,
		.metric = opts->metric,
	};
}

int tracing__init(struct tracing *tracing, const struct options *opts)
{
	int status = check_whom(opts);

	if (!status)
		status = find_users(tracing, opts);
	if (!status)
		tracing->config = config_of(tracing, opts);
	return status;
}

void tracing__done(struct tracing *tracing)
{
	vec__done(&tracing->users);
}

int tracing_exit_status(int status)
{
	switch (status) {
	case SESSION_OK:
		return EXIT_OK;
	case SESSION_USAGE:
		return EXIT_USAGE;
	case SESSION_PRIVILEGE:
		return EXIT_PRIVILEGE;
	case SESSION_CANNOT_RUN:
		return EXIT_CANNOT_RUN;
	case SESSION_NOT_FOUND:
		return EXIT_NOT_FOUND;
	default:
		return EXIT_FAILED;
	}
}
