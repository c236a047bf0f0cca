/* SPDX-License-Identifier: Apache-2.0 */
/* A writer that gzips into another one. No time and no name in the header: equal input gives equal
 * bytes. */
#pragma once

#include "base/cleanup.h"
#include "base/writer.h"

struct deflate;

/* NULL if out of memory. @to outlives it. */
struct deflate *deflate__new(struct writer *to);
void deflate__free(struct deflate *out);
DEFINE_CLEANUP(deflate);

struct writer *deflate__writer(struct deflate *out);
/* All that is left, and gzip's trailer. 0 or the first error; @to itself is not flushed. */
int deflate__finish(struct deflate *out);
