/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for shells, from the tables of commands and options. */
#pragma once

#include "base/buf.h"

/* 0, or -ENOENT for a shell there is no script for. */
int completion_script(const char *shell, struct buf *out);
