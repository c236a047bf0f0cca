/* SPDX-License-Identifier: Apache-2.0 */
/* What was counted between two moments. */
#pragma once

#include "serve/desk.h"

/*
 * From @from to @to, with its duration and with what warns of its numbers, after @comment (NULL: none). @flags:
 * PROFILE_DIFF_*. 0 or -errno.
 */
int window_make(const struct shot *from, const struct shot *to, uint32_t flags, const char *comment,
		struct profile **ret);
