/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile says of itself: of what, when, for how long, how complete. */
#pragma once

#include "base/buf.h"
#include "profile/profile.h"
#include "view/style.h"

void heading_write(const struct profile *profile, const char *name, const struct view_style *style,
		   struct buf *out);
