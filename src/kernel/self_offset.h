/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* File offset, in our own executable, of @code. 0, or -ENOENT if it is not mapped from a file. */
int self_offset(const void *code, uint64_t *ret);
