/* SPDX-License-Identifier: Apache-2.0 */
/* The archive of a daemon (serve/archive.h) as one profile. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"

/* A directory with windows in it. */
bool load_is_archive(const char *source);
/*
 * The windows of @dir that ended within the last @since_ns (0: all of them), added up; of @service alone, unless that is
 * NULL. 0, or -errno after one line on stderr.
 */
int load_archive(const char *dir, uint64_t since_ns, const char *service, struct profile **ret);
/* Only what is @service's, in place of @profile. 0, or -errno after one line on stderr. */
int load_pick_service(const char *source, const char *service, struct profile **profile);
