/* SPDX-License-Identifier: Apache-2.0 */
/* What the Go compiler says about what it puts on the heap (-gcflags=-m), by file and line. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct escape_notes;

/* Lines that are no such message are passed over; a text of any length costs no more than its own
 * size in memory. NULL: no memory. */
struct escape_notes *escape_notes__new(const char *text, size_t len_bytes);
void escape_notes__free(struct escape_notes *notes);
DEFINE_CLEANUP(escape_notes);

size_t escape_notes__cnt(const struct escape_notes *notes);

/*
 * The message about @line of @file, NULL if there is none: the @nth of several. The compiler names
 * files as seen from where it ran, profiles in full: they are the same if the shorter name is the
 * end of the longer.
 */
const char *escape_notes__find(const struct escape_notes *notes, const char *file, uint32_t line,
			       size_t nth);
