// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/tracing.h"

#include <stdio.h>

#include "encode/encoder.h"

/* Without -o: a name that says what it is and does not clash with the last one's. */
static const char *default_output(const struct options *opts, char *out, size_t out_bytes)
{
	const struct encoder *encoder = encoder_by_name(opts->format ? opts->format : "pprof");
	const char *suffix = encoder ? encoder->suffix : ".heaptap";

	if (opts->pids.cnt == 1)
		snprintf(out, out_bytes, "heaptap-%d%s", (int)opts->pids.at[0], suffix);
	else
		snprintf(out, out_bytes, "heaptap%s", suffix);
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
