/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait to be sent, oldest first: in memory up to a limit, then as files of the spool directory up to
 * another, then the oldest are dropped. Not locked: its owner is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct push_item {
	char *path; /* behind the URL */
	char *type; /* Content-Type; "" is none */
	char *body;
	size_t body_bytes;
	struct push_item *next;
};

void push_item__free(struct push_item *item);
DEFINE_CLEANUP(push_item);

struct push_queue;

/* @spool: a directory, made if it is not there, or NULL. Files that are there already are sent first. 0 or -errno. */
int push_queue__new(size_t max_bytes, const char *spool, uint64_t spool_max_bytes,
		    struct push_queue **ret);
/* What waits in memory goes to the spool, as far as there is room. */
void push_queue__free(struct push_queue *queue);
DEFINE_CLEANUP(push_queue);

/* Takes @item over. */
void push_queue__add(struct push_queue *queue, struct push_item *item);
/* The oldest, which is the caller's then; NULL: nothing waits. */
struct push_item *push_queue__take(struct push_queue *queue);
/* It could not be sent: it is the oldest again. */
void push_queue__put_back(struct push_queue *queue, struct push_item *item);

size_t push_queue__bytes(const struct push_queue *queue);
size_t push_queue__cnt(const struct push_queue *queue);
uint64_t push_queue__dropped_cnt(const struct push_queue *queue);
uint64_t push_queue__spooled_cnt(const struct push_queue *queue);
