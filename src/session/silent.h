/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that do nothing worth a probe. While probes are each process's own (apart.h), every hit passes by those of all
 * others, and every switch asks all of them: so where there are many, who does not work has none. CPU time tells who does;
 * what a process does before it has used 1 ms, and until that is seen, is not counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"

struct recording;

struct silent_process {
	pid_t pid;
	bool is_left;    /* it has probes, or nobody asked for it */
	bool is_refused; /* it works, but too many others have probes */
	uint64_t cpu_ns; /* when it was first listed */
};

struct silent {
	VEC(struct silent_process) all; /* by pid */
	uint64_t looked_ns, listed_ns;
	bool warned; /* somebody works and has none, for too many others have */
};

/* Who is there now and has no probes, of those asked for. 0 or -errno. */
int silent__begin(struct recording *rec, uint64_t now_ns);
/* Give those probes that work. To be called often: most of the time there is nothing to do. */
void silent__look(struct recording *rec, uint64_t now_ns);
/* How many are without probes: because they do nothing, and though they work. */
void silent__count(const struct silent *silent, size_t *ret_idle_cnt, size_t *ret_refused_cnt);
/* Probes are shared again. */
void silent__done(struct silent *silent);
