// SPDX-License-Identifier: Apache-2.0
#include "serve/desk.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define THREADS   4
#define QUESTIONS 2000

static bool has_news(const struct desk *desk)
{
	struct pollfd fd = { .fd = desk__fd(desk), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static void count_answer(struct question *question)
{
	++*(unsigned *)question->ctx;
}

static void test_questions(void **state)
{
	struct desk *desk __free(desk) = desk__new();
	unsigned answered = 0;
	struct question a = { .on_answer = count_answer, .ctx = &answered }, b = a, *first;

	assert_false(has_news(desk));
	assert_int_equal(desk__ask(desk, &a), 0);
	assert_int_equal(desk__ask(desk, &b), 0);
	assert_true(has_news(desk));
	first = desk__take(desk);
	assert_false(has_news(desk));
	assert_null(desk__take(desk));
	assert_true((first == &a && a.next == &b) || (first == &b && b.next == &a));
	desk__answer(desk, &a);
	desk__answer(desk, &b);
	assert_int_equal(answered, 2);
}

/* There is an end to what may wait: each may hold a profile. What was answered makes room. */
static void test_too_many(void **state)
{
	struct desk *desk __free(desk) = desk__new();
	struct question questions[100] = {}, one = {}, *at, *next;
	unsigned answered = 0;
	size_t i;

	for (i = 0; i < 100; i++) {
		questions[i] = (struct question){ .on_answer = count_answer, .ctx = &answered };
		if (desk__ask(desk, &questions[i]))
			break;
	}
	assert_true(i > 1 && i < 100);
	assert_int_equal(desk__ask(desk, &one), -EBUSY);
	for (at = desk__take(desk); at; at = next) {
		next = at->next;
		desk__answer(desk, at);
	}
	assert_int_equal(answered, i);
	one = (struct question){ .on_answer = count_answer, .ctx = &answered };
	assert_int_equal(desk__ask(desk, &one), 0);
	desk__answer(desk, desk__take(desk));
}

/* Windows of time stay long: they take no room of profiles, nor both of pages. */
static void test_lanes(void **state)
{
	static const struct route routes[] = { { .kind = ROUTE_PROFILE, .seconds = 3600 },
					       { .kind = ROUTE_PROFILE },
					       { .kind = ROUTE_METRICS } };
	struct desk *desk __free(desk) = desk__new();
	struct question questions[3][100] = {}, *at, *next;
	unsigned answered = 0, asked = 0;
	size_t lane, i;

	for (lane = 0; lane < 3; lane++) {
		for (i = 0; i < 100; i++) {
			questions[lane][i] = (struct question){ .route = routes[lane],
								.on_answer = count_answer,
								.ctx = &answered };
			if (desk__ask(desk, &questions[lane][i]))
				break;
		}
		assert_true(i > 1 && i < 100);
		asked += (unsigned)i;
	}
	for (at = desk__take(desk); at; at = next) {
		next = at->next;
		desk__answer(desk, at);
	}
	assert_int_equal(answered, asked);
	for (lane = 0; lane < 3; lane++) {
		questions[lane][0].next = NULL;
		assert_int_equal(desk__ask(desk, &questions[lane][0]), 0);
		desk__answer(desk, desk__take(desk));
	}
}

static void test_closed(void **state)
{
	struct desk *desk __free(desk) = desk__new();
	unsigned answered = 0;
	struct door door = {};
	struct question one = { .door = &door, .on_answer = count_answer, .ctx = &answered };
	struct question two = { .on_answer = count_answer, .ctx = &answered };

	assert_int_equal(desk__ask(desk, &one), 0);
	assert_int_equal(desk__ask(desk, &two), 0);
	desk__shut(desk, &door);
	/* Who is in already has an answer. */
	assert_ptr_equal(desk__take(desk), &two);
	desk__answer(desk, &one);
	desk__answer(desk, &two);
	assert_int_equal(answered, 2);
	assert_int_equal(desk__ask(desk, &one), -ESHUTDOWN);
	assert_int_equal(desk__ask(desk, &two), 0);
	desk__answer(desk, desk__take(desk));
}

static void count_atomically(struct question *question)
{
	atomic_fetch_add((atomic_uint *)question->ctx, 1);
}

struct asker {
	struct desk *desk;
	atomic_uint *answered;
	unsigned asked;
};

/* Asks until it was heard that often; a full desk is asked again. */
static void *ask_many(void *ctx)
{
	struct asker *asker = ctx;
	struct question *question;

	while (asker->asked < QUESTIONS) {
		question = calloc(1, sizeof(*question));
		question->on_answer = count_atomically;
		question->ctx = asker->answered;
		if (desk__ask(asker->desk, question))
			free(question);
		else
			asker->asked++;
	}
	return NULL;
}

/* Many threads ask, one answers: nobody is forgotten, nobody answered twice. */
static void test_threads(void **state)
{
	struct desk *desk __free(desk) = desk__new();
	struct asker askers[THREADS];
	pthread_t threads[THREADS];
	atomic_uint answered = 0;
	struct question *at, *next;
	size_t i;

	for (i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){ desk, &answered, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, ask_many, &askers[i]), 0);
	}
	while (atomic_load(&answered) < THREADS * QUESTIONS) {
		struct pollfd fd = { .fd = desk__fd(desk), .events = POLLIN };

		assert_int_equal(poll(&fd, 1, 60000), 1);
		for (at = desk__take(desk); at; at = next) {
			next = at->next;
			desk__answer(desk, at);
			free(at);
		}
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_null(desk__take(desk));
	assert_int_equal(atomic_load(&answered), THREADS * QUESTIONS);
}

static void test_shots(void **state)
{
	struct shot *shot = shot__new(profile__new_heap(), 7);
	struct question question = { .shot = shot__hold(shot), .base = shot__hold(shot) };

	question__done(&question);
	assert_null(question.shot);
	assert_int_equal(profile__sample_cnt(shot->profile), 0);
	shot__drop(shot);
	shot__drop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_lanes),     cmocka_unit_test(test_closed),
		cmocka_unit_test(test_threads),   cmocka_unit_test(test_shots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
