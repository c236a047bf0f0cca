// SPDX-License-Identifier: Apache-2.0
#include "serve/push_queue.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/temp_dir.h"

#define MANY_BYTES (1 << 20)

static struct push_queue *new_queue(size_t max_bytes, const char *spool, uint64_t spool_max_bytes)
{
	struct push_queue *queue = NULL;

	assert_int_equal(push_queue__new(max_bytes, spool, spool_max_bytes, &queue), 0);
	return queue;
}

static void add(struct push_queue *queue, const char *body)
{
	struct push_item *item = calloc(1, sizeof(*item));

	item->path = strdup("/ingest?x=1");
	item->type = strdup("application/x");
	item->encoding = strdup("gzip");
	item->body = strdup(body);
	item->body_bytes = strlen(body);
	push_queue__add(queue, item);
}

static struct push_item *expect(struct push_queue *queue, const char *body)
{
	struct push_item *item = push_queue__take(queue);

	assert_non_null(item);
	assert_string_equal(item->path, "/ingest?x=1");
	assert_string_equal(item->type, "application/x");
	assert_string_equal(item->encoding, "gzip");
	assert_int_equal(item->body_bytes, strlen(body));
	assert_memory_equal(item->body, body, item->body_bytes);
	return item;
}

static void expect_sent(struct push_queue *queue, const char *body)
{
	push_queue__done(queue, expect(queue, body));
}

static size_t file_cnt(void)
{
	DIR *stream = opendir(temp_dir);
	struct dirent *entry;
	size_t cnt = 0;

	while ((entry = readdir(stream)))
		cnt += *entry->d_name != '.';
	closedir(stream);
	return cnt;
}

static void test_memory(void **state)
{
	struct push_queue *queue __free(push_queue) = new_queue(MANY_BYTES, NULL, 0);
	struct push_item *item;

	assert_null(push_queue__take(queue));
	add(queue, "a");
	add(queue, "bb");
	assert_int_equal(push_queue__cnt(queue), 2);
	assert_int_equal(push_queue__bytes(queue), 3);
	item = expect(queue, "a");
	add(queue, "c");
	push_queue__put_back(queue, item);
	expect_sent(queue, "a");
	expect_sent(queue, "bb");
	expect_sent(queue, "c");
	assert_null(push_queue__take(queue));
	assert_int_equal(push_queue__bytes(queue), 0);
	assert_int_equal(push_queue__dropped_cnt(queue), 0);
}

/* Without a spool the oldest go, one that was put back among them, and all of them are counted. */
static void test_no_room(void **state)
{
	struct push_queue *queue __free(push_queue) = new_queue(4, NULL, 0);
	struct push_item *item;

	add(queue, "aa");
	item = expect(queue, "aa");
	add(queue, "bb");
	add(queue, "cc");
	push_queue__put_back(queue, item);
	add(queue, "dd");
	assert_int_equal(push_queue__dropped_cnt(queue), 2);
	add(queue, "too long for it");
	assert_int_equal(push_queue__dropped_cnt(queue), 5);
	assert_null(push_queue__take(queue));
	add(queue, "e");
	push_queue__flush(queue);
	assert_int_equal(push_queue__dropped_cnt(queue), 6);
}

static void test_spool(void **state)
{
	struct push_queue *queue __free(push_queue) = new_queue(3, temp_dir, MANY_BYTES);

	add(queue, "aa");
	add(queue, "bb");
	add(queue, "cc");
	assert_int_equal(push_queue__spooled_cnt(queue), 2);
	assert_int_equal(push_queue__cnt(queue), 3);
	expect_sent(queue, "aa");
	expect_sent(queue, "bb");
	assert_int_equal(file_cnt(), 0);
	expect_sent(queue, "cc");
	assert_int_equal(push_queue__dropped_cnt(queue), 0);
}

