/* SPDX-License-Identifier: Apache-2.0 */
/* What root can do and tracing need not. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Beyond the least. */
#define PRIVILEGE_WRITE_ANYWHERE                                                                   \
	1u /* CAP_DAC_OVERRIDE: for an output file in somebody else's folder */
#define PRIVILEGE_PERF_EVENTS 2u /* CAP_SYS_ADMIN: Linux 6.18 wants it for uprobes by perf event */
#define PRIVILEGE_DELETED_FILES                                                                    \
	4u /* CAP_CHECKPOINT_RESTORE: libraries that are mapped and have no name any more */
#define PRIVILEGE_LET_GO                                                                           \
	8u /* others' programs that BPF has stopped can go on: CAP_KILL, for a process of its own (kernel/guard.h) */

/*
 * Keep CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and PRIVILEGE_* @more as far as they are held, and
 * PRIVILEGE_PERF_EVENTS where the kernel has no other uprobes; drop all others for good and gain none by exec. 0 or
 * -errno.
 */
int privileges_drop(unsigned more);

/* A line per capability that is wanted and not held, and what goes without it. False: there are any. */
bool privileges_examine(struct buf *out);
