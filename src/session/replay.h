/* SPDX-License-Identifier: Apache-2.0 */
/* A saved recording (.heaptap) as a profile, without privileges. */
#pragma once

#include <stdbool.h>

#include "profile/place.h"
#include "profile/profile.h"

/* Does the file begin as one? The position of @fd is left where it was. */
bool replay_is_snapshot(int fd);
/* 0, -EPROTO (broken), -ENODATA (cut), -ENOTSUP (of another version) or another -errno. */
int replay_profile(int fd, bool allocator_frames, struct profile **ret);
/* The same as places. */
int replay_places(int fd, struct places **ret);
