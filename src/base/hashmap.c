// SPDX-License-Identifier: Apache-2.0
#include "base/hashmap.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

struct slot {
	uint64_t key;
	uint64_t value;
};

struct hashmap {
	struct slot *slots;
	uint8_t *used;
	size_t cap; /* a power of two, or 0 */
	size_t cnt;
};

struct hashmap *hashmap__new(void)
{
	return calloc(1, sizeof(struct hashmap));
}

void hashmap__free(struct hashmap *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map->used);
	free(map);
}

/* Where @key is, or the free place where it would go. The table always has a free place. */
static size_t find(const struct hashmap *map, uint64_t key)
{
	size_t i = hash_u64(key) & (map->cap - 1);

	while (map->used[i] && map->slots[i].key != key)
		i = (i + 1) & (map->cap - 1);
	return i;
}

static int grow(struct hashmap *map)
{
	struct hashmap bigger = { .cap = map->cap ? map->cap * 2 : 16, .cnt = map->cnt };
	size_t i, j;

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	bigger.used = calloc(bigger.cap, sizeof(*bigger.used));
	if (!bigger.slots || !bigger.used) {
		free(bigger.slots);
		free(bigger.used);
		return -ENOMEM;
	}
	for (i = 0; i < map->cap; i++) {
		if (!map->used[i])
			continue;
		j = find(&bigger, map->slots[i].key);
		bigger.slots[j] = map->slots[i];
		bigger.used[j] = 1;
	}
	free(map->slots);
	free(map->used);
	*map = bigger;
	return 0;
}

bool hashmap__get(const struct hashmap *map, uint64_t key, uint64_t *ret)
{
	size_t i;

	if (!map->cnt)
		return false;
	i = find(map, key);
	if (!map->used[i])
		return false;
	if (ret)
		*ret = map->slots[i].value;
	return true;
}

uint64_t *hashmap__slot(struct hashmap *map, uint64_t key, uint64_t initial, bool *ret_new)
{
	size_t i;

	if ((map->cnt + 1) * 4 > map->cap * 3 && grow(map))
		return NULL;
	i = find(map, key);
	if (ret_new)
		*ret_new = !map->used[i];
	if (!map->used[i]) {
		map->used[i] = 1;
		map->slots[i].key = key;
		map->slots[i].value = initial;
		map->cnt++;
	}
	return &map->slots[i].value;
}

int hashmap__set(struct hashmap *map, uint64_t key, uint64_t value)
{
	uint64_t *slot = hashmap__slot(map, key, value, NULL);

	if (!slot)
		return -ENOMEM;
	*slot = value;
	return 0;
}

/* Deletion by moving later members of the probe chain back: no tombstones to fill the table. */
bool hashmap__del(struct hashmap *map, uint64_t key)
{
	size_t mask = map->cap - 1, hole, i, home;

	if (!map->cnt)
		return false;
	hole = find(map, key);
	if (!map->used[hole])
		return false;
	for (i = (hole + 1) & mask; map->used[i]; i = (i + 1) & mask) {
		home = hash_u64(map->slots[i].key) & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->used[hole] = 0;
	map->cnt--;
	return true;
}

size_t hashmap__cnt(const struct hashmap *map)
{
	return map->cnt;
}

bool hashmap__next(const struct hashmap *map, size_t *pos, uint64_t *ret_key, uint64_t *ret_value)
{
	size_t i;

	for (i = *pos; i < map->cap; i++) {
		if (!map->used[i])
			continue;
		*pos = i + 1;
		*ret_key = map->slots[i].key;
		*ret_value = map->slots[i].value;
		return true;
	}
	*pos = i;
	return false;
}
