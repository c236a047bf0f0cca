/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of code a JIT made, as it writes them to /tmp/perf-PID.map: "START SIZE NAME\n" in hex
 * (linux/tools/perf/Documentation/jit-interface.txt). Later lines replace earlier ones where they
 * overlap, for code is moved and its place reused.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Chosen by whoever writes the file: limits on what we hold of it. */
#define PERF_MAP_MAX_BYTES   ((size_t)256 << 20)
#define PERF_MAP_MAX_ENTRIES ((size_t)4 << 20)

struct perf_map;

/*
 * @text need not be NUL-terminated; ownership of the malloc'd text passes to the map if 0 is
 * returned. Lines that are none are skipped, lines past PERF_MAP_MAX_ENTRIES too. 0 or -ENOMEM.
 */
int perf_map__parse(char *text, size_t len_bytes, struct perf_map **ret);
void perf_map__free(struct perf_map *map);
DEFINE_CLEANUP(perf_map);

/* The name at @addr, *ret_len_bytes of any kind but newline, not NUL-terminated. NULL if there is
 * none. */
const char *perf_map__find(const struct perf_map *map, uint64_t addr, size_t *ret_len_bytes);
size_t perf_map__entry_cnt(const struct perf_map *map);
