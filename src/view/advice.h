/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences under the table: where a lot of small blocks are made, and where a few big ones, for
 * the two are cured differently (fewer calls, or smaller blocks).
 */
#pragma once

#include "base/buf.h"
#include "profile/profile.h"
#include "view/group.h"
#include "view/style.h"

/* Nothing for profiles without the four heap metrics. @groups are by function or line. 0 or
 * -ENOMEM. */
int advice_write(const struct profile *profile, const struct groups *groups,
		 const struct view_style *style, struct buf *out);
