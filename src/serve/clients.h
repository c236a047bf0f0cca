/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of one listener: how many there may be, in all and from one address, and how long each may take. When
 * there are too many, the one that has been sending its request for longest makes room: who is slow keeps nobody out.
 * Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* Beyond the bound, for those that ask nothing but whether we are alive. */
#define CLIENTS_SPARE 8u

enum client_state {
	CLIENT_SENDS, /* its request; or it has none at the moment */
	CLIENT_WAITS, /* for its answer */
	CLIENT_READS, /* it */
};

struct clients;
struct client;

/* NULL if out of memory. */
struct clients *clients__new(size_t max_cnt);
/* Each must have been removed. */
void clients__free(struct clients *clients);
DEFINE_CLEANUP(clients);

/* @address NULL or of a Unix socket: nobody's in particular. @fd is shut down when its time is over. NULL: no memory. */
struct client *clients__add(struct clients *clients, int fd, const struct sockaddr *address);
/* Before its descriptor is closed. NULL is nobody. */
void clients__remove(struct clients *clients, struct client *client);
/* From now on, for @max_ns at most (0: as long as it takes). */
void clients__move(struct clients *clients, struct client *client, enum client_state state,
		   uint64_t max_ns);
/* Did it find no room but a spare one? */
bool client__is_spare(const struct client *client);
