/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tracing costs each process, and budgets: `--max-overhead`, a share of its own CPU time for each, and
 * `--max-overhead-total`, a share of the machine's for all together.
 *
 * The cost is hits x what a trap costs on this machine (measured on ourselves, again and again) + the time our programs
 * take (measured in BPF, one hit of many). A process that is past its budget is stepped down, and no other with it:
 *
 *	coarse	fewer samples
 *	alone	allocations alone: blocks are no longer tracked until their free
 *	windows	its probes are off but for short, randomly placed windows
 *
 * and back up, step by step, once it has been calm for a while. Past the total, the budgets of those that want most are
 * cut to a fair share. README has the rules and their numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "collect/snapshot.h"
#include "kernel/tracer.h"
#include "session/budget.h"

struct governor;

struct governor_config {
	double budget, total; /* shares; 0: none */
	uint64_t mean_bytes;  /* of the sampler, which steps change; 0: it adapts by itself */
	bool live;            /* blocks are tracked */
	bool is_listed;       /* each process has probes of its own from the start */
	bool leaves_out;      /* processes that share the probes but were not asked for */
	/*
	 * Make sure that the probes of one process can be taken off alone, and that this need no longer be. 0: they can,
	 * or -errno.
	 */
	int (*part)(void *ctx);
	void (*unite)(void *ctx);
	void *ctx;
};

/* NULL if out of memory. */
struct governor *governor__new(const struct governor_config *config);
void governor__free(struct governor *governor);
DEFINE_CLEANUP(governor);

/*
 * A process has begun to run another program, or begun at all: to be called before probes of its own are put on. Where it is
 * known that it would be past its budget, it begins in windows.
 */
void governor__meet(struct governor *governor, struct tracer *tracer, uint32_t id, uint64_t now_ns);
/* Instead of those of its configuration; as there, one of them at least. */
void governor__set_budgets(struct governor *governor, double budget, double total);
/* Is process @tgid traced in windows, so that new probes of it are to be off? No governor closes nobody. */
bool governor__is_closed(const struct governor *governor, pid_t tgid);

/* Give each process probes of its own, until told that this is needed no longer. 0 or -errno. */
int governor__keep_apart(struct governor *governor, bool keep, uint64_t now_ns);
/* What budgets need to know of this machine. It takes a while, so before anybody has probes. */
void governor__prepare(struct governor *governor, struct tracer *tracer, uint64_t now_ns);
/* Take note of who is there, and how much CPU time they have used so far. */
void governor__start(struct governor *governor, struct tracer *tracer, uint64_t now_ns);
/* Probes are not to be shared again just now: not all is known of who has come. */
void governor__delay_unite(struct governor *governor, uint64_t now_ns);
/* Look at all processes, and act. Windows that are due are held at once, and waited for. When to come again. */
uint64_t governor__tick(struct governor *governor, struct tracer *tracer, uint64_t now_ns);

/* Of all processes, since they were first seen. */
struct work governor__cost(struct governor *governor, struct tracer *tracer);
/* What processes that are left out paid so far for probes that they share with those that are not. */
uint64_t governor__others_ns(const struct governor *governor);

/* Scale what is still to be scaled: of processes that have ended, or (@all) of all, for nothing will come any more. */
void governor__close(struct governor *governor, struct tracer *tracer, bool all);
/* The same as far as enough is known to scale by: what is scaled is not taken back while a process is traced. */
void governor__catch_up(struct governor *governor, struct tracer *tracer);
/* What windows added to the variance of @image's count (struct snapshot_image), for each of its allocations. */
double governor__variance_each(const struct governor *governor, uint32_t image);
/* Living processes that are traced in windows, and steps (down or up) taken by anybody so far. */
size_t governor__windowed_cnt(const struct governor *governor);
uint64_t governor__step_cnt(const struct governor *governor);
/* State the errors, take out what was no longer tracked, and say which steps were taken. 0 or -ENOMEM. */
int governor__settle(const struct governor *governor, const struct tracer *tracer,
		     struct snapshot *snapshot);
