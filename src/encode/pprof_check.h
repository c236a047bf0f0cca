/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a pprof file obey the rules of every program that may read it? Each rule names who insists;
 * pprof's own format allows more. Looks at the file as it is, before any reader has smoothed it.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "encode/pprof_read.h"

enum pprof_severity {
	PPROF_ERROR,   /* some reader refuses the file or shows it wrong */
	PPROF_WARNING, /* some reader drops a part of it, or refuses it in some settings */
};

struct pprof_rule {
	const char *id; /* "location-id": a stable name for scripts */
	enum pprof_severity severity;
	const char *message; /* what is wrong, and to whom it matters */
};

struct pprof_finding {
	const struct pprof_rule *rule;
	uint64_t cnt;      /* how often */
	const char *first; /* where it was first seen, e.g. "location 17" */
};

struct pprof_report;

/*
 * 0 and a report (findings or not), an enum pprof_outcome if the file cannot be decoded at all, or
 * -errno.
 * @limits NULL: the default.
 */
int pprof_check_fd(int fd, const struct pprof_limits *limits, struct pprof_report **ret);
int pprof_check_mem(const void *data, size_t len_bytes, const struct pprof_limits *limits,
		    struct pprof_report **ret);
void pprof_report__free(struct pprof_report *report);
DEFINE_CLEANUP(pprof_report);

/* Findings in the order of the rules, one per rule that is broken. */
size_t pprof_report__cnt(const struct pprof_report *report);
const struct pprof_finding *pprof_report__at(const struct pprof_report *report, size_t index);
/* Rules of that severity that are broken. */
size_t pprof_report__severity_cnt(const struct pprof_report *report, enum pprof_severity severity);
