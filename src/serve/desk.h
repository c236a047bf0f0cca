/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where threads leave questions for the one that records. A question belongs to whoever asked, who is told when its
 * answer is in; until then it is the desk's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "profile/profile.h"
#include "serve/route.h"
#include "serve/symbol.h"

/* A profile that several hold. Nobody changes it. */
struct shot {
	atomic_uint ref_cnt;
	struct profile *profile;
	uint64_t taken_ns; /* CLOCK_MONOTONIC */
};

/* Takes @profile over. NULL if out of memory, and then it is freed. */
struct shot *shot__new(struct profile *profile, uint64_t taken_ns);
struct shot *shot__hold(struct shot *shot);
/* NULL is nothing. */
void shot__drop(struct shot *shot);

/* By which questions come in: once it is shut, none do. */
struct door {
	bool shut;
};

struct question {
	struct route route;
	char client[64]; /* for ROUTE_PROFILE with route.delta: whose last call is meant */
	char host[256];  /* what it calls us, or "" */
	struct addresses addresses; /* ROUTE_SYMBOL: whose names are asked for */
	int client_fd;           /* while it waits: who hangs up wants no answer; -1: nobody can */
	const struct door *door; /* NULL: none */
	/* When the answer is in, in the thread of the recording. */
	void (*on_answer)(struct question *question);
	void *ctx;

	/* the answer: */
	int err;                  /* 0 or -errno; -ECANCELED: nobody wants to know any more */
	struct shot *base, *shot; /* of question_needs_profile(); base: to be subtracted, or NULL */
	pid_t pid;                /* ROUTE_CMDLINE: the process that was meant; it lives */
	char *text;               /* the others; malloc'd */

	/* the desk's: */
	uint64_t due_ns;
	struct question *next;
};

void question__done(struct question *question);

/* Is its answer made from a profile? */
static inline bool question_needs_profile(const struct question *question)
{
	return question->route.kind == ROUTE_PROFILE || question->addresses.list.cnt;
}

struct desk;

struct desk *desk__new(void);
/* Every question must have been answered. */
void desk__free(struct desk *desk);
DEFINE_CLEANUP(desk);

/* Any thread. 0, or -EBUSY if too many of its kind (pages, profiles, windows of time) wait, -ESHUTDOWN. */
int desk__ask(struct desk *desk, struct question *question);
/* Readable when there are new questions. */
int desk__fd(const struct desk *desk);
/* The recording's thread: all new questions as a list. */
struct question *desk__take(struct desk *desk);
/* The recording's thread: the answer is in. */
void desk__answer(struct desk *desk, struct question *question);
/* No more questions by @door. Those that came in by it are still to be answered. */
void desk__shut(struct desk *desk, struct door *door);
