// SPDX-License-Identifier: Apache-2.0
#include "base/seq_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"

#define TAG_MASK 0xffffffff00000000ULL

void seq_table__done(struct seq_table *table)
{
	free(table->data);
	free(table->firsts);
	free(table->slots);
	*table = (struct seq_table){ .elem_bytes = table->elem_bytes,
				     .fixed_cnt = table->fixed_cnt };
}

void seq_table__drop_index(struct seq_table *table)
{
	free(table->slots);
	table->slots = NULL;
	table->slot_cap = 0;
	table->indexed_cnt = 0;
}

static void shrink(void **at, size_t *room, size_t want, size_t elem_bytes)
{
	void *moved;

	if (!want || want == *room)
		return;
	moved = realloc(*at, want * elem_bytes);
	if (!moved)
		return;
	*at = moved;
	*room = want;
}

void seq_table__shrink(struct seq_table *table)
{
	shrink((void **)&table->data, &table->data_room_bytes, table->elem_cnt * table->elem_bytes,
	       1);
	if (!table->fixed_cnt)
		shrink((void **)&table->firsts, &table->firsts_room, table->row_cnt + 1,
		       sizeof(*table->firsts));
}

/* The probe sequence starts at the tag, so that growing needs no look at the rows. */
static void slot_insert(uint64_t *slots, size_t cap, uint64_t slot)
{
	size_t i = (slot >> 32) & (cap - 1);

	while (slots[i])
		i = (i + 1) & (cap - 1);
	slots[i] = slot;
}

static int grow_index(struct seq_table *table, size_t want)
{
	size_t cap = table->slot_cap ? table->slot_cap : 16, i;
	uint64_t *slots;

	while (want * 4 > cap * 3)
		cap *= 2;
	if (cap == table->slot_cap)
		return 0;
	slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (i = 0; i < table->slot_cap; i++)
		if (table->slots[i])
			slot_insert(slots, cap, table->slots[i]);
	free(table->slots);
	table->slots = slots;
	table->slot_cap = cap;
	return 0;
}

static int catch_up_index(struct seq_table *table)
{
	int err = grow_index(table, table->row_cnt + 1);
	const void *elems;
	uint64_t hash;
	size_t cnt;
	uint32_t row;

	if (err)
		return err;
	for (row = (uint32_t)table->indexed_cnt; row < table->row_cnt; row++) {
		elems = seq_table__at(table, row, &cnt);
		hash = hash_bytes(elems, cnt * table->elem_bytes);
		slot_insert(table->slots, table->slot_cap, (hash & TAG_MASK) | (row + 1));
	}
	table->indexed_cnt = table->row_cnt;
	return 0;
}

static bool find(const struct seq_table *table, uint64_t hash, const void *elems, size_t cnt,
		 uint32_t *ret_row)
{
	size_t i = (hash >> 32) & (table->slot_cap - 1), have_cnt;
	const void *have;
	uint32_t row;

	for (; table->slots[i]; i = (i + 1) & (table->slot_cap - 1)) {
		if ((table->slots[i] ^ hash) & TAG_MASK)
			continue;
		row = (uint32_t)table->slots[i] - 1;
		have = seq_table__at(table, row, &have_cnt);
		if (have_cnt == cnt && (!cnt || !memcmp(have, elems, cnt * table->elem_bytes))) {
			*ret_row = row;
			return true;
		}
	}
	return false;
}

int seq_table__append(struct seq_table *table, const void *elems, size_t cnt, uint32_t *ret_row)
{
	size_t want = table->elem_cnt + cnt;
	int err;

	if (want >= UINT32_MAX || table->row_cnt >= UINT32_MAX - 1)
		return -EOVERFLOW;
	err = vec_reserve((void **)&table->data, &table->data_room_bytes,
			  want * table->elem_bytes + 1, 1);
	if (!err && !table->fixed_cnt)
		err = vec_reserve((void **)&table->firsts, &table->firsts_room, table->row_cnt + 2,
				  sizeof(*table->firsts));
	if (err)
		return err;
	if (cnt)
		memcpy(table->data + table->elem_cnt * table->elem_bytes, elems,
		       cnt * table->elem_bytes);
	if (!table->fixed_cnt) {
		table->firsts[table->row_cnt] = (uint32_t)table->elem_cnt;
		table->firsts[table->row_cnt + 1] = (uint32_t)want;
	}
	table->elem_cnt = want;
	*ret_row = (uint32_t)table->row_cnt++;
	return 0;
}

int seq_table__add(struct seq_table *table, const void *elems, size_t cnt, uint32_t *ret_row,
		   bool *ret_new)
{
	uint64_t hash = hash_bytes(elems, cnt * table->elem_bytes);
	int err = catch_up_index(table);
	bool found;

	if (err)
		return err;
	found = find(table, hash, elems, cnt, ret_row);
	if (!found) {
		err = seq_table__append(table, elems, cnt, ret_row);
		if (err)
			return err;
		slot_insert(table->slots, table->slot_cap, (hash & TAG_MASK) | (*ret_row + 1));
		table->indexed_cnt = table->row_cnt;
	}
	if (ret_new)
		*ret_new = !found;
	return 0;
}
