/* SPDX-License-Identifier: Apache-2.0 */
/* The table of who allocates: allocated and in use, objects and bytes, side by side. */
#pragma once

#include "base/buf.h"
#include "profile/profile.h"
#include "view/group.h"
#include "view/style.h"

struct report_options {
	enum view_by by;
	size_t type;      /* sample type to order by */
	bool cum;         /* order by cum, and show cum of every type instead of flat */
	size_t row_cnt;   /* 0: all */
	const char *name; /* of the profile, for the heading */
	struct view_style style;
};

/* 0 or -ENOMEM. */
int report_write(const struct profile *profile, const struct report_options *options,
		 struct buf *out);
