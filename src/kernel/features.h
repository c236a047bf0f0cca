/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel can do, found by trying it on ourselves and never by its version: distributions backport, and
 * a fix matters more than a number.
 */
#pragma once

#include <stdbool.h>

enum feature {
	FEATURE_BTF,                  /* /sys/kernel/btf/vmlinux */
	FEATURE_BPF,                  /* we may load programs at all */
	FEATURE_UPROBE_PERF,          /* uprobes by perf event */
	FEATURE_UPROBE_MULTI,         /* many uprobes by one link */
	FEATURE_UPROBE_MULTI_PID,     /* ... limited to a process, all of its threads */
	FEATURE_UPROBE_SESSION,       /* entry and return by one program, the return optional */
	FEATURE_HOST_PIDS,            /* process numbers are the kernel's own: no pid namespace */
	FEATURE_RETURN_UNDER_SECCOMP, /* return probes do not kill a process under a strict filter */
	FEATURE_RETURN_BESIDE_SHADOW, /* nor one with a shadow stack; or nobody has one here */
	FEATURE_CNT
};

/* Probed at first use, then remembered. */
bool feature_has(enum feature feature);
/* For people: what it is, and what to do where it is missing. */
const char *feature_title(enum feature feature);
const char *feature_remedy(enum feature feature);
/* Why the probe failed: 0 or the -errno it saw. */
int feature_error(enum feature feature);
