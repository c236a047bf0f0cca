/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's state as Prometheus text, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
#pragma once

#include "base/buf.h"
#include "serve/http.h"
#include "session/view.h"

struct metrics_extra {
	uint64_t archive_files, archive_bytes, archive_failed_cnt;
	uint64_t profile_cnt, profile_ns; /* made so far, and the time it took */
};

void metrics_write(const struct session_state *state, const struct http_counts *http,
		   const struct metrics_extra *extra, struct buf *out);
/* One family's head: its # HELP and # TYPE lines. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
/* @text as the value of a label, quotes included. */
void metrics_label(struct buf *out, const char *text);
