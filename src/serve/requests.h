/* SPDX-License-Identifier: Apache-2.0 */
/* A window as the requests that an engine takes: each service by itself, none larger than engines allow. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"
#include "serve/config.h"
#include "serve/push_queue.h"

/* Pyroscope refuses a profile beyond these (pkg/validation/limits.go); nobody else asks for less. */
#define REQUEST_SAMPLES_MAX ((size_t)16000)
#define REQUEST_MAX_BYTES   ((size_t)4 << 20) /* before compression */

struct requests {
	enum push_kind kind;
	const char *host;
	const struct profile *window; /* its samples say "service_name", its header when it was */
	/* Gets each request, and owns it. */
	void (*take)(void *ctx, struct push_item *item);
	void *ctx;
};

/*
 * Make all requests. Those of a service that needs several are a millisecond apart: engines take two of one moment for
 * one. Returns how many were lost for want of memory.
 */
size_t requests_make(const struct requests *requests);
