/* SPDX-License-Identifier: Apache-2.0 */
/* From an option's text to its typed field in struct options. */
#pragma once

#include "base/buf.h"
#include "cli/options_table.h"

struct options;

/* 0, -EINVAL or -ERANGE for a text the type does not allow, -ENOMEM. @text is kept, not copied. */
int option_value_set(const struct option_def *def, const char *text, struct options *opts);

#define OPTION_WORDS_MAX 32

/* The words that the value can be completed with; none for values that are no words. Returns how
 * many. */
size_t option_value_words(const struct option_def *def, const char *ret[static OPTION_WORDS_MAX]);

/* What the option's value must look like, in words that follow "expected". */
void option_value_expects(const struct option_def *def, struct buf *out);
