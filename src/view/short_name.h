/* SPDX-License-Identifier: Apache-2.0 */
/* Long function names in narrow columns. */
#pragma once

#include <stddef.h>

#include "base/buf.h"

/*
 * Append @name in at most @cols columns. What is too long loses first what rarely tells functions
 * apart (base/shorten.h: "std::vector<…>::push_back"), then its middle. Safe to show whatever it
 * holds.
 */
void short_name_append(struct buf *out, const char *name, size_t cols);
