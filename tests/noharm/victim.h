/* SPDX-License-Identifier: Apache-2.0 */
/* What a victim and its herdsman (cycles.c) share: a page of a memfd that stays open over fork and exec. */
#pragma once

#include <stdint.h>

enum victim_kind {
	VICTIM_RUNS,
	VICTIM_FORKS,
	VICTIM_EXECS,
	VICTIM_LOADS,
	VICTIM_EXITS,
	VICTIM_STOPPED, /* the last two run like the first: what is special is done to them */
	VICTIM_PTRACED,
	VICTIM_KIND_CNT
};

#define VICTIM_KINDS                                                                               \
	{                                                                                          \
		"running", "forking", "execing", "loading", "exiting", "stopped", "ptraced"        \
	}

struct pulse {
	uint64_t beats; /* rounds of work, each checked */
	uint64_t forks; /* children that ended as they should */
	uint64_t execs, loads;
	uint64_t steps; /* single steps, counted by its debugger */
	uint32_t stop;  /* set by the herdsman: check everything once more and exit with 0 */
	uint32_t debugger_stop;
	uint32_t strange_trap; /* its debugger has seen it run into a breakpoint of nobody's */
	uint32_t harm_line;    /* where the victim found its work spoilt; 0: nowhere */
};

#define VICTIM_HARMED 70 /* exit status */
