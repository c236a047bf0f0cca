/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a push while it runs: the first failure, the recovery, and once an hour what became of all. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "serve/push.h"

struct push_report {
	const char *name;
	bool has_spool;
	bool fails;        /* since .since_ns, and it was said */
	uint64_t since_ns; /* CLOCK_MONOTONIC */
	uint64_t hour_ns;  /* when the last total was told */
	struct push_counts told;
};

/* It could not be sent, for @why, and will be tried again; @refused: it is given up. */
void push_report__failed(struct push_report *report, const char *why, bool refused);
void push_report__sent(struct push_report *report);
/* @counts so far. Says something once an hour, if something went wrong in it. */
void push_report__tell(struct push_report *report, const struct push_counts *counts);
