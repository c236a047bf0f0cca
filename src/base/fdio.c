// SPDX-License-Identifier: Apache-2.0
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

int fdio_pread(int fd, void *data, size_t len_bytes, uint64_t offset)
{
	char *p = data;
	ssize_t got;

	if (offset > INT64_MAX - len_bytes)
		return -ENODATA;
	while (len_bytes) {
		got = pread(fd, p, len_bytes, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return -ENODATA;
		p += got;
		len_bytes -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

int fdio_write(int fd, const void *data, size_t len_bytes)
{
	const char *p = data;
	ssize_t put;

	while (len_bytes) {
		put = write(fd, p, len_bytes);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		p += put;
		len_bytes -= (size_t)put;
	}
	return 0;
}

int fdio_read_all(int fd, size_t max_bytes, char **ret, size_t *ret_len_bytes)
{
	struct buf *buf __free(buf) = buf__new(max_bytes);
	char chunk[16384];
	ssize_t got;

	if (!buf)
		return -ENOMEM;
	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		buf__append(buf, chunk, (size_t)got);
		if (buf__error(buf))
			return buf__error(buf) == -EOVERFLOW ? -EFBIG : buf__error(buf);
	}
	*ret = buf__take(buf, ret_len_bytes);
	return *ret ? 0 : -ENOMEM;
}

int fdio_read_file(const char *path, size_t max_bytes, char **ret, size_t *ret_len_bytes)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return fdio_read_all(fd, max_bytes, ret, ret_len_bytes);
}
