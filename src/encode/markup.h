/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from a profile inside HTML, SVG and scripts. Names are chosen by whoever was profiled: here
 * they lose all meaning but as text. Characters that cannot be seen or that reorder text around
 * them (controls, bidi overrides) become U+FFFD.
 */
#pragma once

#include "base/writer.h"

/* As text or attribute value of HTML or XML. */
void markup_text(struct writer *writer, const char *str);
/* As a JSON string with its quotes, safe inside a script element: no <, > or & remain. */
void markup_json(struct writer *writer, const char *str);
