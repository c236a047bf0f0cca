/* SPDX-License-Identifier: Apache-2.0 */
/* The places of a heap profile, anybody's: sizes and counts, no life stories. */
#pragma once

#include "profile/place.h"
#include "profile/profile.h"

/* 0, -EINVAL if the profile has not the four heap metrics (see profile__heap_types()), or -ENOMEM.
 */
int places_of_profile(const struct profile *profile, struct places **ret);
