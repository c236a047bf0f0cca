/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that were asked for lately, as they were opened then. Those who look again and again ask for a few new places of
 * the same libraries each time, and to open a C library with its debug file takes a tenth of a second, which a place does not.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "symbolize/symbolizer.h"

/* What makes a file the same one, asked for in the same way. */
struct lately_key {
	uint64_t dev, ino, size_bytes, mtime_ns;
	uint64_t flags, root_cnt, path_hash;
};

/* The symbolizer that was kept under @key, its number for the file, and what it takes; the caller's from now on. NULL: none. */
struct symbolizer *lately_take(const struct lately_key *key, uint32_t *ret_file, size_t *ret_bytes);
/* Keep @sym, which is taken over, if it is worth its room and as long as there is any: older ones go first. */
void lately_keep(const struct lately_key *key, struct symbolizer *sym, uint32_t file,
		 size_t its_bytes);
/* Let go of all of them. */
void lately_forget(void);
/* Memory that is allocated now: before and after a file was opened, it says what that takes. */
size_t lately_used_bytes(void);
