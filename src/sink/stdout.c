// SPDX-License-Identifier: Apache-2.0
/* Sinks that show their bytes as they come: stdout, pipes, devices. There is nothing to commit or
 * undo. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "sink/sink_priv.h"

struct stream_sink {
	struct sink sink;
	int fd; /* -1: not ours to close */
};

static int stream_commit(struct sink *sink)
{
	struct stream_sink *stream = (struct stream_sink *)sink;

	if (stream->fd >= 0 && close(TAKE_FD(stream->fd)))
		return -errno;
	return 0;
}

static void stream_free(struct sink *sink)
{
	struct stream_sink *stream = (struct stream_sink *)sink;

	if (stream->fd >= 0)
		close(stream->fd);
	free(stream);
}

static int new_stream(int fd, bool owned, struct sink **ret)
{
	struct stream_sink *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->fd = owned ? fd : -1;
	stream->sink = (struct sink){ .commit = stream_commit, .free = stream_free };
	stream->sink.writer = writer__new_fd(fd);
	if (!stream->sink.writer) {
		free(stream);
		return -ENOMEM;
	}
	*ret = &stream->sink;
	return 0;
}

int sink_open_stdout(struct sink **ret)
{
	return new_stream(STDOUT_FILENO, false, ret);
}

int sink_open_stream(const char *path, struct sink **ret)
{
	int fd __close_fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int err;

	if (fd < 0)
		return -errno;
	err = new_stream(fd, true, ret);
	if (!err)
		(void)TAKE_FD(fd);
	return err;
}
