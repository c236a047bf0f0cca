// SPDX-License-Identifier: Apache-2.0
/*
 * The file is one protobuf message whose fields are small (a sample, a location, a string), so a
 * window of the stream that holds one field at a time is all the memory needed. Anything wrong in a
 * field ends the decoding: there is no resynchronizing in protobuf.
 */
#include "encode/pprof_decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "encode/protobuf.h"

#define FIELD_BYTES_MAX ((size_t)16 << 20)
#define WINDOW_BYTES    ((size_t)256 << 10)

struct numbers { /* as VEC() */
	uint64_t *at;
	size_t cnt;
	size_t room;
};

struct pprof_decode {
	struct inflate *in;
	VEC(unsigned char) window;
	size_t at; /* what is before has been used */
	bool at_end;
	bool started;
	uint64_t used_bytes;
	struct pb_cursor packed; /* what is left of a packed field of single numbers */
	enum pprof_field packed_field;
	struct numbers locs;
	struct numbers values;
	VEC(struct raw_label) labels;
	VEC(struct raw_line) lines;
};

struct pprof_decode *pprof_decode__new(struct inflate *in)
{
	struct inflate *owned __free(inflate) = in;
	struct pprof_decode *decode = calloc(1, sizeof(*decode));

	if (!decode || vec__reserve(&decode->window, WINDOW_BYTES)) {
		free(decode);
		return NULL;
	}
	decode->in = TAKE_PTR(owned);
	return decode;
}

void pprof_decode__free(struct pprof_decode *decode)
{
	if (!decode)
		return;
	inflate__free(decode->in);
	vec__done(&decode->window);
	vec__done(&decode->locs);
	vec__done(&decode->values);
	vec__done(&decode->labels);
	vec__done(&decode->lines);
	free(decode);
}

uint64_t pprof_decode__bytes(const struct pprof_decode *decode)
{
	return decode->used_bytes;
}

bool pprof_decode__is_gzip(const struct pprof_decode *decode)
{
	return inflate__is_gzip(decode->in);
}

static int from_inflate(int ret)
{
	switch (ret) {
	case INFLATE_CORRUPT:
		return PPROF_CORRUPT_GZIP;
	case INFLATE_TRUNCATED:
		return PPROF_TRUNCATED;
	case INFLATE_TOO_BIG:
		return PPROF_TOO_BIG;
	default:
		return ret;
	}
}

static size_t in_window(const struct pprof_decode *decode)
{
	return decode->window.cnt - decode->at;
}

/* At least @want bytes in the window unless the stream ends before. */
static int need(struct pprof_decode *decode, size_t want)
{
	size_t got;
	int ret;

	if (in_window(decode) >= want || decode->at_end)
		return 0;
	memmove(decode->window.at, decode->window.at + decode->at, in_window(decode));
	decode->window.cnt -= decode->at;
	decode->at = 0;
	while (decode->window.cnt < want && !decode->at_end) {
		/* Room follows what has come, not what a length field promises. */
		ret = vec__reserve(&decode->window, decode->window.cnt + 1);
		if (!ret)
			ret = from_inflate(
				inflate__read(decode->in, decode->window.at + decode->window.cnt,
					      decode->window.room - decode->window.cnt, &got));
		if (ret)
			return ret;
		decode->window.cnt += got;
		decode->at_end = !got;
	}
	return 0;
}

static void use(struct pprof_decode *decode, size_t len)
{
	decode->at += len;
	decode->used_bytes += len;
}

static int take_varint(struct pprof_decode *decode, uint64_t *ret)
{
	struct pb_cursor cursor;
	int err = need(decode, PB_VARINT_BYTES_MAX);

	if (err)
		return err;
	cursor.at = decode->window.at + decode->at;
	cursor.end = decode->window.at + decode->window.cnt;
	err = pb_read_varint(&cursor, ret);
	if (err)
		return err == -ENODATA ? PPROF_TRUNCATED : PPROF_CORRUPT;
	use(decode, (size_t)(cursor.at - (decode->window.at + decode->at)));
	return 0;
}

static int skip(struct pprof_decode *decode, uint64_t len)
{
	size_t step;
	int ret;

	while (len) {
		step = len < WINDOW_BYTES ? (size_t)len : WINDOW_BYTES;
		ret = need(decode, step);
		if (ret)
			return ret;
		if (in_window(decode) < step)
			return PPROF_TRUNCATED;
		use(decode, step);
		len -= step;
	}
	return 0;
}

/* --- the parts of a message; all return 0, PPROF_CORRUPT or -ENOMEM --- */

