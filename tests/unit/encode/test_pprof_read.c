// SPDX-License-Identifier: Apache-2.0
/* Files that are not what our encoder writes: other writers' habits, damage, and lies. */
#include "encode/pprof_read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "encode/deflate.h"
#include "encode/protobuf.h"

struct built {
	struct pb_msg msg;
	struct pb_msg inner;
	struct pb_msg line;
};

static void built__free(struct built *built)
{
	pb_msg__done(&built->msg);
	pb_msg__done(&built->inner);
	pb_msg__done(&built->line);
	free(built);
}
DEFINE_CLEANUP(built);

static void add_pair(struct built *built, uint32_t field, uint64_t a, uint64_t b)
{
	pb_msg__reset(&built->inner);
	pb_msg__u64(&built->inner, 1, a);
	pb_msg__u64(&built->inner, 2, b);
	pb_msg__msg(&built->msg, field, &built->inner);
}

static void add_location(struct built *built, uint64_t id, uint64_t function)
{
	pb_msg__reset(&built->inner);
	pb_msg__reset(&built->line);
	pb_msg__u64(&built->line, 1, function);
	pb_msg__u64(&built->line, 2, 33);
	pb_msg__u64(&built->inner, 1, id);
	pb_msg__u64(&built->inner, 3, 0x1234);
	pb_msg__msg(&built->inner, 4, &built->line);
	pb_msg__msg(&built->msg, 4, &built->inner);
}

/* Strings first, sample types last, nothing packed, ids from the sky, fields from the future. */
static struct built *new_odd_profile(uint64_t loc_id)
{
	struct built *built = calloc(1, sizeof(*built));
	const uint64_t comments[] = { 2, 3 };

	pb_msg__bytes(&built->msg, 6, "", 0);
	pb_msg__bytes(&built->msg, 6, "samples", 7);
	pb_msg__bytes(&built->msg, 6, "count", 5);
	pb_msg__bytes(&built->msg, 6, "fn\xff", 3);
	pb_msg__u64(&built->msg, 99, 5);
	pb_msg__bytes(&built->msg, 100, "future", 6);
	pb_msg__reset(&built->inner);
	pb_msg__u64(&built->inner, 1, loc_id);
	pb_msg__u64(&built->inner, 1, 8);
	pb_msg__u64(&built->inner, 2, 42);
	pb_msg__u64(&built->inner, 77, 1);
	pb_msg__msg(&built->msg, 2, &built->inner);
	add_location(built, 8, 0xdeadbeefcafe);
	add_location(built, loc_id, 0xdeadbeefcafe);
	add_pair(built, 5, 0xdeadbeefcafe, 3);
	pb_msg__packed(&built->msg, 13, comments, 2);
	pb_msg__bytes(&built->msg, 15, "", 0); /* packed, and none of them */
	add_pair(built, 1, 1, 2);
	return built;
}

static int read_bytes(const void *data, size_t len, struct profile **ret)
{
	return pprof_read_mem(data, len, NULL, ret);
}

static void test_odd(void **state)
{
	struct built *built __free(built) = new_odd_profile(0xffff888800001111);
	struct profile *profile __free(profile) = NULL;
	const uint32_t *stack;
	size_t cnt;

	assert_int_equal(read_bytes(built->msg.data, built->msg.len, &profile), 0);
	assert_int_equal(profile__sample_cnt(profile), 1);
	assert_int_equal(profile__values(profile, 0)[0], 42);
	stack = profile__stack(profile, 0, &cnt);
	assert_int_equal(cnt, 2);
	assert_int_equal(profile__lines(profile, stack[0], &cnt)->line, 33);
	assert_string_equal(profile__line_name(profile, profile__lines(profile, stack[1], &cnt)),
			    "fn\xef\xbf\xbd");
	assert_int_equal(profile__comment_cnt(profile), 2);
}

/* Whatever is cut off, the answer is an outcome, never a profile with holes. */
static void test_cut(void **state)
{
	struct built *built __free(built) = new_odd_profile(3);
	size_t len;

	for (len = 0; len < built->msg.len; len++) {
		/* a copy of that length, for the sanitizer to guard its end */
		unsigned char *copy __free_mem = malloc(len + !len);
		struct profile *profile __free(profile) = NULL;

		memcpy(copy, built->msg.data, len);
		assert_true(read_bytes(copy, len, &profile) > 0);
		assert_null(profile);
	}
}

static struct buf *gzip(const void *data, size_t len)
{
	struct buf *buf = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);
	struct deflate *out __free(deflate) = deflate__new(writer);

	writer__write(deflate__writer(out), data, len);
	assert_int_equal(deflate__finish(out), 0);
	assert_int_equal(writer__finish(writer), 0);
	return buf;
}

static void test_gzip(void **state)
{
	struct built *built __free(built) = new_odd_profile(3);
	struct buf *whole __free(buf) = gzip(built->msg.data, built->msg.len);
	struct buf *head __free(buf) = gzip(built->msg.data, 20);
	struct buf *tail __free(buf) = gzip(built->msg.data + 20, built->msg.len - 20);
	struct profile *profile __free(profile) = NULL, *two __free(profile) = NULL, *none = NULL;
	size_t len = buf__len(whole), i;

	assert_int_equal(read_bytes(buf__data(whole), len, &profile), 0);
	buf__append(head, buf__data(tail), buf__len(tail)); /* members follow each other */
	assert_int_equal(read_bytes(buf__data(head), buf__len(head), &two), 0);
	for (i = 2; i < len; i++)
		assert_int_equal(read_bytes(buf__data(whole), i, &none), PPROF_TRUNCATED);
	buf__append(whole, "tail", 4);
	assert_int_equal(read_bytes(buf__data(whole), len + 4, &none), PPROF_CORRUPT_GZIP);
}

