// SPDX-License-Identifier: Apache-2.0
#include "sink/sink_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

int sink_open(const char *path, uint32_t flags, struct sink **ret)
{
	struct stat st;

	/* /dev/stdout is a link to wherever stdout goes; renaming a file over it would break the
	 * machine. */
	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return sink_open_stdout(ret);
	if (stat(path, &st))
		return errno == ENOENT ? sink_open_file(path, flags, ret) : -errno;
	if (S_ISREG(st.st_mode))
		return flags & SINK_OVERWRITE ? sink_open_file(path, flags, ret) : -EEXIST;
	if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))
		return sink_open_stream(path, ret);
	return S_ISDIR(st.st_mode) ? -EISDIR : -ENODEV;
}

void sink__free(struct sink *sink)
{
	struct writer *writer;

	if (!sink)
		return;
	writer = sink->writer;
	sink->free(sink);
	writer__free(writer);
}

struct writer *sink__writer(struct sink *sink)
{
	return sink->writer;
}

int sink__commit(struct sink *sink)
{
	int err = writer__finish(sink->writer);

	return err ? err : sink->commit(sink);
}
