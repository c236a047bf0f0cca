/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles to -o FILE, in the format of its suffix or of --format. */
#pragma once

#include "cli/options.h"
#include "encode/encoder.h"
#include "profile/profile.h"

/*
 * What -o and --format ask for, looked at before any work is done: the suffix must be known, the
 * file must not exist unless -f is given, and bytes do not go to a terminal. EXIT_OK and the
 * encoder, or EXIT_USAGE or EXIT_FAILED after one line on stderr.
 */
int write_profile_check(const struct options *opts, const struct encoder **ret);

/* EXIT_OK, or another status after one line on stderr. Says what was written, unless --quiet. */
int write_profile(const struct profile *profile, const struct encoder *encoder,
		  const struct options *opts);

/* The same for anything that comes out of @put, which returns 0 or -errno. */
int write_stream(const struct options *opts, const struct encoder *encoder,
		 int (*put)(const void *ctx, struct writer *writer), const void *ctx);
