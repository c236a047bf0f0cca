// SPDX-License-Identifier: Apache-2.0
#include "encode/protobuf.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct pb_cursor cursor_of(const struct pb_msg *msg)
{
	return (struct pb_cursor){ msg->data, msg->data + msg->len };
}

static void test_varints(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 300, UINT32_MAX, INT64_MAX, UINT64_MAX };
	struct pb_msg msg = {};
	struct pb_cursor cursor;
	uint64_t got;
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		pb_msg__varint(&msg, values[i]);
	cursor = cursor_of(&msg);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(pb_read_varint(&cursor, &got), 0);
		assert_true(got == values[i]);
	}
	assert_int_equal(pb_read_varint(&cursor, &got), -ENODATA);
	pb_msg__done(&msg);
}

static void test_too_long(void **state)
{
	static const unsigned char eleven[] = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
	static const unsigned char bit_64[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
	struct pb_cursor cursor = { eleven, eleven + 11 };
	uint64_t got;

	assert_int_equal(pb_read_varint(&cursor, &got), -EBADMSG);
	cursor = (struct pb_cursor){ bit_64, bit_64 + 10 };
	assert_int_equal(pb_read_varint(&cursor, &got), -EBADMSG);
}

/* The bytes of the wire format's own documentation: field 1 = 150, field 2 = "testing". */
static void test_known_bytes(void **state)
{
	struct pb_msg msg = {};

	pb_msg__u64(&msg, 1, 150);
	pb_msg__u64(&msg, 9, 0); /* defaults are not written */
	pb_msg__bytes(&msg, 2, "testing", 7);
	assert_int_equal(msg.len, 12);
	assert_memory_equal(msg.data, "\x08\x96\x01\x12\x07testing", 12);
	pb_msg__done(&msg);
}

static void test_fields(void **state)
{
	const uint64_t numbers[] = { 3, 270, 86942 };
	struct pb_msg msg = {}, inner = {};
	struct pb_cursor cursor;
	struct pb_field field;

	pb_msg__packed(&msg, 4, numbers, 3);
	pb_msg__packed(&msg, 5, numbers, 0);
	pb_msg__u64(&inner, 1, 7);
	pb_msg__msg(&msg, 6, &inner);
	cursor = cursor_of(&msg);
	assert_int_equal(pb_next(&cursor, &field), 1);
	assert_int_equal(field.number, 4);
	assert_int_equal(field.bytes.end - field.bytes.at, 6);
	assert_memory_equal(field.bytes.at, "\x03\x8e\x02\x9e\xa7\x05", 6);
	assert_int_equal(pb_next(&cursor, &field), 1);
	assert_int_equal(field.number, 6);
	assert_int_equal(pb_next(&field.bytes, &field), 1);
	assert_int_equal(field.value, 7);
	assert_int_equal(pb_next(&cursor, &field), 0);
	pb_msg__done(&msg);
	pb_msg__done(&inner);
}

static int first_field(const char *bytes, size_t len)
{
	struct pb_cursor cursor = { (const unsigned char *)bytes,
				    (const unsigned char *)bytes + len };
	struct pb_field field;

	return pb_next(&cursor, &field);
}

static void test_broken(void **state)
{
	assert_int_equal(first_field("\x00\x01", 2), -EBADMSG); /* field 0 */
	assert_int_equal(first_field("\x0b", 1), -EBADMSG);     /* a group */
	assert_int_equal(first_field("\x0f", 1), -EBADMSG);     /* wire type 7 */
	assert_int_equal(first_field("\x0a\x05"
				     "abc",
				     5),
			 -EBADMSG); /* length past the end */
	assert_int_equal(first_field("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), -EBADMSG);
	assert_int_equal(first_field("\x09"
				     "1234567",
				     8),
			 -EBADMSG); /* fixed64 cut */
	assert_int_equal(first_field("\x0d"
				     "1234",
				     5),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varints),     cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_known_bytes), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
