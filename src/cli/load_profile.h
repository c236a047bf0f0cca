/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles from wherever the user points: a file, "-", or the URL of a /debug/pprof endpoint. */
#pragma once

#include <stddef.h>

#include "profile/profile.h"

/* 0, or -errno after one line on stderr that says what is wrong with @source. */
int load_profile(const char *source, struct profile **ret);

/*
 * Which sample type @text means: its name or an unambiguous part of it; NULL: alloc_space, or what
 * the profile shows by default. 0, or -EINVAL after one line on stderr.
 */
int load_metric(const struct profile *profile, const char *text, size_t *ret);
