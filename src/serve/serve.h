/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon, from its configuration to SIGTERM. */
#pragma once

#include "serve/config.h"

struct serve_options {
	const char *config_path;   /* NULL: none; read again on SIGHUP */
	const char *const *listen; /* instead of what the file says, if there are any */
	size_t listen_cnt;
	const char *dir; /* the archive; NULL: what the file says */
	bool check;      /* the configuration, and that is all */
	bool quiet;
};

/* All messages are printed. SESSION_* or -errno (said as well). */
int serve_run(const struct serve_options *options);
