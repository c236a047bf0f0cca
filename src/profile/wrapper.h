/* SPDX-License-Identifier: Apache-2.0 */
/* Code that allocates on behalf of its caller: who it was is known by its caller, not by it. */
#pragma once

#include <stdbool.h>

/* By the function's name for people, or its mangled one. */
bool wrapper_is_function(const char *name);
/* All of a library, by its file's path. */
bool wrapper_is_file(const char *path);
/* A container's function that takes a larger block when the old one is full, and copies: push_back, append. */
bool wrapper_grows(const char *name);
