/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output as the place for data: what it is, how wide, whether it takes colours. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "view/style.h"

struct options;

/* All of that, as views take it. */
struct view_style output_style(const struct options *opts);

/* Columns of the terminal behind standard output ($COLUMNS if set); 0 if it is no terminal. */
size_t output_width(void);

/* --color, or for auto: a terminal that is not TERM=dumb, and NO_COLOR is not set. */
bool output_colored(const struct options *opts);

/* Write @text to standard output: EXIT_OK or EXIT_FAILED. Failures are reported, but not a reader
 * that has gone. */
int output_write(const struct buf *text);
