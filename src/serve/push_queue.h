/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait to be sent, oldest first: in memory up to a limit, then as files of the spool directory up to
 * another, then the oldest are dropped, and counted. A file stays until what it holds has been sent: whoever is killed
 * sends it twice rather than never. Not locked: its owner is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct push_item {
	char *path;     /* behind the URL */
	char *type;     /* Content-Type */
	char *encoding; /* Content-Encoding, or "" */
	char *body;
	size_t body_bytes;
	uint64_t file; /* the queue's: where it is kept as well; 0: nowhere */
	struct push_item *next;
};

void push_item__free(struct push_item *item);
DEFINE_CLEANUP(push_item);

struct push_queue;

/* @spool_dir: a directory, made if it is not there, or NULL. Files that are there already are sent first. 0 or -errno. */
int push_queue__new(size_t max_bytes, const char *spool_dir, uint64_t spool_max_bytes,
		    struct push_queue **ret);
/* What waits in memory is gone: push_queue__flush() comes first. */
void push_queue__free(struct push_queue *queue);
DEFINE_CLEANUP(push_queue);

/* Takes @item over. */
void push_queue__add(struct push_queue *queue, struct push_item *item);
/*
 * The oldest, or NULL: nothing waits. It is the caller's until push_queue__done() or push_queue__put_back(); one at a
 * time.
 */
struct push_item *push_queue__take(struct push_queue *queue);
/* It need not be kept any longer. */
void push_queue__done(struct push_queue *queue, struct push_item *item);
/* It could not be sent: it is the oldest again. */
void push_queue__put_back(struct push_queue *queue, struct push_item *item);
/* The end: what waits in memory goes to the spool as far as there is room; the rest is dropped and counted. */
void push_queue__flush(struct push_queue *queue);

/* What waits; one that was taken is not among it. */
size_t push_queue__bytes(const struct push_queue *queue);
size_t push_queue__cnt(const struct push_queue *queue);
uint64_t push_queue__dropped_cnt(const struct push_queue *queue);
uint64_t push_queue__spooled_cnt(const struct push_queue *queue);
