/* SPDX-License-Identifier: Apache-2.0 */
/* `why`, as text: for each place that matters its pattern, the evidence and the cure. */
#pragma once

#include "base/buf.h"
#include "profile/place.h"
#include "view/escape.h"
#include "view/style.h"

struct why_options {
	const char *name;                   /* of the recording, for the heading */
	size_t row_cnt;                     /* places to show, 0: all */
	double min_weight;                  /* share below which a place is not worth a line */
	const struct escape_notes *escapes; /* NULL: none */
	struct view_style style;
};

/* 0 or -ENOMEM. */
int why_write(const struct places *places, const struct why_options *options, struct buf *out);
