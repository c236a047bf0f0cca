/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: its own threads, one listener per address. Clients are bounded in number (in all and per address),
 * in what they may send, and in time; a listener that others can reach asks for a token.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "serve/config.h"
#include "serve/desk.h"

struct http;

/* 0; -ENOTSUP: built without libmicrohttpd; -errno, with @ret_what naming what it is about. */
int http_start(const struct serve_config *config, struct desk *desk, struct http **ret,
	       const char **ret_what);
/* Every question must have been answered (desk__close(), desk__answer()). */
void http__free(struct http *http);
DEFINE_CLEANUP(http);

struct http_counts {
	atomic_ullong requests[6]; /* by the first digit of the status */
	atomic_ullong bytes;
};
const struct http_counts *http__counts(const struct http *http);
