/* SPDX-License-Identifier: Apache-2.0 */
/* A saved recording (.heaptap) as a profile, without privileges. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "profile/place.h"
#include "profile/profile.h"

/* Does the file begin as one? The position of @fd is left where it was. */
bool replay_is_snapshot(int fd);
/* 0, -EPROTO (broken), -ENODATA (cut), -ENOTSUP (of another version) or another -errno. */
int replay_profile(int fd, bool allocator_frames, struct profile **ret);
/* The same as places. */
int replay_places(int fd, struct places **ret);

/* The source files a recording was given. */
struct replay_sources;
int replay_sources(int fd, struct replay_sources **ret);
void replay_sources__free(struct replay_sources *sources);
DEFINE_CLEANUP(replay_sources);
/* The text of @path, NULL if it is not there; lives as long as @sources. */
const char *replay_sources__find(const struct replay_sources *sources, const char *path,
				 int64_t *ret_mtime_ns);
