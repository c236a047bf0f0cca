// SPDX-License-Identifier: Apache-2.0
#include "serve/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"
#include "encode/pprof_read.h"
#include "profile/profile_merge.h"

#define TIME_NS     1700000000123000000
#define DURATION_NS 15000000000

struct taken {
	VEC(struct push_item *) items;
};

static void take(void *ctx, struct push_item *item)
{
	struct taken *taken = ctx;

	assert_int_equal(vec__push(&taken->items, item), 0);
}

static void taken__done(struct taken *taken)
{
	size_t i;

	for (i = 0; i < taken->items.cnt; i++)
		push_item__free(taken->items.at[i]);
	vec__done(&taken->items);
}
#define __taken __attribute__((cleanup(taken__done)))

static struct profile *new_window(void)
{
	struct profile *window = profile__new_heap();
	struct profile_meta meta = *profile__meta(window);

	meta.time_ns = TIME_NS;
	meta.duration_ns = DURATION_NS;
	profile__set_meta(window, &meta);
	return window;
}

/* A sample "NAME" of 1 block of @bytes; @service NULL: nobody's. */
static void add_sample(struct profile *window, const char *service, const char *name, int64_t bytes)
{
	int64_t values[PROFILE_METRIC_CNT] = { 1, bytes };
	struct profile_line line = {};
	struct profile_label labels[2];
	size_t label_cnt = 1;
	uint32_t loc;

	profile__add_function(window, name, NULL, NULL, 0, &line.function);
	profile__add_location(window, 0, 0, &line, 1, false, &loc);
	profile__label_num(window, "bytes", bytes, "bytes", &labels[0]);
	if (service)
		profile__label_str(window, "service_name", service, &labels[label_cnt++]);
	assert_int_equal(profile__add_sample(window, &loc, 1, values, labels, label_cnt, NULL), 0);
}

static void make(const struct profile *window, enum push_kind kind, struct taken *taken)
{
	struct requests requests = {
		.kind = kind, .host = "here", .window = window, .take = take, .ctx = taken
	};

	assert_int_equal(requests_make(&requests), 0);
}

static struct profile *decode(const struct push_item *item)
{
	struct profile *profile = NULL;

	assert_int_equal(pprof_read_mem(item->body, item->body_bytes, NULL, &profile), 0);
	return profile;
}

static const struct push_item *find(const struct taken *taken, const char *path)
{
	size_t i;

	for (i = 0; i < taken->items.cnt; i++) {
		if (strstr(taken->items.at[i]->path, path))
			return taken->items.at[i];
	}
	fail_msg("no request to %s", path);
	return NULL;
}

static void test_services(void **state)
{
	struct profile *window __free(profile) = new_window(), *one __free(profile) = NULL;
	struct taken taken __taken = {};
	const struct push_item *item;

	add_sample(window, "cart", "f", 100);
	add_sample(window, "cart", "f", 7);
	add_sample(window, "check out", "f", 10);
	add_sample(window, NULL, "f", 1);
	make(window, PUSH_PYROSCOPE, &taken);
	assert_int_equal(taken.items.cnt, 3);
	find(&taken, "/ingest?name=check_out%7B");
	find(&taken, "/ingest?name=unknown_service%7B");
	item = find(&taken, "/ingest?name=cart%7B");
	assert_non_null(strstr(item->path, "&from=1700000000123&until=1700000015123&"));
	assert_string_equal(item->type, "application/octet-stream");
	assert_string_equal(item->encoding, "");
	one = decode(item);
	/* Pyroscope has no numeric labels: without them the two are one. */
	assert_int_equal(profile__sample_cnt(one), 1);
	assert_int_equal(profile__values(one, 0)[1], 107);
	assert_null(profile__find_label(one, 0, "bytes"));
	assert_int_equal(profile__meta(one)->time_ns, TIME_NS);
}

static void test_numbers_stay(void **state)
{
	struct profile *window __free(profile) = new_window();
	struct taken taken __taken = {};

	add_sample(window, "cart", "f", 100);
	make(window, PUSH_PARCA, &taken);
	assert_int_equal(taken.items.cnt, 1);
	assert_string_equal(taken.items.at[0]->path, "/api/profiles/writeraw");
	assert_string_equal(taken.items.at[0]->type, "application/json");
}

/* All of it arrives, in parts that are small enough and have a time each. */
static void check_parts(const struct profile *window, const struct taken *taken)
{
	int64_t whole[PROFILE_METRIC_CNT], sum[PROFILE_METRIC_CNT] = {}, part[PROFILE_METRIC_CNT];
	size_t i, samples = 0;

	profile__totals(window, whole);
	for (i = 0; i < taken->items.cnt; i++) {
		struct profile *profile __free(profile) = decode(taken->items.at[i]);

		assert_true(profile__sample_cnt(profile) <= REQUEST_SAMPLES_MAX);
		assert_int_equal(profile__meta(profile)->time_ns, TIME_NS + (int64_t)i * 1000000);
		samples += profile__sample_cnt(profile);
		profile__totals(profile, part);
		sum[0] += part[0];
		sum[1] += part[1];
	}
	assert_int_equal(samples, profile__sample_cnt(window));
	assert_int_equal(sum[0], whole[0]);
	assert_int_equal(sum[1], whole[1]);
}

