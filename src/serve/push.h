/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles to an engine elsewhere, by a thread of its own: whatever becomes of the other side, recording goes on. What
 * cannot be sent waits in memory, then in the spool directory, each up to its limit; then the oldest goes, and is
 * counted.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "serve/config.h"
#include "serve/desk.h"

struct push;

/* Of requests. What was made is sent, rejected, dropped or waits. */
struct push_counts {
	uint64_t sent, retried, rejected, dropped, spooled;
	uint64_t waiting, waiting_bytes;
};

/*
 * @config is copied; counting goes on from @before, which may be NULL. 0, -ENOTSUP: built without libcurl; or -errno.
 */
int push_start(const struct push_config *config, const struct push_counts *before,
	       struct push **ret);
/* No longer than @grace_ms from now on; does not wait for it. A push that is to end already is left as it is. */
void push__begin_stop(struct push *push, unsigned grace_ms);
/*
 * What waits is sent as long as the other side takes it and @grace_ms are not over; then it goes to the spool; what has
 * no room there is dropped. Returns the last counts.
 */
struct push_counts push__stop(struct push *push, unsigned grace_ms);
/* The same without a word and without grace. */
void push__free(struct push *push);
DEFINE_CLEANUP(push);

const struct push_config *push__config(const struct push *push);

/*
 * A window of all services, with its time and duration: counters as differences, the rest as it is. Takes a hold of it over. 0, or -EBUSY if too many
 * wait to be encoded: it is gone, and nothing of it counted, for the caller can make the next one longer.
 */
int push__add(struct push *push, struct shot *window);

struct push_counts push__counts(struct push *push);
