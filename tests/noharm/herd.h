/* SPDX-License-Identifier: Apache-2.0 */
/* A victim from its start to its end, and whether anything was done to it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "victim.h"

#define PATIENCE_S 120 /* until something that must happen is said not to */

struct herd_counts {
	uint64_t victims, beats, forks, execs, loads;
	uint64_t steps;    /* single steps of those that are ptraced */
	uint64_t compared; /* times that the code was compared with its files */
	uint64_t unjudged; /* of them, while others traced the whole machine */
};

struct victim {
	enum victim_kind kind;
	const char *program; /* victim.c's */
	const char *libs;    /* where it finds its C library */
	unsigned seed;
	pid_t pid;    /* 0: none */
	pid_t tracer; /* who ptraces it; 0: nobody */
	int pulse_fd;
	struct pulse *pulse;
	struct herd_counts counts; /* of the victims before this one, too */
	char why[256];             /* what was done to it */
};

/* The first four fields are set. 0, or -errno. */
int victim__init(struct victim *victim);
void victim__done(struct victim *victim);

/* All of these are true if nothing bad has happened; victim->why has what did. */
/* There is one that runs. */
bool victim__start(struct victim *victim);
/* Tell it to end and see it do so. */
bool victim__end(struct victim *victim);
/* It is at work, not only alive. */
bool victim__works(struct victim *victim);
/* What it executes is what its files hold; its children's as well. For use while no probe should be there. */
bool victim__is_clean(struct victim *victim);
bool victim__stop(struct victim *victim);
bool victim__go_on(struct victim *victim);
