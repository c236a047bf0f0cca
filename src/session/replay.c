// SPDX-License-Identifier: Apache-2.0
#include "session/replay.h"

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
