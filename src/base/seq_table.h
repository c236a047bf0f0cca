/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interned sequences: every table of the model is one of these. A row is a run of fixed-size
 * elements (a stack is a run of u32), stored back to back in one array; equal runs get equal
 * numbers. Elements are compared as bytes, so they may have no padding.
 *
 * The index that finds equal rows is built when first needed and can be dropped: a profile that is
 * only read does not pay for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seq_table {
	size_t elem_bytes;
	size_t fixed_cnt; /* elements of every row, or 0 if rows differ */
	unsigned char *data;
	size_t data_room_bytes;
	size_t elem_cnt;
	uint32_t *firsts; /* row i is elements firsts[i] … firsts[i + 1]; unused if fixed */
	size_t firsts_room;
	size_t row_cnt;
	uint64_t *slots;    /* open addressing: hash in the upper half, row + 1 in the lower */
	size_t slot_cap;    /* a power of two, or 0 */
	size_t indexed_cnt; /* rows 0 … indexed_cnt - 1 are in the index */
};

#define SEQ_TABLE_FIXED(type)                                                                      \
	{                                                                                          \
		.elem_bytes = sizeof(type), .fixed_cnt = 1                                         \
	}
#define SEQ_TABLE_VARIED(type)                                                                     \
	{                                                                                          \
		.elem_bytes = sizeof(type)                                                         \
	}

/* Frees the contents; the table is empty and usable afterwards. */
void seq_table__done(struct seq_table *table);

/* The number of the row equal to @elems, new if there was none. 0, -ENOMEM or -EOVERFLOW (2^32
 * elements). */
int seq_table__add(struct seq_table *table, const void *elems, size_t cnt, uint32_t *ret_row,
		   bool *ret_new);
/* A new row without looking for an equal one. */
int seq_table__append(struct seq_table *table, const void *elems, size_t cnt, uint32_t *ret_row);
/* Free the index; it is rebuilt by the next seq_table__add(). Needed after changing rows in place.
 */
void seq_table__drop_index(struct seq_table *table);
/* Give back unused room. */
void seq_table__shrink(struct seq_table *table);

static inline size_t seq_table__first(const struct seq_table *table, uint32_t row)
{
	return table->fixed_cnt ? row * table->fixed_cnt : table->firsts[row];
}

/* The elements of an existing row. May point at nothing if there are none. */
static inline const void *seq_table__at(const struct seq_table *table, uint32_t row,
					size_t *ret_cnt)
{
	size_t first = seq_table__first(table, row);

	if (ret_cnt)
		*ret_cnt = seq_table__first(table, row + 1) - first;
	return table->data + first * table->elem_bytes;
}
