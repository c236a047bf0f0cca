/* SPDX-License-Identifier: Apache-2.0 */
/* Code without a file behind it: what a process' JIT compilers say about it in /tmp/perf-PID.map.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* A map that grows is read again when an address is not in it, this often at most. */
#define SYM_JIT_MAX_READS 16

struct sym_jit;

/*
 * The map is looked for in @root_fd (borrowed; see root_dir.h) under the pid that the process has
 * in its own namespace, and believed if @uid or root owns it. Nothing is opened before the first
 * find.
 */
struct sym_jit *sym_jit__new(int root_fd, pid_t ns_pid, uid_t uid);
void sym_jit__free(struct sym_jit *jit);
DEFINE_CLEANUP(sym_jit);

/* As perf_map__find(). NULL also if there is no map that can be believed. */
const char *sym_jit__find(struct sym_jit *jit, uint64_t addr, size_t *ret_len_bytes);
/* Has a map been found? */
bool sym_jit__has_map(const struct sym_jit *jit);
