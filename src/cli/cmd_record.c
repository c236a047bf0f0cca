// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/units.h"
#include "base/vec.h"
#include "cli/command.h"
#include "session/session.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>

struct uid_list {
	uid_t *at;
	size_t cnt, room;
};

static void uid_list__done(struct uid_list *list)
{
	vec__done(list);
}
#define __uid_list __attribute__((cleanup(uid_list__done)))

/* Without -o: a name that says what it is and does not clash with the last one's. */
static const char *default_output(const struct options *opts, char *out, size_t out_bytes)
{
	if (opts->pids.cnt == 1)
		snprintf(out, out_bytes, "heaptap-%d.pb.gz", (int)opts->pids.at[0]);
	else
		snprintf(out, out_bytes, "heaptap.pb.gz");
	return out;
}

static bool chooses(const struct options *opts)
{
	return opts->names.cnt || opts->users.cnt || opts->excludes.cnt;
}

static int check_whom(const struct options *opts)
{
	int kinds = !!opts->pids.cnt + !!opts->operand_cnt + opts->all + !!opts->cgroup;

	if (chooses(opts) && (opts->pids.cnt || opts->operand_cnt)) {
		log_err(0, "record: --name, --user and --exclude choose among all processes or a --cgroup; "
			   "-p and -- CMD say whom already");
		return EXIT_USAGE;
	}
	if (kinds == 1 || (!kinds && chooses(opts)))
		return EXIT_OK;
	if (kinds)
		log_err(0, "record: name one of -p PID, -- CMD, --cgroup PATH and -a");
	else
		log_err(0, "record: whom? -p PID, or -- CMD ARG…, or --cgroup PATH, or -a, or --name NAME");
	return EXIT_USAGE;
}

static int find_users(const struct options *opts, struct uid_list *ret)
{
	const struct passwd *user;
	uint64_t uid;
	size_t i;

	for (i = 0; i < opts->users.cnt; i++) {
		if (units_parse_u64(opts->users.at[i], &uid) || uid >= UINT32_MAX) {
			user = getpwnam(opts->users.at[i]);
			if (!user) {
				log_err(0, "record: there is no user %s", opts->users.at[i]);
				return EXIT_USAGE;
			}
			uid = user->pw_uid;
		}
		if (vec__push(ret, (uid_t)uid))
			return -ENOMEM;
	}
	return EXIT_OK;
}

static int exit_status(int status)
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

int cmd_record(const struct options *opts)
{
	char name[64];
	struct session_config config = {
		.pids = opts->pids.at,
		.pid_cnt = opts->pids.cnt,
		.cmd = opts->operand_cnt ? opts->operands : NULL,
		.cgroup = opts->cgroup,
		.all = opts->all || (chooses(opts) && !opts->cgroup),
		.follow = opts->follow,
		.duration_ns = opts->duration_ns,
		.no_live = opts->no_live,
		.lifetimes = opts->lifetimes,
		.sample_bytes = opts->sample_bytes,
		.backend = opts->backend,
		.empty = opts->empty_probes,
		.full_cfi = opts->full_cfi,
		.allocator_frames = opts->allocator_frames,
		.quiet = opts->quiet,
		.live_max_cnt = opts->live_max_cnt,
		.sites_max_cnt = opts->sites_max_cnt,
		.stacks_max_bytes = opts->stacks_max_bytes,
		.output = opts->output ? opts->output : default_output(opts, name, sizeof(name)),
		.force = opts->force,
		.metric = opts->metric,
	};
	struct session_result result;
	struct uid_list users __uid_list = {};
	int status = check_whom(opts);

	if (!status)
		status = find_users(opts, &users);
	if (status)
		return status;
	config.choice = (struct choice){ opts->names.at, opts->names.cnt, opts->excludes.at,
					 opts->excludes.cnt, users.at, users.cnt };
	status = exit_status(session_record(&config, &result));
	if (status)
		return status;
	if (result.cmd_status > 0)
		return result.cmd_status;
	return opts->strict && !result.complete ? EXIT_INCOMPLETE : EXIT_OK;
}
