// SPDX-License-Identifier: Apache-2.0
#include "session/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/build_places.h"
#include "collect/build_profile.h"
#include "collect/snapshot_file.h"

bool replay_is_snapshot(int fd)
{
	char magic[sizeof(SNAPSHOT_MAGIC) - 1];

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, SNAPSHOT_MAGIC, sizeof(magic));
}

int replay_profile(int fd, bool allocator_frames, struct profile **ret)
{
	struct snapshot *snapshot __free(snapshot) = NULL;
	struct build_options options = { .allocator_frames = allocator_frames };
	int err = snapshot_file_read(fd, &snapshot);

	return err ? err : build_profile(snapshot, &options, ret, NULL);
}

int replay_places(int fd, struct places **ret)
{
	struct snapshot *snapshot __free(snapshot) = NULL;
	int err = snapshot_file_read(fd, &snapshot);

	return err ? err : build_places(snapshot, ret);
}

struct replay_sources {
	struct snapshot *snapshot;
};

int replay_sources(int fd, struct replay_sources **ret)
{
	struct replay_sources *sources __free(replay_sources) = calloc(1, sizeof(*sources));
	int err = sources ? snapshot_file_read(fd, &sources->snapshot) : -ENOMEM;

	if (err)
		return err;
	*ret = TAKE_PTR(sources);
	return 0;
}

void replay_sources__free(struct replay_sources *sources)
{
	if (!sources)
		return;
	snapshot__free(sources->snapshot);
	free(sources);
}

const char *replay_sources__find(const struct replay_sources *sources, const char *path,
				 int64_t *ret_mtime_ns)
{
	const struct snapshot *s = sources->snapshot;
	size_t i;

	for (i = 0; i < s->sources.cnt; i++) {
		if (strcmp(snapshot__str(s, s->sources.at[i].path), path))
			continue;
		*ret_mtime_ns = s->sources.at[i].mtime_ns;
		return snapshot__str(s, s->sources.at[i].text);
	}
	return NULL;
}
