/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes over file descriptors; EINTR and short transfers are handled here. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Exactly @len_bytes at @offset, or -ENODATA if the file ends before, or -errno. */
int fdio_pread(int fd, void *data, size_t len_bytes, uint64_t offset);
int fdio_write(int fd, const void *data, size_t len_bytes);

/* The rest of @fd as a NUL-terminated malloc'd string the caller frees; -EFBIG past @max_bytes. */
int fdio_read_all(int fd, size_t max_bytes, char **ret, size_t *ret_len_bytes);
/* The same for a path. O_NONBLOCK, regular files (and procfs) only: a FIFO in its place cannot hang us. */
int fdio_read_file(const char *path, size_t max_bytes, char **ret, size_t *ret_len_bytes);