/* A repeated number comes alone or as a packed field of many. */
static int push_numbers(struct pb_field *field, struct numbers *numbers)
{
	uint64_t number;
	int err = 0;

	if (field->wire == PB_VARINT)
		return vec__push(numbers, field->value);
	if (field->wire != PB_BYTES)
		return PPROF_CORRUPT;
	while (!err && field->bytes.at != field->bytes.end) {
		if (pb_read_varint(&field->bytes, &number))
			return PPROF_CORRUPT;
		err = vec__push(numbers, number);
	}
	return err;
}

/*
 * Numbers of a message by field: @slots[i] takes field @first + i. Others are skipped. What all
 * messages made of plain numbers have in common.
 */
static int read_numbers(struct pb_cursor cursor, uint32_t first, uint64_t *slots, size_t cnt)
{
	struct pb_field field;
	int got;

	while ((got = pb_next(&cursor, &field)) == 1) {
		if (field.number < first || field.number - first >= cnt)
			continue;
		if (field.wire != PB_VARINT)
			return PPROF_CORRUPT;
		slots[field.number - first] = field.value;
	}
	return got ? PPROF_CORRUPT : 0;
}

static int read_type(struct pb_cursor bytes, struct raw_type *ret)
{
	uint64_t slots[2] = {};
	int err = read_numbers(bytes, 1, slots, 2);

	ret->name = slots[0];
	ret->unit = slots[1];
	return err;
}

static int read_mapping(struct pb_cursor bytes, struct raw_mapping *ret)
{
	uint64_t slots[10] = {};
	int err = read_numbers(bytes, 1, slots, 10);

	*ret = (struct raw_mapping){
		.id = slots[0],
		.start = slots[1],
		.limit = slots[2],
		.file_offset = slots[3],
		.filename = slots[4],
		.build_id = slots[5],
		.flags = (slots[6] ? PROFILE_HAS_FUNCTIONS : 0) |
			 (slots[7] ? PROFILE_HAS_FILENAMES : 0) |
			 (slots[8] ? PROFILE_HAS_LINE_NUMBERS : 0) |
			 (slots[9] ? PROFILE_HAS_INLINE_FRAMES : 0),
	};
	return err;
}

static int read_function(struct pb_cursor bytes, struct raw_function *ret)
{
	uint64_t slots[5] = {};
	int err = read_numbers(bytes, 1, slots, 5);

	*ret = (struct raw_function){
		.id = slots[0],
		.name = slots[1],
		.system_name = slots[2],
		.filename = slots[3],
		.start_line = (int64_t)slots[4],
	};
	return err;
}

static int read_line(struct pprof_decode *decode, struct pb_cursor bytes)
{
	uint64_t slots[3] = {};
	int err = read_numbers(bytes, 1, slots, 3);

	if (err)
		return err;
	return vec__push(&decode->lines, (struct raw_line){ .function = slots[0],
							    .line = (int64_t)slots[1],
							    .column = (int64_t)slots[2] });
}

static int read_location(struct pprof_decode *decode, struct pb_cursor bytes,
			 struct raw_location *ret)
{
	struct raw_location location = {};
	struct pb_field field;
	int got, err = 0;

	decode->lines.cnt = 0;
	while (!err && (got = pb_next(&bytes, &field)) != 0) {
		if (got < 0 ||
		    (field.number <= 5 && (field.number == 4) != (field.wire == PB_BYTES)))
			return PPROF_CORRUPT;
		if (field.number == 1)
			location.id = field.value;
		else if (field.number == 2)
			location.mapping = field.value;
		else if (field.number == 3)
			location.address = field.value;
		else if (field.number == 4)
			err = read_line(decode, field.bytes);
		else if (field.number == 5)
			location.is_folded = field.value;
	}
	location.lines = decode->lines.at;
	location.line_cnt = decode->lines.cnt;
	*ret = location;
	return err;
}

static int read_label(struct pprof_decode *decode, struct pb_cursor bytes)
{
	uint64_t slots[4] = {};
	int err = read_numbers(bytes, 1, slots, 4);

	if (err)
		return err;
	return vec__push(&decode->labels, (struct raw_label){ .key = slots[0],
							      .str = slots[1],
							      .num = (int64_t)slots[2],
							      .unit = slots[3] });
}

static int read_sample(struct pprof_decode *decode, struct pb_cursor bytes, struct raw_sample *ret)
{
	struct pb_field field;
	int got, err = 0;

	decode->locs.cnt = decode->values.cnt = decode->labels.cnt = 0;
	while (!err && (got = pb_next(&bytes, &field)) != 0) {
		if (got < 0)
			return PPROF_CORRUPT;
		if (field.number == 1)
			err = push_numbers(&field, &decode->locs);
		else if (field.number == 2)
			err = push_numbers(&field, &decode->values);
		else if (field.number == 3)
			err = field.wire == PB_BYTES ? read_label(decode, field.bytes)
						     : PPROF_CORRUPT;
	}
	*ret = (struct raw_sample){
		.locs = decode->locs.at,
		.loc_cnt = decode->locs.cnt,
		.values = (const int64_t *)decode->values.at,
		.value_cnt = decode->values.cnt,
		.labels = decode->labels.at,
		.label_cnt = decode->labels.cnt,
	};
	return err;
}

