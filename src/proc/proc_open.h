/* SPDX-License-Identifier: Apache-2.0 */
/* Files of other processes, whatever mount namespace they live in. */
#pragma once

#include <sys/types.h>

#include "proc/proc_maps.h"

/*
 * The mapped file behind @map of process @pid, read-only: /proc/PID/map_files (exact, works for
 * deleted files, needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE), else /proc/PID/root + path, or path as seen from outside
 * of a chroot, if that is still the same file. A regular file always, and opening never blocks. 0, -ESRCH if the process
 * is gone, -ESTALE if there is another file now, -errno.
 */
int proc_map_open(pid_t pid, const struct proc_map *map, int *ret_fd);
/* @path as @pid sees it, a regular file, read-only: links do not lead out of its root. */
int proc_root_open(pid_t pid, const char *path, int *ret_fd);