static void test_many_samples(void **state)
{
	struct profile *window __free(profile) = new_window();
	struct taken taken __taken = {};
	char name[32];
	int i;

	for (i = 0; i < 40000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		add_sample(window, "cart", name, i + 1);
	}
	make(window, PUSH_PYROSCOPE, &taken);
	assert_int_equal(taken.items.cnt, 4);
	check_parts(window, &taken);
}

static void test_large_samples(void **state)
{
	static char name[100001];
	struct profile *window __free(profile) = new_window();
	struct taken taken __taken = {};
	int i;

	/* 10 MB of names, no two alike. */
	for (i = 0; i < 100; i++) {
		memset(name, 'a' + i % 26, sizeof(name) - 1);
		name[0] = (char)('a' + i / 26);
		add_sample(window, "cart", name, i + 1);
	}
	make(window, PUSH_PYROSCOPE, &taken);
	assert_int_equal(taken.items.cnt, 4);
	check_parts(window, &taken);
}

/* What cannot be made smaller is left for the engine to refuse. */
static void test_one_large_sample(void **state)
{
	const size_t len = REQUEST_MAX_BYTES + 1;
	struct profile *window __free(profile) = new_window();
	struct taken taken __taken = {};
	char *name __free_mem = malloc(len + 1);

	memset(name, 'x', len);
	name[len] = '\0';
	add_sample(window, "cart", name, 1);
	make(window, PUSH_PYROSCOPE, &taken);
	assert_int_equal(taken.items.cnt, 1);
}

static void test_otlp(void **state)
{
	struct profile *window __free(profile) = new_window();
	struct taken taken __taken = {};

	add_sample(window, "cart", "f", 100);
	make(window, PUSH_OTLP, &taken);
	assert_int_equal(taken.items.cnt, 1);
	assert_string_equal(taken.items.at[0]->path, "/v1development/profiles");
	assert_string_equal(taken.items.at[0]->type, "application/x-protobuf");
	assert_string_equal(taken.items.at[0]->encoding, "gzip");
}

/* What warns of a service's numbers goes with them, and with no others. */
static void test_warnings(void **state)
{
	struct profile *window __free(profile) = new_window();
	struct taken taken __taken = {};

	add_sample(window, "api", "f", 100);
	add_sample(window, "shop", "g", 100);
	assert_int_equal(profile__add_warning(window, "budget: process 1", "api"), 0);
	assert_int_equal(profile__add_warning(window, "names: 1 file", ""), 0);
	make(window, PUSH_PYROSCOPE, &taken);
	struct profile *api __free(profile) = decode(find(&taken, "name=api"));
	struct profile *shop __free(profile) = decode(find(&taken, "name=shop"));

	assert_int_equal(profile__comment_cnt(api), 2);
	assert_string_equal(profile__comment(api, 0), "budget: process 1 [service_name=api]");
	assert_int_equal(profile__comment_cnt(shop), 1);
	assert_string_equal(profile__comment(shop, 0), "names: 1 file");
}

static size_t comments_left(const struct profile *profile, const char *service)
{
	struct profile_part part = { .key = "service_name", .value = service };
	struct profile *taken __free(profile) = NULL;

	assert_int_equal(profile_take(profile, &part, &taken), 0);
	return profile__comment_cnt(taken);
}

/* Files have text alone: that is enough to tell. */
static void test_warnings_from_file(void **state)
{
	struct profile *window __free(profile) = new_window();

	add_sample(window, "api", "f", 100);
	assert_int_equal(profile__add_comment(window, "budget: a [service_name=api]"), 0);
	assert_int_equal(profile__add_comment(window, "budget: b [service_name=a] b]"), 0);
	assert_int_equal(comments_left(window, "api"), 1);
	assert_int_equal(comments_left(window, "a] b"), 1);
	assert_int_equal(comments_left(window, "ap"), 0);
	assert_int_equal(comments_left(window, "a"), 0);
	assert_int_equal(comments_left(window, "b"), 0);
	assert_int_equal(comments_left(window, ""), 0);
	assert_int_equal(comments_left(window, NULL), 0);
}

static void test_nothing(void **state)
{
	struct profile *window __free(profile) = new_window();
	struct taken taken __taken = {};

	make(window, PUSH_PYROSCOPE, &taken);
	assert_int_equal(taken.items.cnt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_numbers_stay),
		cmocka_unit_test(test_many_samples),
		cmocka_unit_test(test_large_samples),
		cmocka_unit_test(test_one_large_sample),
		cmocka_unit_test(test_otlp),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_warnings_from_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
