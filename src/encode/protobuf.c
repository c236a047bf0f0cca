// SPDX-License-Identifier: Apache-2.0
#include "encode/protobuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static size_t put_varint(unsigned char out[static PB_VARINT_BYTES_MAX], uint64_t value)
{
	size_t len = 0;

	while (value >= 0x80) {
		out[len++] = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	out[len++] = (unsigned char)value;
	return len;
}

static uint64_t key_of(uint32_t field, enum pb_wire wire)
{
	return (uint64_t)field << 3 | wire;
}

void pb_msg__done(struct pb_msg *msg)
{
	free(msg->data);
	*msg = (struct pb_msg){};
}

void pb_msg__reset(struct pb_msg *msg)
{
	msg->len = 0;
	msg->error = 0;
}

static unsigned char *msg_room(struct pb_msg *msg, size_t len_bytes)
{
	if (!msg->error)
		msg->error = vec_reserve((void **)&msg->data, &msg->room, msg->len + len_bytes, 1);
	return msg->error ? NULL : msg->data + msg->len;
}

void pb_msg__varint(struct pb_msg *msg, uint64_t value)
{
	unsigned char *room = msg_room(msg, PB_VARINT_BYTES_MAX);

	if (room)
		msg->len += put_varint(room, value);
}

void pb_msg__u64(struct pb_msg *msg, uint32_t field, uint64_t value)
{
	if (!value)
		return;
	pb_msg__varint(msg, key_of(field, PB_VARINT));
	pb_msg__varint(msg, value);
}

static void append(struct pb_msg *msg, const void *data, size_t len_bytes)
{
	unsigned char *room = msg_room(msg, len_bytes);

	if (!room || !len_bytes)
		return;
	memcpy(room, data, len_bytes);
	msg->len += len_bytes;
}

void pb_msg__fixed64(struct pb_msg *msg, uint32_t field, uint64_t value)
{
	unsigned char bytes[8];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(value >> 8 * i);
	pb_msg__varint(msg, key_of(field, PB_FIXED64));
	append(msg, bytes, sizeof(bytes));
}

void pb_msg__append(struct pb_msg *msg, const struct pb_msg *fields)
{
	append(msg, fields->data, fields->len);
	if (fields->error && !msg->error)
		msg->error = fields->error;
}

void pb_msg__bytes(struct pb_msg *msg, uint32_t field, const void *data, size_t len_bytes)
{
	pb_msg__varint(msg, key_of(field, PB_BYTES));
	pb_msg__varint(msg, len_bytes);
	append(msg, data, len_bytes);
}

void pb_msg__msg(struct pb_msg *msg, uint32_t field, const struct pb_msg *inner)
{
	pb_msg__bytes(msg, field, inner->data, inner->len);
	if (inner->error && !msg->error)
		msg->error = inner->error;
}

void pb_msg__packed(struct pb_msg *msg, uint32_t field, const uint64_t *values, size_t cnt)
{
	unsigned char scratch[PB_VARINT_BYTES_MAX];
	size_t len = 0, i;

	if (!cnt)
		return;
	for (i = 0; i < cnt; i++)
		len += put_varint(scratch, values[i]);
	pb_msg__varint(msg, key_of(field, PB_BYTES));
	pb_msg__varint(msg, len);
	for (i = 0; i < cnt; i++)
		pb_msg__varint(msg, values[i]);
}

void pb_write_bytes(struct writer *writer, uint32_t field, const void *data, size_t len_bytes)
{
	unsigned char head[2 * PB_VARINT_BYTES_MAX];
	size_t len = put_varint(head, key_of(field, PB_BYTES));

	len += put_varint(head + len, len_bytes);
	writer__write(writer, head, len);
	writer__write(writer, data, len_bytes);
}

void pb_write_msg(struct writer *writer, uint32_t field, const struct pb_msg *msg)
{
	if (msg->error)
		writer__fail(writer, msg->error);
	else
		pb_write_bytes(writer, field, msg->data, msg->len);
}

void pb_write_u64(struct writer *writer, uint32_t field, uint64_t value)
{
	unsigned char out[2 * PB_VARINT_BYTES_MAX];
	size_t len;

	if (!value)
		return;
	len = put_varint(out, key_of(field, PB_VARINT));
	len += put_varint(out + len, value);
	writer__write(writer, out, len);
}

int pb_read_varint(struct pb_cursor *cursor, uint64_t *ret)
{
	const unsigned char *p = cursor->at;
	uint64_t value = 0;
	int shift;

	for (shift = 0; shift < 70; shift += 7) {
		if (p == cursor->end)
			return -ENODATA;
		if (shift == 63 && *p > 1)
			return -EBADMSG;
		value |= (uint64_t)(*p & 0x7f) << shift;
		if (*p++ < 0x80) {
			cursor->at = p;
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

int pb_split_key(uint64_t key, uint32_t *ret_number, enum pb_wire *ret_wire)
{
	enum pb_wire wire = key & 7;

	if (key >> 3 == 0 || key >> 3 > 0x1fffffff)
		return -EBADMSG;
	if (wire != PB_VARINT && wire != PB_FIXED64 && wire != PB_BYTES && wire != PB_FIXED32)
		return -EBADMSG;
	*ret_number = (uint32_t)(key >> 3);
	*ret_wire = wire;
	return 0;
}

static int take_fixed(struct pb_cursor *cursor, size_t len_bytes, uint64_t *ret)
{
	size_t i;

	if ((size_t)(cursor->end - cursor->at) < len_bytes)
		return -EBADMSG;
	*ret = 0;
	for (i = 0; i < len_bytes; i++)
		*ret |= (uint64_t)*cursor->at++ << (8 * i);
	return 0;
}

int pb_next(struct pb_cursor *cursor, struct pb_field *ret)
{
	uint64_t key, len;

	if (cursor->at == cursor->end)
		return 0;
	if (pb_read_varint(cursor, &key) || pb_split_key(key, &ret->number, &ret->wire))
		return -EBADMSG;
	switch (ret->wire) {
	case PB_VARINT:
		return pb_read_varint(cursor, &ret->value) ? -EBADMSG : 1;
	case PB_FIXED64:
		return take_fixed(cursor, 8, &ret->value) ? -EBADMSG : 1;
	case PB_FIXED32:
		return take_fixed(cursor, 4, &ret->value) ? -EBADMSG : 1;
	case PB_BYTES:
		break;
	}
	if (pb_read_varint(cursor, &len) || len > (uint64_t)(cursor->end - cursor->at))
		return -EBADMSG;
	ret->bytes.at = cursor->at;
	ret->bytes.end = cursor->at + len;
	cursor->at += len;
	return 1;
}
