/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal as a screen: keys one by one, and a page that is drawn anew. Plain ANSI, no library. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct terminal;

/* Standard input and output must be terminals. 0 or -errno. From the first page drawn to terminal__close() the screen is ours. */
int terminal_open(struct terminal **ret);
/* Everything as it was. NULL is nothing. */
void terminal__close(struct terminal *terminal);

/* Readable when a key was pressed or the size has changed. */
int terminal__fd(const struct terminal *terminal);
/* The next key, 0 if there is none (the size may have changed), -1 if there will be none any more. */
int terminal__key(struct terminal *terminal);
void terminal__size(const struct terminal *terminal, size_t *ret_cols, size_t *ret_rows);
/* Show @text, its lines cut off at the bottom. */
void terminal__draw(struct terminal *terminal, const struct buf *text);
