// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/tracing.h"
#include "serve/serve.h"

int cmd_serve(const struct options *opts)
{
	struct serve_options options = { .config_path = opts->config,
					 .listen = opts->listen.at,
					 .listen_cnt = opts->listen.cnt,
					 .dir = opts->dir,
					 .check = opts->check,
					 .quiet = opts->quiet };

	return tracing_exit_status(serve_run(&options));
}
