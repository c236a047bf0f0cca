/* SPDX-License-Identifier: Apache-2.0 */
/* Source code with what each line allocates in the margin, function by function. */
#pragma once

#include <regex.h>
#include <stdint.h>

#include "base/buf.h"
#include "profile/profile.h"
#include "view/style.h"

/* A source file as found by the caller of annotate_write(). */
struct annotate_source {
	char *text; /* malloc'd, NUL-terminated; NULL: not found */
	size_t len_bytes;
	int64_t mtime_ns; /* since 1970 */
};

struct annotate_options {
	size_t type; /* sample type shown */
	const regex_t *functions;
	/* Fills @ret, whose text annotate_write() frees. */
	void (*find_source)(void *ctx, const char *filename, struct annotate_source *ret);
	void *ctx;
	struct view_style style;
};

enum annotate_outcome { /* positive returns */
			ANNOTATE_OK = 0,
			ANNOTATE_NO_MATCH, /* no function of that name has values of this type */
};

/* Functions in the order of their cum. 0, an enum annotate_outcome, or -ENOMEM. */
int annotate_write(const struct profile *profile, const struct annotate_options *options,
		   struct buf *out);
