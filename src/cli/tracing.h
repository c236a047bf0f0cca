/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that trace have in common. */
#pragma once

#include "base/vec.h"
#include "cli/options.h"
#include "session/session.h"

struct tracing {
	struct session_config config; /* no output is set */
	VEC(uid_t) users;             /* what config refers to */
};

/*
 * All that the options say. EXIT_OK, or EXIT_USAGE after saying why: exactly one of -p, CMD,
 * --cgroup and -a must be given, or a choice among all; or -ENOMEM.
 */
int tracing__init(struct tracing *tracing, const struct options *opts);
void tracing__done(struct tracing *tracing);
#define __tracing __attribute__((cleanup(tracing__done)))

/* Of a SESSION_* or -errno. */
int tracing_exit_status(int status);
