// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/tracing.h"

#include <stdio.h>

/* Without -o: a name that says what it is and does not clash with the last one's. */
static const char *default_output(const struct options *opts, char *out, size_t out_bytes)
{
	if (opts->pids.cnt == 1)
		snprintf(out, out_bytes, "heaptap-%d.pb.gz", (int)opts->pids.at[0]);
	else
		snprintf(out, out_bytes, "heaptap.pb.gz");
	return out;
}

int cmd_record(const struct options *opts)
{
	char name[64];
	struct tracing tracing __tracing = {};
	struct session_result result = {};
	int status = tracing__init(&tracing, opts);

	if (status)
		return status;
	tracing.config.output =
		opts->output ? opts->output : default_output(opts, name, sizeof(name));
	status = tracing_exit_status(session_record(&tracing.config, &result));
	places__free(result.places);
	if (status)
		return status;
	if (result.cmd_status > 0)
		return result.cmd_status;
	return opts->strict && !result.complete ? EXIT_INCOMPLETE : EXIT_OK;
}
