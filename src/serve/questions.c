// SPDX-License-Identifier: Apache-2.0
/* The recording's side of the desk. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

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

/* It waits for its time, or until its client hangs up. A client that cannot be watched has its answer in time. */
static void begin_wait(struct daemon *daemon, struct question *question)
{
	struct epoll_event event = { .events = EPOLLRDHUP, .data.fd = question->client_fd };

	question->next = daemon->waiting;
	daemon->waiting = question;
	if (question->client_fd >= 0)
		epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, question->client_fd, &event);
}

/* @at is a link of daemon->waiting. Once it is answered its descriptor is another's. */
static void end_wait(struct daemon *daemon, struct question **at)
{
	struct question *question = *at;

	*at = question->next;
	if (question->client_fd >= 0)
		epoll_ctl(daemon->epoll_fd, EPOLL_CTL_DEL, question->client_fd, NULL);
	desk__answer(daemon->desk, question);
}

/* True: it waits for its time. */
static bool begin_profile(struct daemon *daemon, struct question *question)
{
	struct session_filter filter = filter_of(question);
	bool waits = route_is_window(&question->route);
	struct shot *shot = NULL;

	question->err =
		daemon__shoot(daemon, &filter, question->due_ns - (waits ? 0 : SHARE_NS), &shot);
	if (question->err)
		return false;
	if (waits) {
		question->base = shot;
		question->due_ns = shot->taken_ns + question->route.seconds * SECOND_NS;
		begin_wait(daemon, question);
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

/* Where whoever asks finds us: it has found us there. Over a Unix socket or without a word the first listener will do. */
static const char *own_address(const struct daemon *daemon, const struct question *question)
{
	const struct http_config *http = &daemon->config.http;
	size_t i;

	if (http->advertise)
		return http->advertise;
	if (*question->host)
		return question->host;
	for (i = 0; i < http->listen.cnt; i++) {
		if (serve_config_is_local(http->listen.at[i]) &&
		    strncmp(http->listen.at[i], "unix:", 5))
			return http->listen.at[i];
	}
	return "localhost";
}

struct search {
	const struct route *route;
	pid_t pid; /* 0: not found */
};

static int match(void *ctx, const struct session_process *process)
{
	struct search *search = ctx;
	const struct route *route = search->route;

	if ((!route->pid || process->pid == route->pid) &&
	    (!*route->service || !strcmp(process->service, route->service)))
		search->pid = process->pid;
	return search->pid;
}

/* The first process that is meant. A service whose processes have all ended is known by what they have counted. */
static int find_process(struct daemon *daemon, const struct question *question, pid_t *ret)
{
	const struct session_filter filter = filter_of(question);
	struct search search = { .route = &question->route };
	struct shot *shot;
	int err;

	session_view__processes(daemon->view, match, &search);
	*ret = search.pid;
	if (search.pid)
		return 0;
	if (filter.pid || question->route.kind == ROUTE_CMDLINE)
		return -ESRCH;
	err = daemon__shoot(daemon, &filter, 0, &shot);
	if (!err)
		shot__drop(shot);
	return err;
}

static void answer_page(struct daemon *daemon, struct question *question)
{
	enum route_kind kind = question->route.kind;
	struct session_state state;

	if (kind == ROUTE_INDEX || kind == ROUTE_CMDLINE || kind == ROUTE_SYMBOL) {
		question->err = find_process(daemon, question, &question->pid);
		return;
	}
	question->err = daemon__state(daemon, &state);
	if (question->err)
		return;
	switch (kind) {
	case ROUTE_METRICS:
		question->text = metrics_page(daemon, &state);
		break;
	case ROUTE_SD:
		question->text = page_sd(daemon->view, own_address(daemon, question));
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
		if (daemon->view && question_needs_profile(question)) {
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
		question->err = daemon__shoot(daemon, &filter, question->due_ns, &question->shot);
		end_wait(daemon, at);
	}
}

void daemon__hang_up(struct daemon *daemon, int client_fd)
{
	struct pollfd fd = { .fd = client_fd, .events = POLLRDHUP };
	struct question **at;

	/* What was heard may have been of the one before, whose time was over in the same moment. */
	if (poll(&fd, 1, 0) != 1)
		return;
	for (at = &daemon->waiting; *at; at = &(*at)->next) {
		if ((*at)->client_fd != client_fd)
			continue;
		(*at)->err = -ECANCELED;
		end_wait(daemon, at);
		return;
	}
}

void daemon__refuse_shut(struct daemon *daemon)
{
	struct question **at = &daemon->waiting;

	daemon__take_questions(daemon);
	while (*at) {
		if (!(*at)->door->shut) {
			at = &(*at)->next;
			continue;
		}
		(*at)->err = -ESHUTDOWN;
		end_wait(daemon, at);
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
