/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 text as terminals show it. Bytes that are no UTF-8 count as one column each. Names come
 * from strangers' binaries: whatever could steer a terminal is replaced before it is shown.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"

/* Columns that @text takes: one per character, none for combining marks, two for East Asian wide
 * ones. */
size_t text_width(const char *text);
size_t text_width_n(const char *text, size_t len_bytes);

/* How many bytes of @text fit into @cols columns, never splitting a character. */
size_t text_fit(const char *text, size_t cols);

/* Append @text with control characters and stray bytes replaced by '?', tabs by a blank. */
void text_append_safe(struct buf *out, const char *text, size_t len_bytes);

/* Append @text, cut in the middle with "…" if it is wider than @cols: the ends of names tell the
 * most. */
void text_append_fit(struct buf *out, const char *text, size_t cols);
