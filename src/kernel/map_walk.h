/* SPDX-License-Identifier: Apache-2.0 */
/* All entries of a BPF hash map. */
#pragma once

#include <stddef.h>

typedef int (*map_walk_fn)(const void *key, const void *value, void *ctx);

/*
 * Calls @fn for every entry, each once if nobody changes the map meanwhile. 0, -errno, or what @fn
 * ended with if that was not 0.
 */
int map_walk(int map_fd, size_t key_bytes, size_t value_bytes, map_walk_fn fn, void *ctx);
