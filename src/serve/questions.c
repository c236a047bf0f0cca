// SPDX-License-Identifier: Apache-2.0
/* The recording's side of the desk. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/daemon.h"
#include "serve/pages.h"

#define SECOND_NS 1000000000ull
/* Pulls of several tools at once share a profile. */
#define SHARE_NS  (SECOND_NS / 2)

static struct session_filter filter_of(const struct question *question)
{
	return (struct session_filter){ .pid = question->route.pid,
					.service = *question->route.service
							   ? question->route.service
							   : NULL };
}

static bool is_same(const struct cursor *cursor, const struct question *question)
{
	return cursor->shot && !strcmp(cursor->client, question->client) &&
	       !strcmp(cursor->service, question->route.service) &&
	       cursor->pid == question->route.pid;
}

/* Since this client's last question; since the start if it has not asked before (or too long ago). */
static void use_cursor(struct daemon *daemon, struct question *question)
{
	struct cursor *cursor = NULL;
	size_t i;

	for (i = 0; i < CURSOR_CNT; i++) {
		if (is_same(&daemon->cursors[i], question))
			cursor = &daemon->cursors[i];
	}
	if (cursor) {
		question->base = cursor->shot;
	} else {
		cursor = &daemon->cursors[daemon->cursor_next++ % CURSOR_CNT];
		shot__drop(cursor->shot);
		snprintf(cursor->client, sizeof(cursor->client), "%s", question->client);
		snprintf(cursor->service, sizeof(cursor->service), "%s", question->route.service);
		cursor->pid = question->route.pid;
	}
	cursor->shot = shot__hold(question->shot);
}

/* True: it waits for its time. */
static bool begin_profile(struct daemon *daemon, struct question *question)
{
	struct session_filter filter = filter_of(question);
	bool waits = question->route.seconds > 0;
	struct shot *shot = NULL;

	question->err =
		daemon__shoot(daemon, &filter, question->due_ns - (waits ? 0 : SHARE_NS), &shot);
	if (question->err)
		return false;
	if (waits) {
		question->base = shot;
		question->due_ns = shot->taken_ns + question->route.seconds * SECOND_NS;
		question->next = daemon->waiting;
		daemon->waiting = question;
		return true;
	}
	question->shot = shot;
	if (question->route.delta)
		use_cursor(daemon, question);
	return false;
}

static char *metrics_page(struct daemon *daemon, const struct session_state *state)
{
	struct buf *out __free(buf) = buf__new(4 << 20);
	size_t len;

	if (!out)
		return NULL;
	metrics_write(state, http__counts(daemon->http), &daemon->extra, out);
	daemon__push_metrics(daemon, out);
	return buf__take(out, &len);
}

/* Where others find us: the first listener that is no file. */
static const char *own_address(const struct daemon *daemon)
{
	size_t i;

	for (i = 0; i < daemon->config.listen.cnt; i++) {
		if (strncmp(daemon->config.listen.at[i], "unix:", 5))
			return daemon->config.listen.at[i];
	}
	return "localhost";
}

static void answer_page(struct daemon *daemon, struct question *question)
{
	struct session_state state;

	question->err = session_view__state(daemon->view, &state);
	if (question->err)
		return;
	switch (question->route.kind) {
	case ROUTE_METRICS:
		question->text = metrics_page(daemon, &state);
		break;
	case ROUTE_SD:
		question->text = page_sd(daemon->view, own_address(daemon));
		break;
	case ROUTE_READY:
		question->text = strdup("ready\n");
		break;
	default:
		question->text = page_status(daemon->view, &state);
		break;
	}
	question->err = question->text ? 0 : -ENOMEM;
}

/* Answer what needs no profile; the rest is put down, with the time as its due_ns until it is known to wait for another. */
static void sort_questions(struct daemon *daemon)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct question *question, *next, **end = &daemon->asked;

	while (*end)
		end = &(*end)->next;
	for (question = desk__take(daemon->desk); question; question = next) {
		next = question->next;
		if (daemon->view && question->route.kind == ROUTE_PROFILE) {
			question->due_ns = now;
			question->next = *end;
			*end = question;
			continue;
		}
		if (daemon->view)
			answer_page(daemon, question);
		else
			question->err = -ESHUTDOWN;
		desk__answer(daemon->desk, question);
	}
}

void daemon__take_questions(struct daemon *daemon)
{
	struct question *question;

	sort_questions(daemon);
	while ((question = daemon->asked)) {
		daemon->asked = question->next;
		if (!begin_profile(daemon, question))
			desk__answer(daemon->desk, question);
		sort_questions(daemon);
	}
}

void daemon__answer_due(struct daemon *daemon, uint64_t now_ns)
{
	struct question **at = &daemon->waiting, *question;

	while ((question = *at)) {
		struct session_filter filter = filter_of(question);

		if (question->due_ns > now_ns) {
			at = &question->next;
			continue;
		}
		*at = question->next;
		question->err = daemon__shoot(daemon, &filter, question->due_ns, &question->shot);
		desk__answer(daemon->desk, question);
	}
}

void daemon__refuse_all(struct daemon *daemon, int err)
{
	struct question *question;

	while ((question = daemon->waiting)) {
		daemon->waiting = question->next;
		question->err = err;
		desk__answer(daemon->desk, question);
	}
}

uint64_t daemon__next_answer_ns(const struct daemon *daemon)
{
	const struct question *question;
	uint64_t due = UINT64_MAX;

	for (question = daemon->waiting; question; question = question->next)
		due = question->due_ns < due ? question->due_ns : due;
	return due;
}
