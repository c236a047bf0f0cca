/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a process has a shadow stack (x86-64) or guarded control stack (arm64), against which the CPU compares where functions
 * return to. x86-64 says so in a line of status; elsewhere a mapping has the flag "ss" (Documentation/filesystems/proc.rst).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* False also if it cannot be told. Where status does not say, all of smaps is read: milliseconds per GiB of memory. */
bool proc_has_shadow(pid_t pid);
/* The same from the texts: 1, 0, or -ENODATA where @status does not say. */
int proc_shadow__from_status(const char *status);
/* Is @line of smaps about a shadow stack? */
bool proc_shadow__is_smap(const char *line);
