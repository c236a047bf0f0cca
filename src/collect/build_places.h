/* SPDX-License-Identifier: Apache-2.0 */
/* From a resolved snapshot to what became of the memory that each place asked for: a pure function.
 */
#pragma once

#include "collect/snapshot.h"
#include "profile/place.h"

/* 0 or -errno. */
int build_places(const struct snapshot *snapshot, struct places **ret);
