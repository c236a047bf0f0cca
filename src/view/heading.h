/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile says of itself: of what, when, for how long, how complete. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "profile/profile.h"
#include "view/style.h"

/*
 * The one process that @profile is of, if its comments say so: heaptap's own do (collect/ledger.c). @ret_name lives as long as
 * @profile and ends after @ret_len_bytes.
 */
bool heading_process(const struct profile *profile, const char **ret_name, size_t *ret_len_bytes,
		     int64_t *ret_pid);

void heading_write(const struct profile *profile, const char *name, const struct view_style *style,
		   struct buf *out);
