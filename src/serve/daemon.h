/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon holds while it runs. Private to serve/; all of it belongs to the recording's thread. */
#pragma once

#include "serve/config.h"
#include "serve/desk.h"
#include "serve/http.h"
#include "serve/metrics.h"
#include "serve/push.h"
#include "serve/serve.h"
#include "session/session.h"
#include "session/view.h"

/* Clients of delta_heap that are remembered. */
#define CURSOR_CNT 16

struct cursor {
	char client[64];
	char service[ROUTE_NAME_SIZE];
	pid_t pid;
	struct shot *shot;
};

/* One [push] of the configuration that could be started. */
struct pusher {
	struct push *push;
	struct shot *base; /* where its window began */
	uint64_t due_ns;
};

struct daemon {
	const struct serve_options *options;
	struct serve_config config; /* the newest; its trace has moved to: */
	struct trace_config trace;  /* what the recording goes by; it lives as long as that */
	struct trace_config next;   /* what the next one will; it begins once this one has ended */
	struct trace_config before; /* what the last one went by, until this one has begun */
	bool has_next, has_before;
	struct session_config session;
	struct session_watch watch;

	struct session_view *view; /* between on_start and on_stop */
	struct desk *desk;
	struct http *http;
	int epoll_fd, timer_fd, signal_fd;

	struct question *asked;   /* for profiles that are still to be made, oldest first */
	struct question *waiting; /* for the end of their time */
	struct shot *latest;      /* of everything */
	struct shot *past;        /* what recordings that have ended counted; NULL: none has */
	struct session_state past_state; /* their counters */
	struct cursor cursors[CURSOR_CNT];
	size_t cursor_next;

	struct shot *window;                   /* where the archive's current window began */
	uint64_t window_due_ns, notify_due_ns; /* CLOCK_MONOTONIC; 0: never */
	VEC(struct pusher) pushers;
	struct metrics_extra extra;
};

/* store.c */
/* What has been counted up to now, or to a moment not before @since_ns (CLOCK_MONOTONIC). The caller drops it. 0 or -errno. */
int daemon__shoot(struct daemon *daemon, const struct session_filter *filter, uint64_t since_ns,
		  struct shot **ret);

/* What had been counted when the first recording began: nothing. NULL: no memory. */
struct shot *daemon__nothing(uint64_t now_ns);

/* Counters are those of ended recordings, too. 0 or -errno. */
int daemon__state(const struct daemon *daemon, struct session_state *ret);
/* The recording is about to end, and another to begin: sums go on from here. 0 or -errno. */
int daemon__keep(struct daemon *daemon);

/* pushers.c */
/* Those of the configuration. Of those that are there already the ones that it has unchanged go on; others stop. */
void daemon__start_pushers(struct daemon *daemon);
/* Their first windows have begun with @base. */
void daemon__begin_pushes(struct daemon *daemon, struct shot *base);
/* The last word: what could be sent is, what could not is said. */
void daemon__stop_pushers(struct daemon *daemon);
/* Send what is due; with @all everything, which then is the last. */
void daemon__push_due(struct daemon *daemon, uint64_t now_ns, bool all);
uint64_t daemon__next_push_ns(const struct daemon *daemon);
void daemon__push_metrics(const struct daemon *daemon, struct buf *out);

/* questions.c */
/* What takes no profile is answered first, also when it is asked while profiles are made. */
void daemon__take_questions(struct daemon *daemon);
/* Those whose time is over. */
void daemon__answer_due(struct daemon *daemon, uint64_t now_ns);
/* The client at @client_fd is gone: whatever it waits for is not wanted any more. */
void daemon__hang_up(struct daemon *daemon, int client_fd);
/* Nobody who came in by a door that is shut waits any more. */
void daemon__refuse_shut(struct daemon *daemon);
/* CLOCK_MONOTONIC; UINT64_MAX: none waits. */
uint64_t daemon__next_answer_ns(const struct daemon *daemon);
