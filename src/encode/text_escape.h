/* SPDX-License-Identifier: Apache-2.0 */
/* Names are chosen by whoever runs the traced program: what a format gives a meaning to is taken
 * out here. */
#pragma once

#include "base/writer.h"

/*
 * One line of plain text: control characters (a terminal's escape sequences begin with one) become
 * '?', spaces at the end are dropped, and so is every byte in @also_bad, replaced by '_'. Nothing
 * left: "[unknown]".
 */
void escape_line(struct writer *writer, const char *str, const char *also_bad);
/* A JSON string with its quotes (RFC 8259), safe inside <script> as well: no '<', U+2028 or U+2029.
 */
void escape_json(struct writer *writer, const char *str);
