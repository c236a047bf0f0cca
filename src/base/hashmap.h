/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u64 -> u64, open addressing. For keys wider than a word: hash them to a word, keep the records in an
 * array with a "next" index, and store the first index here (base/intern.c does so for strings).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct hashmap;

struct hashmap *hashmap__new(void);
void hashmap__free(struct hashmap *map);
DEFINE_CLEANUP(hashmap);

bool hashmap__get(const struct hashmap *map, uint64_t key, uint64_t *ret);
/* Insert or overwrite. 0 or -ENOMEM. */
int hashmap__set(struct hashmap *map, uint64_t key, uint64_t value);
/* The value's place, made with @initial if @key is new; valid until the next insertion. NULL: -ENOMEM. */
uint64_t *hashmap__slot(struct hashmap *map, uint64_t key, uint64_t initial, bool *ret_new);
bool hashmap__del(struct hashmap *map, uint64_t key);
size_t hashmap__cnt(const struct hashmap *map);

/* Iteration in no particular order: `size_t pos = 0; while (hashmap__next(map, &pos, &k, &v))`. */
bool hashmap__next(const struct hashmap *map, size_t *pos, uint64_t *ret_key, uint64_t *ret_value);
