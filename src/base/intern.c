// SPDX-License-Identifier: Apache-2.0
#include "base/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/vec.h"

#define CHUNK_BYTES ((size_t)64 << 10)
#define NO_STRING   UINT32_MAX

struct entry {
	const char *str;
	uint32_t next; /* another string of the same hash */
};

struct intern {
	struct hashmap *by_hash;
	VEC(struct entry) entries;
	VEC(char *) chunks; /* strings never move: the newest chunk is filled, full ones stay */
	size_t chunk_used;
	size_t chunk_cap;
};

struct intern *intern__new(void)
{
	struct intern *in __free(intern) = calloc(1, sizeof(*in));
	uint32_t id;

	if (!in)
		return NULL;
	in->by_hash = hashmap__new();
	if (!in->by_hash || intern__add(in, "", &id))
		return NULL;
	return TAKE_PTR(in);
}

void intern__free(struct intern *in)
{
	size_t i;

	if (!in)
		return;
	for (i = 0; i < in->chunks.cnt; i++)
		free(in->chunks.at[i]);
	vec__done(&in->chunks);
	vec__done(&in->entries);
	hashmap__free(in->by_hash);
	free(in);
}

static char *store(struct intern *in, const char *str, size_t len)
{
	size_t cap = len + 1 > CHUNK_BYTES ? len + 1 : CHUNK_BYTES;
	char *place;

	if (!in->chunks.cnt || in->chunk_cap - in->chunk_used < len + 1) {
		place = malloc(cap);
		if (!place || vec__push(&in->chunks, place)) {
			free(place);
			return NULL;
		}
		in->chunk_used = 0;
		in->chunk_cap = cap;
	}
	place = in->chunks.at[in->chunks.cnt - 1] + in->chunk_used;
	memcpy(place, str, len);
	place[len] = '\0';
	in->chunk_used += len + 1;
	return place;
}

static uint32_t lookup(const struct intern *in, const char *str, size_t len, uint32_t first)
{
	uint32_t id;

	for (id = first; id != NO_STRING; id = in->entries.at[id].next) {
		const char *have = in->entries.at[id].str;

		if (!strncmp(have, str, len) && !have[len])
			return id;
	}
	return NO_STRING;
}

int intern__add_n(struct intern *in, const char *str, size_t len_bytes, uint32_t *ret_id)
{
	size_t len = strnlen(str, len_bytes);
	uint64_t hash = hash_bytes(str, len), *first;
	uint32_t id;
	char *copy;

	first = hashmap__slot(in->by_hash, hash, NO_STRING, NULL);
	if (!first)
		return -ENOMEM;
	id = lookup(in, str, len, (uint32_t)*first);
	if (id != NO_STRING) {
		*ret_id = id;
		return 0;
	}
	if (in->entries.cnt >= NO_STRING)
		return -ENOMEM;
	copy = store(in, str, len);
	if (!copy || vec__push(&in->entries, (struct entry){ copy, (uint32_t)*first }))
		return -ENOMEM;
	*first = in->entries.cnt - 1;
	*ret_id = (uint32_t)*first;
	return 0;
}

int intern__add(struct intern *in, const char *str, uint32_t *ret_id)
{
	return intern__add_n(in, str, strlen(str), ret_id);
}

int intern__find(const struct intern *in, const char *str, uint32_t *ret_id)
{
	size_t len = strlen(str);
	uint64_t first;
	uint32_t id;

	if (!hashmap__get(in->by_hash, hash_bytes(str, len), &first))
		return -ENOENT;
	id = lookup(in, str, len, (uint32_t)first);
	if (id == NO_STRING)
		return -ENOENT;
	*ret_id = id;
	return 0;
}

const char *intern__str(const struct intern *in, uint32_t id)
{
	return id < in->entries.cnt ? in->entries.at[id].str : "";
}

size_t intern__cnt(const struct intern *in)
{
	return in->entries.cnt;
}