static void test_bad_checksum(void **state)
{
	struct built *built __free(built) = new_odd_profile(3);
	struct buf *whole __free(buf) = gzip(built->msg.data, built->msg.len);
	struct profile *none = NULL;
	size_t len;
	char *bytes __free_mem = buf__take(whole, &len);

	bytes[len - 8] ^= 1;
	assert_int_equal(read_bytes(bytes, len, &none), PPROF_CORRUPT_GZIP);
}

static void test_other_files(void **state)
{
	static const struct {
		const char *text;
		int outcome;
	} cases[] = {
		{ "", PPROF_EMPTY },
		{ "heap profile: 1: 2 [3: 4] @ heap/2\n", PPROF_LEGACY_TEXT },
		{ "--- heapz 1 ---\n", PPROF_LEGACY_TEXT },
		{ "<html><body>404</body></html>", PPROF_NOT_PPROF },
		{ "{\"json\":1}", PPROF_NOT_PPROF },
		{ "main;foo 12\n", PPROF_NOT_PPROF },
		{ "hello\n", PPROF_NOT_PPROF },
		{ "\x7f"
		  "ELF\x02\x01\x01",
		  PPROF_NOT_PPROF },
		{ "\x1f\x8b not really gzip", PPROF_CORRUPT_GZIP },
		{ "\x1f\x8b", PPROF_TRUNCATED },
	};
	struct profile *none = NULL;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_bytes(cases[i].text, strlen(cases[i].text), &none),
				 cases[i].outcome);
	for (i = 0; i < PPROF_OUTCOME_CNT; i++)
		assert_true(strlen(pprof_outcome_text((int)i)) > 5);
	assert_string_equal(pprof_outcome_text(-1), "unknown");
}

/* 300 MB of nothing in 300 KB: refused before it has been swallowed. */
static void test_bomb(void **state)
{
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);
	struct deflate *out __free(deflate) = deflate__new(writer);
	static unsigned char zeros[1 << 20];
	struct profile *none = NULL;
	struct built *built __free(built) = new_odd_profile(3);
	int i;

	writer__write(deflate__writer(out), built->msg.data, built->msg.len);
	for (i = 0; i < 300; i++) { /* an unknown field, skipped */
		writer__write(deflate__writer(out), "\xa2\x06\x80\x80\x40", 5);
		writer__write(deflate__writer(out), zeros, sizeof(zeros));
	}
	assert_int_equal(deflate__finish(out), 0);
	assert_int_equal(writer__finish(writer), 0);
	assert_int_equal(read_bytes(buf__data(buf), buf__len(buf), &none), PPROF_TOO_BIG);
}

static void test_limits(void **state)
{
	struct built *built __free(built) = new_odd_profile(3);
	struct pprof_limits bytes = { .inflated_bytes = 50, .rows = 1000 };
	struct pprof_limits rows = { .inflated_bytes = 1000, .rows = 8 };
	struct profile *none = NULL;

	assert_int_equal(pprof_read_mem(built->msg.data, built->msg.len, &rows, &none),
			 PPROF_NOT_PPROF); /* its sample type would have come last */
	assert_int_equal(pprof_read_mem(built->msg.data, built->msg.len, &bytes, &none),
			 PPROF_NOT_PPROF);
	add_pair(built, 1, 1, 2);
	assert_int_equal(read_bytes(built->msg.data, built->msg.len, &none), PPROF_BAD_TYPES);
}

/* A field that claims 15 MB and brings 3 bytes may not cost 15 MB: hard to see, but it must be
 * refused. */
static void test_false_length(void **state)
{
	static const unsigned char bytes[] = "\x0a\x02\x08\x00\x12\x80\x80\x80\x07"
					     "abc";
	static const unsigned char huge[] =
		"\x0a\x02\x08\x00\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
		"abc";
	struct profile *none = NULL;

	assert_int_equal(read_bytes(bytes, sizeof(bytes) - 1, &none), PPROF_TRUNCATED);
	assert_int_equal(read_bytes(huge, sizeof(huge) - 1, &none), PPROF_TOO_BIG);
}

static void test_fd(void **state)
{
	struct built *built __free(built) = new_odd_profile(3);
	struct profile *profile __free(profile) = NULL, *none = NULL;
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(write(pipe_fds[1], built->msg.data, built->msg.len), built->msg.len);
	close(pipe_fds[1]);
	assert_int_equal(pprof_read_fd(pipe_fds[0], NULL, &profile), 0);
	close(pipe_fds[0]);
	assert_int_equal(profile__values(profile, 0)[0], 42);
	assert_int_equal(pprof_read_fd(-1, NULL, &none), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd),         cmocka_unit_test(test_cut),
		cmocka_unit_test(test_gzip),        cmocka_unit_test(test_bad_checksum),
		cmocka_unit_test(test_other_files), cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_limits),      cmocka_unit_test(test_false_length),
		cmocka_unit_test(test_fd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
