/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protobuf wire format (protobuf.dev/programming-guides/encoding), as much as is needed to
 * write and to read messages by hand: varints, fixed words and length-delimited fields.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"

#define PB_VARINT_BYTES_MAX 10

enum pb_wire {
	PB_VARINT = 0,
	PB_FIXED64 = 1,
	PB_BYTES = 2,
	PB_FIXED32 = 5,
};

/* --- writing: a message is put together in memory, then written behind its length --- */

/* A message under construction. Errors stick, as in base/buf.h. */
struct pb_msg {
	unsigned char *data;
	size_t len;
	size_t room;
	int error;
};

void pb_msg__done(struct pb_msg *msg);
void pb_msg__reset(struct pb_msg *msg);
void pb_msg__varint(struct pb_msg *msg, uint64_t value); /* bare, for packed fields */
/* A field of value 0 is left out, as proto3 does. */
void pb_msg__u64(struct pb_msg *msg, uint32_t field, uint64_t value);
/* Written even if it is 0. */
void pb_msg__fixed64(struct pb_msg *msg, uint32_t field, uint64_t value);
/* Fields that were put together before. */
void pb_msg__append(struct pb_msg *msg, const struct pb_msg *fields);
void pb_msg__bytes(struct pb_msg *msg, uint32_t field, const void *data, size_t len_bytes);
void pb_msg__msg(struct pb_msg *msg, uint32_t field, const struct pb_msg *inner);
/* Packed repeated varints. Nothing is written for none. */
void pb_msg__packed(struct pb_msg *msg, uint32_t field, const uint64_t *values, size_t cnt);

/* Field @field of the outermost message: @msg behind its length. The message's error becomes the
 * writer's. */
void pb_write_msg(struct writer *writer, uint32_t field, const struct pb_msg *msg);
void pb_write_bytes(struct writer *writer, uint32_t field, const void *data, size_t len_bytes);
void pb_write_u64(struct writer *writer, uint32_t field, uint64_t value);

/* --- reading from memory --- */

struct pb_cursor {
	const unsigned char *at;
	const unsigned char *end;
};

struct pb_field {
	uint32_t number;
	enum pb_wire wire;
	uint64_t value;         /* of varints and fixed words */
	struct pb_cursor bytes; /* of PB_BYTES */
};

/* 0, or -ENODATA if it ends too early, or -EBADMSG for more than 64 bits. */
int pb_read_varint(struct pb_cursor *cursor, uint64_t *ret);
/* Split a field's key. -EBADMSG for field 0, groups and unknown wire types. */
int pb_split_key(uint64_t key, uint32_t *ret_number, enum pb_wire *ret_wire);
/* 1: a field, 0: the end, -EBADMSG: broken. */
int pb_next(struct pb_cursor *cursor, struct pb_field *ret);
