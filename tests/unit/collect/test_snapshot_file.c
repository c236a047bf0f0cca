// SPDX-License-Identifier: Apache-2.0
#include "collect/snapshot_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "abi/stack.h"
#include "base/buf.h"
#include "harness/small_snapshot.h"

static struct buf *bytes_of(const struct snapshot *snapshot)
{
	struct buf *buf = buf__new(0);
	struct writer *writer __free(writer) = writer__new_buf(buf);

	assert_non_null(buf);
	assert_non_null(writer);
	assert_int_equal(snapshot_file_write(snapshot, writer), 0);
	return buf;
}

static int parse(const struct buf *buf, size_t len)
{
	struct snapshot *read __free(snapshot) = NULL;

	return snapshot_file_parse(buf__data(buf), len, &read);
}

static void what_was_written_is_read(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot(), *read __free(snapshot) = NULL;
	struct buf *once __free(buf) = bytes_of(s), *twice __free(buf) = NULL;

	assert_int_equal(snapshot_file_parse(buf__data(once), buf__len(once), &read), 0);
	assert_int_equal(read->time_ns, s->time_ns);
	assert_int_equal(read->flags, SNAPSHOT_LIVE);
	assert_int_equal(read->stats[STAT_EVENT_ALLOC], 3);
	assert_string_equal(snapshot__str(read, read->images.at[0].comm), "shop");
	assert_int_equal(read->sites.cnt, 1);
	assert_memory_equal(read->sites.at, s->sites.at, sizeof(*s->sites.at));
	assert_non_null(snapshot__map(read, SMALL_IMAGE, FRAME_OF_FILE(SMALL_EXE, 0x1100)));
	twice = bytes_of(read);
	assert_int_equal(buf__len(once), buf__len(twice));
	assert_memory_equal(buf__data(once), buf__data(twice), buf__len(once));
}

static void every_cut_is_noticed(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct buf *buf __free(buf) = bytes_of(s);
	size_t len;
	int err;

	for (len = 0; len < buf__len(buf); len++) {
		err = parse(buf, len);
		assert_true(err == -ENODATA || (len < 16 && err == -EPROTO));
	}
	assert_int_equal(parse(buf, buf__len(buf)), 0);
}

static void other_versions_and_files_are_refused(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct buf *buf __free(buf) = bytes_of(s);
	struct snapshot *read __free(snapshot) = NULL;
	char bytes[4096];
	size_t len = buf__len(buf);

	assert_in_range(len, 32, sizeof(bytes));
	memcpy(bytes, buf__data(buf), len);
	bytes[8]++; /* version */
	assert_int_equal(snapshot_file_parse(bytes, len, &read), -ENOTSUP);
	bytes[8]--;
	bytes[12]++; /* byte order */
	assert_int_equal(snapshot_file_parse(bytes, len, &read), -ENOTSUP);
	bytes[12]--;
	bytes[0] = 'h';
	assert_int_equal(snapshot_file_parse(bytes, len, &read), -EPROTO);
	assert_null(read);
}

/* No changed byte makes anything refer to what is not there: ASan looks on. */
static void no_changed_byte_leads_astray(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();
	struct buf *buf __free(buf) = bytes_of(s);
	char bytes[4096];
	size_t len = buf__len(buf), i, k;

	assert_in_range(len, 32, sizeof(bytes));
	for (i = 16; i < len; i++) {
		struct snapshot *read __free(snapshot) = NULL;

		memcpy(bytes, buf__data(buf), len);
		bytes[i] = (char)(bytes[i] ^ 0xff);
		if (snapshot_file_parse(bytes, len, &read))
			continue;
		for (k = 0; k < read->sites.cnt; k++) {
			const struct alloc_site *site = &read->sites.at[k];
			uint32_t f;

			for (f = 0; f < site->frame_cnt; f++) {
				uint64_t frame = read->frames.at[site->frame_start + f];

				snapshot__map(read, site->image, frame);
				snapshot__symbol(read, site->image, frame);
			}
		}
	}
}

static void contradictions_are_refused(void **state)
{
	struct snapshot *s __free(snapshot) = small_snapshot();

	s->sites.at[0].frame_cnt = 3;
	{
		struct buf *buf __free(buf) = bytes_of(s);
		assert_int_equal(parse(buf, buf__len(buf)), -EPROTO);
	}
	s->sites.at[0].frame_cnt = 2;
	s->symbols.at[1].line_cnt = 2;
	{
		struct buf *buf __free(buf) = bytes_of(s);
		assert_int_equal(parse(buf, buf__len(buf)), -EPROTO);
	}
	s->symbols.at[1].line_cnt = 1;
	s->files.at[1].id = s->files.at[0].id;
	{
		struct buf *buf __free(buf) = bytes_of(s);
		assert_int_equal(parse(buf, buf__len(buf)), -EPROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(other_versions_and_files_are_refused),
		cmocka_unit_test(no_changed_byte_leads_astray),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
