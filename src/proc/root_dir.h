/* SPDX-License-Identifier: Apache-2.0 */
/* Opening files by paths that the traced program chose, in its own file system tree. */
#pragma once

/* The tree behind @path ("/", "/proc/PID/root") as a descriptor that outlives the process. -errno.
 */
int root_dir_open(const char *path, int *ret_fd);

#define ROOT_DIR_NOFOLLOW 1u /* the last component must not be a symbolic link */

/*
 * Open @path for reading as a process with root directory @root_fd would: links, absolute ones too,
 * and ".." stay inside. Only regular files; nothing else is even opened (merely opening a device
 * can have effects, a FIFO would block). 0, -EINVAL for other kinds of files, -errno.
 */
int root_dir_open_file(int root_fd, const char *path, unsigned flags, int *ret_fd);
