/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles to an engine elsewhere, by a thread of its own: whatever becomes of the other side, recording goes on. What
 * cannot be sent waits in memory, then in the spool directory, each up to its limit; then the oldest goes, and is
 * counted.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "profile/profile.h"
#include "serve/config.h"

struct push;

/* @config outlives it. 0, -ENOTSUP: built without libcurl; or -errno. */
int push_start(const struct push_config *config, struct push **ret);
/* Stops at once; what waits in memory goes to the spool, if there is one. */
void push__free(struct push *push);
DEFINE_CLEANUP(push);

/* A window of all services: counters as differences, the rest as it is. Takes @window over. 0 or -errno. */
int push__add(struct push *push, struct profile *window, int64_t from_ns, int64_t until_ns);

struct push_counts {
	uint64_t sent, retried, rejected, dropped, spooled;
	uint64_t waiting, waiting_bytes;
};
struct push_counts push__counts(struct push *push);
