/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what changed between two profiles: grown first, then shrunk. */
#pragma once

#include "base/buf.h"
#include "profile/profile.h"
#include "view/group.h"
#include "view/style.h"

struct difference_options {
	enum view_by by;
	size_t type;    /* sample type to order by */
	bool cum;       /* compare cum instead of flat */
	size_t row_cnt; /* 0: all */
	struct view_style style;
};

/* @difference as made by profile_diff() with PROFILE_DIFF_LABEL_BASE. 0 or -ENOMEM. */
int difference_write(const struct profile *difference, const struct difference_options *options,
		     struct buf *out);
