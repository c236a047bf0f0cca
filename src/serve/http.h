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

/* It serves nobody yet. NULL if out of memory. */
struct http *http__new(struct desk *desk);
/*
 * Serve as @config says. What is new is opened first and what did not change goes on; 0, -ENOMEM, or -EINVAL with
 * @ret_fault naming key and remedy, and then nothing has changed. In either case the doors of listeners that are no more
 * are shut: answer whoever came through one, then http__sweep().
 */
int http__apply(struct http *http, const struct http_config *config,
		struct config_fault *ret_fault);
/* All doors are shut. */
void http__close(struct http *http);
/* The listeners whose doors are shut go. */
void http__sweep(struct http *http);
void http__free(struct http *http);
DEFINE_CLEANUP(http);

/* Would it be refused, as far as can be told without listening? As http__apply(). */
int http_check(const struct http_config *config, struct config_fault *ret_fault);

struct http_counts {
	atomic_ullong requests[6]; /* by the first digit of the status */
	atomic_ullong bytes;
};
const struct http_counts *http__counts(const struct http *http);
