/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the two processes, over a stream socket: a head, a body, and descriptors that come with the head. Neither
 * side believes the other: what is read is bounded, and a body is taken apart by readers that stop at its end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WIRE_FD_MAX   1
#define WIRE_BODY_MAX ((size_t)256 << 20)
#define WIRE_STR_MAX  ((size_t)64 << 10)
#define WIRE_FOREVER  UINT64_MAX

enum wire_kind {
	WIRE_HELLO, /* the worker is ready; status: of its sandbox */
	WIRE_SITES, /* what to probe in the file, please */
	WIRE_TABLE, /* an unwind table of it */
	WIRE_NAMES, /* names for places in it */
	WIRE_OPEN,  /* asked by the worker: a file below a root */
	WIRE_FETCH, /* ... a debug file by build id */
	WIRE_ANSWER,
};

struct wire_head {
	uint32_t kind;
	int32_t status; /* of an answer: 0, -errno, or an outcome */
	uint32_t len_bytes;
	uint32_t fd_cnt;
};

struct wire_message {
	struct wire_head head;
	char *body;
	int fd; /* -1: none */
};

void wire_message__done(struct wire_message *message);
#define __wire_message __attribute__((cleanup(wire_message__done)))

/* @fd -1: none goes along. 0, -ETIMEDOUT, -EPIPE: the other side is gone, or -errno. @deadline_ns is of CLOCK_MONOTONIC. */
int wire_send(int sock, uint64_t deadline_ns, enum wire_kind kind, int status, const void *body,
	      size_t len_bytes, int fd);
/* 0; -ETIMEDOUT; -EPIPE; -EBADMSG: not a message; or -errno. */
int wire_receive(int sock, uint64_t deadline_ns, struct wire_message *ret);

void wire_put_u32(struct buf *buf, uint32_t value);
void wire_put_u64(struct buf *buf, uint64_t value);
/* Cut at WIRE_STR_MAX. */
void wire_put_str(struct buf *buf, const char *str);

/* Reads a body from its start; what is not there reads as 0 or "" and makes it bad. */
struct wire_reader {
	const char *at;
	size_t left;
	bool bad;
};

struct wire_reader wire_reader_of(const struct wire_message *message);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
/* Ended by NUL; lives as long as the message. */
const char *wire_get_str(struct wire_reader *reader);
/* NULL if there are not as many. */
const void *wire_get_bytes(struct wire_reader *reader, size_t len_bytes);
