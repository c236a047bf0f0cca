// SPDX-License-Identifier: Apache-2.0
/*
 * Address ranges of an entry: low and high pc, or a list in .debug_ranges (DWARF 4, section 2.17.3)
 * or .debug_rnglists (DWARF 5, sections 2.17.3 and 7.25). Split units keep the old kind in the
 * skeleton's file, the new one in their own.
 */
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>

static void init_one(struct dw_range_iter *it, const struct dw_die *die)
{
	struct dw_value high = die->attr[DW_A_HIGH_PC];

	if (!dw_die_has(die, DW_A_HIGH_PC) ||
	    !dw_address(it->unit, die->attr[DW_A_LOW_PC], &it->lo))
		return;
	it->kind = DW_RANGES_ONE;
	if (high.class == DW_CLASS_UINT)
		it->hi = high.u <= UINT64_MAX - it->lo ? it->lo + high.u : it->lo;
	else if (!dw_address(it->unit, high, &it->hi))
		it->kind = DW_RANGES_END;
}

static void init_v4(struct dw_range_iter *it, uint64_t off)
{
	const struct dw_unit *unit = it->unit;
	struct elf_span sec = unit->file->sec[DW_SEC_RANGES];

	if (unit->skeleton) {
		sec = unit->skeleton->file->sec[DW_SEC_RANGES];
		if (off > UINT64_MAX - unit->skeleton->gnu_ranges_base)
			return;
		off += unit->skeleton->gnu_ranges_base;
	}
	it->kind = DW_RANGES_V4;
	it->c = dw_cursor_make(sec, off, sec.len_bytes);
}

static void init_v5(struct dw_range_iter *it, struct dw_value value)
{
	const struct dw_unit *unit = it->unit;
	struct elf_span sec = unit->file->sec[DW_SEC_RNGLISTS];
	uint64_t off = value.u, base = unit->rnglists_base;
	struct dw_cursor c;

	if (value.class == DW_CLASS_RNGLISTX) {
		if (base > sec.len_bytes || value.u > (sec.len_bytes - base) / unit->off_bytes)
			return;
		c = dw_cursor_make(sec, base + value.u * unit->off_bytes, sec.len_bytes);
		off = dw_uint(&c, unit->off_bytes);
		if (c.bad || off > UINT64_MAX - base)
			return;
		off += base;
	}
	it->kind = DW_RANGES_V5;
	it->c = dw_cursor_make(sec, off, sec.len_bytes);
}

void dw_range_iter__init(struct dw_range_iter *it, const struct dw_unit *unit,
			 const struct dw_die *die)
{
	struct dw_value ranges = die->attr[DW_A_RANGES];

	*it = (struct dw_range_iter){ .unit = unit, .kind = DW_RANGES_END };
	it->base = unit->skeleton ? unit->skeleton->low_pc : unit->low_pc;
	if (!dw_die_has(die, DW_A_RANGES)) {
		if (dw_die_has(die, DW_A_LOW_PC))
			init_one(it, die);
	} else if (unit->version >= 5) {
		init_v5(it, ranges);
	} else {
		init_v4(it, ranges.u);
	}
}

/* One pair; false at the end of the list. */
static bool next_v4(struct dw_range_iter *it, bool *ret_have)
{
	unsigned size = it->unit->addr_bytes;
	uint64_t max = size == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t lo = dw_uint(&it->c, size), hi = dw_uint(&it->c, size);

	*ret_have = false;
	if (it->c.bad || (!lo && !hi))
		return false;
	if (lo == max) {
		it->base = hi;
		return true;
	}
	it->lo = it->base + lo;
	it->hi = it->base + hi;
	*ret_have = true;
	return true;
}

static uint64_t addrx(struct dw_range_iter *it)
{
	struct dw_value value = { DW_CLASS_ADDRX, dw_uleb(&it->c) };
	uint64_t addr = 0;

	if (!dw_address(it->unit, value, &addr))
		dw_fail(&it->c);
	return addr;
}

static bool next_v5(struct dw_range_iter *it, bool *ret_have)
{
	unsigned size = it->unit->addr_bytes;

	*ret_have = true;
	switch (dw_u8(&it->c)) {
	case DW_RLE_base_addressx:
		it->base = addrx(it);
		*ret_have = false;
		break;
	case DW_RLE_base_address:
		it->base = dw_uint(&it->c, size);
		*ret_have = false;
		break;
	case DW_RLE_startx_endx:
		it->lo = addrx(it);
		it->hi = addrx(it);
		break;
	case DW_RLE_startx_length:
		it->lo = addrx(it);
		it->hi = it->lo + dw_uleb(&it->c);
		break;
	case DW_RLE_offset_pair:
		it->lo = it->base + dw_uleb(&it->c);
		it->hi = it->base + dw_uleb(&it->c);
		break;
	case DW_RLE_start_end:
		it->lo = dw_uint(&it->c, size);
		it->hi = dw_uint(&it->c, size);
		break;
	case DW_RLE_start_length:
		it->lo = dw_uint(&it->c, size);
		it->hi = it->lo + dw_uleb(&it->c);
		break;
	default: /* DW_RLE_end_of_list, or none we know */
		return false;
	}
	return !it->c.bad;
}

bool dw_range_iter__next(struct dw_range_iter *it, uint64_t *ret_lo, uint64_t *ret_hi)
{
	bool have = it->kind == DW_RANGES_ONE, more = have;

	while (it->kind != DW_RANGES_END) {
		if (!dw_spend(it->unit->file->shared, 1, 0)) {
			it->err = -E2BIG;
			break;
		}
		if (it->kind == DW_RANGES_ONE)
			it->kind = DW_RANGES_END;
		else
			more = it->kind == DW_RANGES_V4 ? next_v4(it, &have) : next_v5(it, &have);
		if (!more) {
			if (it->c.bad)
				it->err = -EBADMSG;
			break;
		}
		/* Empty, reversed and wrapped ones say nothing. */
		if (!have || it->lo >= it->hi)
			continue;
		*ret_lo = it->lo;
		*ret_hi = it->hi;
		return true;
	}
	it->kind = DW_RANGES_END;
	return false;
}