static int read_message(struct pprof_decode *decode, struct pb_cursor bytes, struct pprof_msg *ret)
{
	switch (ret->field) {
	case PPROF_SAMPLE_TYPE:
	case PPROF_PERIOD_TYPE:
		return read_type(bytes, &ret->type);
	case PPROF_SAMPLE:
		return read_sample(decode, bytes, &ret->sample);
	case PPROF_MAPPING:
		return read_mapping(bytes, &ret->mapping);
	case PPROF_LOCATION:
		return read_location(decode, bytes, &ret->location);
	case PPROF_FUNCTION:
		return read_function(bytes, &ret->function);
	case PPROF_STRING:
		ret->string.data = (const char *)bytes.at;
		ret->string.len_bytes = (size_t)(bytes.end - bytes.at);
		return 0;
	default: /* numbers: whoever packs them is served one by one */
		decode->packed = bytes;
		decode->packed_field = ret->field;
		ret->field = PPROF_END;
		return 0;
	}
}

static bool is_message(uint32_t number)
{
	return number <= PPROF_STRING || number == PPROF_PERIOD_TYPE;
}

static int take_bytes(struct pprof_decode *decode, uint64_t len, struct pb_cursor *ret)
{
	int err;

	if (len > FIELD_BYTES_MAX)
		return PPROF_TOO_BIG;
	err = need(decode, (size_t)len);
	if (err)
		return err;
	if (in_window(decode) < len)
		return PPROF_TRUNCATED;
	ret->at = decode->window.at + decode->at;
	ret->end = ret->at + len;
	use(decode, (size_t)len);
	return 0;
}

/* 0 and a message, or 0 and PPROF_END in @ret->field for a field that was skipped. */
static int take_field(struct pprof_decode *decode, struct pprof_msg *ret)
{
	struct pb_cursor bytes;
	enum pb_wire wire;
	uint64_t key, value;
	uint32_t number;
	int err = take_varint(decode, &key);

	if (err)
		return err;
	if (pb_split_key(key, &number, &wire))
		return PPROF_CORRUPT;
	ret->field = PPROF_END;
	if (wire == PB_FIXED64 || wire == PB_FIXED32)
		return number <= PPROF_DOC_URL ? PPROF_CORRUPT
					       : skip(decode, wire == PB_FIXED64 ? 8 : 4);
	err = take_varint(decode, &value);
	if (err)
		return err;
	if (number > PPROF_DOC_URL)
		return wire == PB_BYTES ? skip(decode, value) : 0;
	if (wire == PB_VARINT && is_message(number))
		return PPROF_CORRUPT;
	ret->field = number;
	if (wire == PB_VARINT) {
		ret->number = value;
		return 0;
	}
	err = take_bytes(decode, value, &bytes);
	return err ? err : read_message(decode, bytes, ret);
}

/* First lines of the text forms that came before profile.proto. */
static const char *const legacy_starts[] = { "heap profile:",         "heapz profile:",
					     "growthz profile:",      "goroutine profile:",
					     "threadcreate profile:", "--- " };

static int look_at_start(struct pprof_decode *decode)
{
	size_t i, len;
	int err = need(decode, 32);

	for (i = 0; !err && i < sizeof(legacy_starts) / sizeof(legacy_starts[0]); i++) {
		len = strlen(legacy_starts[i]);
		if (in_window(decode) >= len && !memcmp(decode->window.at, legacy_starts[i], len))
			err = PPROF_LEGACY_TEXT;
	}
	decode->started = true;
	return err;
}

int pprof_decode__next(struct pprof_decode *decode, struct pprof_msg *ret)
{
	struct pprof_msg msg;
	int err = decode->started ? 0 : look_at_start(decode);

	if (err)
		return err;
	for (;;) {
		if (decode->packed.at != decode->packed.end) {
			msg.field = decode->packed_field;
			err = pb_read_varint(&decode->packed, &msg.number) ? PPROF_CORRUPT : 0;
			break;
		}
		err = need(decode, 1);
		if (err)
			return err;
		msg.field = PPROF_END;
		if (!in_window(decode))
			break;
		err = take_field(decode, &msg);
		if (err || msg.field != PPROF_END)
			break;
	}
	if (!err)
		*ret = msg;
	return err;
}