/* The file goes when what it holds has been sent, not before. */
static void test_killed_while_sending(void **state)
{
	struct push_queue *queue = new_queue(1, temp_dir, MANY_BYTES);
	struct push_item *item;

	add(queue, "aa");
	item = expect(queue, "aa");
	assert_int_equal(file_cnt(), 1);
	assert_int_equal(push_queue__cnt(queue), 0);
	push_queue__put_back(queue, item);
	item = expect(queue, "aa");
	push_item__free(item);
	push_queue__free(queue);
	queue = new_queue(1, temp_dir, MANY_BYTES);
	expect_sent(queue, "aa");
	assert_int_equal(file_cnt(), 0);
	push_queue__free(queue);
}

/* The next daemon goes on where this one ended, and what it spools is younger. */
static void test_restart(void **state)
{
	struct push_queue *queue = new_queue(100, temp_dir, MANY_BYTES);

	add(queue, "aa");
	add(queue, "bb");
	push_queue__flush(queue);
	assert_int_equal(push_queue__spooled_cnt(queue), 2);
	assert_int_equal(push_queue__dropped_cnt(queue), 0);
	push_queue__free(queue);
	queue = new_queue(1, temp_dir, MANY_BYTES);
	assert_int_equal(push_queue__cnt(queue), 2);
	add(queue, "cc");
	expect_sent(queue, "aa");
	expect_sent(queue, "bb");
	expect_sent(queue, "cc");
	push_queue__free(queue);
}

static void test_spool_limit(void **state)
{
	const uint64_t each = strlen("/ingest?x=1\napplication/x\ngzip\n") + 2;
	struct push_queue *queue = new_queue(1, temp_dir, 2 * each);
	struct push_item *item;

	add(queue, "aa");
	add(queue, "bb");
	assert_int_equal(push_queue__dropped_cnt(queue), 0);
	/* The one on its way is neither dropped nor sent twice. */
	item = expect(queue, "aa");
	add(queue, "cc");
	assert_int_equal(push_queue__dropped_cnt(queue), 1);
	assert_int_equal(file_cnt(), 2);
	push_queue__done(queue, item);
	expect_sent(queue, "cc");
	add(queue,
	    "more than there ever is room for, which is why this one is so long; and a bit more");
	assert_int_equal(push_queue__dropped_cnt(queue), 2);
	add(queue, "dd");
	add(queue, "ee");
	push_queue__free(queue);
	/* A limit that was lowered. */
	queue = new_queue(1, temp_dir, each);
	assert_int_equal(push_queue__dropped_cnt(queue), 1);
	expect_sent(queue, "ee");
	push_queue__free(queue);
}

static void write_file(const char *name, const char *text)
{
	int at = open(temp_dir, O_DIRECTORY), fd = openat(at, name, O_CREAT | O_WRONLY, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	close(at);
}

/* What somebody else has left in the directory is left alone, unless it has one of our names. */
static void test_strangers(void **state)
{
	struct push_queue *queue;

	write_file("notes.txt", "x");
	write_file("0000000000000000.push", "x");
	write_file("ffffffffffffffff.push", "x");
	write_file("0000000000000001.push", "no newline");
	write_file("0000000000000002.push", "elsewhere\nt\n\nbody");
	write_file("0000000000000003.push", "/ingest?x=1\napplication/x\ngzip\nbody");
	write_file("0000000000000004.part", "/ingest?x=1\napplication/x\ngzip\nbo");
	queue = new_queue(1, temp_dir, MANY_BYTES);
	assert_int_equal(push_queue__dropped_cnt(queue), 1);
	expect_sent(queue, "body");
	assert_int_equal(push_queue__dropped_cnt(queue), 3);
	assert_null(push_queue__take(queue));
	assert_int_equal(file_cnt(), 3);
	push_queue__free(queue);
}

static void test_no_directory(void **state)
{
	struct push_queue *queue = NULL;

	assert_true(push_queue__new(1, "/proc/nonexistent/spool", 1, &queue) < 0);
	assert_null(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test_setup_teardown(test_spool, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_killed_while_sending, temp_dir_make,
						temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_restart, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_spool_limit, temp_dir_make, temp_dir_remove),
		cmocka_unit_test_setup_teardown(test_strangers, temp_dir_make, temp_dir_remove),
		cmocka_unit_test(test_no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
