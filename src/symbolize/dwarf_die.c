// SPDX-License-Identifier: Apache-2.0
/* One entry and its attribute values (DWARF 5, sections 7.5.2 to 7.5.6). */
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>

/* DW_FORM_ref_addr was as wide as an address before DWARF 3. */
static unsigned ref_addr_bytes(const struct dw_unit *unit)
{
	return unit->version < 3 ? unit->addr_bytes : unit->off_bytes;
}

static struct dw_value skip(struct dw_cursor *c, uint64_t len_bytes)
{
	dw_skip(c, len_bytes);
	return (struct dw_value){ DW_CLASS_OTHER, 0 };
}

static struct dw_value fixed(struct dw_cursor *c, enum dw_class class, unsigned size_bytes)
{
	return (struct dw_value){ class, dw_uint(c, size_bytes) };
}

/* References within the unit count from its header. */
static struct dw_value unit_ref(const struct dw_unit *unit, uint64_t off)
{
	if (off > UINT64_MAX - unit->off)
		return (struct dw_value){ DW_CLASS_OTHER, 0 };
	return (struct dw_value){ DW_CLASS_REF, unit->off + off };
}

/* Forms that pass data over without telling us anything. */
static struct dw_value read_other(struct dw_cursor *c, const struct dw_unit *unit, uint64_t form)
{
	switch (form) {
	case DW_FORM_block1:
		return skip(c, dw_u8(c));
	case DW_FORM_block2:
		return skip(c, dw_u16(c));
	case DW_FORM_block4:
		return skip(c, dw_u32(c));
	case DW_FORM_block:
	case DW_FORM_exprloc:
		return skip(c, dw_uleb(c));
	case DW_FORM_data16:
		return skip(c, 16);
	case DW_FORM_ref_sig8:
		return skip(c, 8);
	case DW_FORM_loclistx:
		dw_uleb(c);
		return skip(c, 0);
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		return fixed(c, DW_CLASS_STRP_ALT, unit->off_bytes);
	case DW_FORM_GNU_ref_alt:
		return fixed(c, DW_CLASS_REF_ALT, unit->off_bytes);
	case DW_FORM_ref_sup4:
		return fixed(c, DW_CLASS_REF_ALT, 4);
	case DW_FORM_ref_sup8:
		return fixed(c, DW_CLASS_REF_ALT, 8);
	default:
		dw_fail(c);
		return skip(c, 0);
	}
}

/* Numbers into tables: .debug_str_offsets, .debug_addr, the offsets of .debug_rnglists. */
static struct dw_value read_indexed(struct dw_cursor *c, const struct dw_unit *unit, uint64_t form)
{
	switch (form) {
	case DW_FORM_strx:
	case DW_FORM_GNU_str_index:
		return (struct dw_value){ DW_CLASS_STRX, dw_uleb(c) };
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		return fixed(c, DW_CLASS_STRX, (unsigned)(form - DW_FORM_strx1) + 1);
	case DW_FORM_addrx:
	case DW_FORM_GNU_addr_index:
		return (struct dw_value){ DW_CLASS_ADDRX, dw_uleb(c) };
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
		return fixed(c, DW_CLASS_ADDRX, (unsigned)(form - DW_FORM_addrx1) + 1);
	case DW_FORM_rnglistx:
		return (struct dw_value){ DW_CLASS_RNGLISTX, dw_uleb(c) };
	default:
		return read_other(c, unit, form);
	}
}

static struct dw_value read_direct(struct dw_cursor *c, const struct dw_unit *unit, uint64_t form,
				   int64_t implicit)
{
	switch (form) {
	case DW_FORM_addr:
		return fixed(c, DW_CLASS_ADDR, unit->addr_bytes);
	case DW_FORM_data1:
	case DW_FORM_flag:
		return fixed(c, DW_CLASS_UINT, 1);
	case DW_FORM_data2:
		return fixed(c, DW_CLASS_UINT, 2);
	case DW_FORM_data4:
		return fixed(c, DW_CLASS_UINT, 4);
	case DW_FORM_data8:
		return fixed(c, DW_CLASS_UINT, 8);
	case DW_FORM_udata:
		return (struct dw_value){ DW_CLASS_UINT, dw_uleb(c) };
	case DW_FORM_sdata:
		return (struct dw_value){ DW_CLASS_UINT, (uint64_t)dw_sleb(c) };
	case DW_FORM_implicit_const:
		return (struct dw_value){ DW_CLASS_UINT, (uint64_t)implicit };
	case DW_FORM_flag_present:
		return (struct dw_value){ DW_CLASS_UINT, 1 };
	case DW_FORM_sec_offset:
		return fixed(c, DW_CLASS_SEC_OFF, unit->off_bytes);
	case DW_FORM_string:
		return (struct dw_value){ DW_CLASS_STR, (uintptr_t)dw_str(c) };
	case DW_FORM_strp:
		return fixed(c, DW_CLASS_STRP, unit->off_bytes);
	case DW_FORM_line_strp:
		return fixed(c, DW_CLASS_LINE_STRP, unit->off_bytes);
	case DW_FORM_ref1:
		return unit_ref(unit, dw_u8(c));
	case DW_FORM_ref2:
		return unit_ref(unit, dw_u16(c));
	case DW_FORM_ref4:
		return unit_ref(unit, dw_u32(c));
	case DW_FORM_ref8:
		return unit_ref(unit, dw_uint(c, 8));
	case DW_FORM_ref_udata:
		return unit_ref(unit, dw_uleb(c));
	case DW_FORM_ref_addr:
		return fixed(c, DW_CLASS_REF, ref_addr_bytes(unit));
	default:
		return read_indexed(c, unit, form);
	}
}

struct dw_value dw_read_form(struct dw_cursor *c, const struct dw_unit *unit, uint64_t form,
			     int64_t implicit)
{
	if (form == DW_FORM_indirect) {
		form = dw_uleb(c);
		if (form == DW_FORM_indirect || form == DW_FORM_implicit_const)
			dw_fail(c);
	}
	return read_direct(c, unit, form, implicit);
}

/* Where an attribute goes in struct dw_die, or DW_A_CNT. */
static enum dw_attr attr_index(uint16_t attr)
{
	static const uint8_t low[0x90] = {
		[DW_AT_name] = DW_A_NAME + 1,
		[DW_AT_linkage_name] = DW_A_LINKAGE_NAME + 1,
		[DW_AT_low_pc] = DW_A_LOW_PC + 1,
		[DW_AT_high_pc] = DW_A_HIGH_PC + 1,
		[DW_AT_ranges] = DW_A_RANGES + 1,
		[DW_AT_stmt_list] = DW_A_STMT_LIST + 1,
		[DW_AT_comp_dir] = DW_A_COMP_DIR + 1,
		[DW_AT_abstract_origin] = DW_A_ABSTRACT_ORIGIN + 1,
		[DW_AT_specification] = DW_A_SPECIFICATION + 1,
		[DW_AT_call_file] = DW_A_CALL_FILE + 1,
		[DW_AT_call_line] = DW_A_CALL_LINE + 1,
		[DW_AT_decl_line] = DW_A_DECL_LINE + 1,
		[DW_AT_str_offsets_base] = DW_A_STR_OFFSETS_BASE + 1,
		[DW_AT_addr_base] = DW_A_ADDR_BASE + 1,
		[DW_AT_rnglists_base] = DW_A_RNGLISTS_BASE + 1,
		[DW_AT_dwo_name] = DW_A_DWO_NAME + 1,
	};

	if (attr < sizeof(low))
		return low[attr] ? low[attr] - 1u : DW_A_CNT;
	switch (attr) {
	case DW_AT_MIPS_linkage_name:
		return DW_A_LINKAGE_NAME;
	case DW_AT_GNU_dwo_name:
		return DW_A_DWO_NAME;
	case DW_AT_GNU_dwo_id:
		return DW_A_DWO_ID;
	case DW_AT_GNU_ranges_base:
		return DW_A_GNU_RANGES_BASE;
	case DW_AT_GNU_addr_base:
		return DW_A_ADDR_BASE;
	default:
		return DW_A_CNT;
	}
}

/* Codes are 1, 2, 3 … in practice: look there first. */
static const struct dw_abbrev *find_abbrev(const struct dw_abbrevs *abbrevs, uint64_t code)
{
	size_t lo = 0, hi = abbrevs->list.cnt, mid;

	if (code - 1 < hi && abbrevs->list.at[code - 1].code == code)
		return &abbrevs->list.at[code - 1];
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (abbrevs->list.at[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < abbrevs->list.cnt && abbrevs->list.at[lo].code == code)
		return &abbrevs->list.at[lo];
	return NULL;
}

int dw_read_die(const struct dw_unit *unit, struct dw_cursor *c, struct dw_die *ret)
{
	const struct dw_abbrev *abbrev;
	const struct dw_spec *spec;
	struct dw_value value;
	enum dw_attr attr;
	uint64_t code;
	uint32_t i;

	ret->off = (uint64_t)(c->at - unit->file->sec[DW_SEC_INFO].at);
	ret->tag = 0;
	ret->has = 0;
	ret->has_children = false;
	code = dw_uleb(c);
	if (c->bad)
		return -EBADMSG;
	if (!code)
		return 0;
	abbrev = find_abbrev(unit->abbrevs, code);
	if (!abbrev || !abbrev->tag)
		return -EBADMSG;
	if (!dw_spend(unit->file->shared, 1 + abbrev->spec_cnt, 0))
		return -E2BIG;
	ret->tag = abbrev->tag;
	ret->has_children = abbrev->has_children;
	for (i = 0; i < abbrev->spec_cnt; i++) {
		spec = &unit->abbrevs->specs.at[abbrev->first_spec + i];
		value = dw_read_form(c, unit, spec->form, spec->implicit);
		attr = attr_index(spec->attr);
		if (attr == DW_A_CNT)
			continue;
		ret->attr[attr] = value;
		ret->has |= 1u << attr;
	}
	return c->bad ? -EBADMSG : 0;
}

int dw_die_at(struct dw_unit *unit, uint64_t off, struct dw_die *ret)
{
	struct dw_cursor c;
	int err;

	if (off < unit->die_off || off >= unit->end)
		return -EBADMSG;
	err = dw_unit__load_abbrevs(unit);
	if (err)
		return err;
	c = dw_cursor_make(unit->file->sec[DW_SEC_INFO], off, unit->end);
	return dw_read_die(unit, &c, ret);
}

static const char *string_at(const struct dw_file *file, enum dw_section sec, uint64_t off)
{
	struct dw_cursor c = dw_cursor_make(file->sec[sec], off, file->sec[sec].len_bytes);
	const char *str = dw_str(&c);

	return c.bad ? NULL : str;
}

/* Entry @idx of a table of @entry_bytes at @base. */
static bool table_entry(struct elf_span table, uint64_t base, uint64_t idx, unsigned entry_bytes,
			uint64_t *ret)
{
	struct dw_cursor c;

	if (base > table.len_bytes || idx > (table.len_bytes - base) / entry_bytes)
		return false;
	c = dw_cursor_make(table, base + idx * entry_bytes, table.len_bytes);
	*ret = dw_uint(&c, entry_bytes);
	return !c.bad;
}

const char *dw_string(const struct dw_unit *unit, struct dw_value value)
{
	const struct dw_file *file = unit->file;
	uint64_t off;

	switch (value.class) {
	case DW_CLASS_STR:
		return (const char *)(uintptr_t)value.u;
	case DW_CLASS_STRP:
		return string_at(file, DW_SEC_STR, value.u);
	case DW_CLASS_LINE_STRP:
		return string_at(file, DW_SEC_LINE_STR, value.u);
	case DW_CLASS_STRP_ALT:
		return file->alt ? string_at(file->alt, DW_SEC_STR, value.u) : NULL;
	case DW_CLASS_STRX:
		if (!table_entry(file->sec[DW_SEC_STR_OFFSETS], unit->str_offsets_base, value.u,
				 unit->off_bytes, &off))
			return NULL;
		return string_at(file, DW_SEC_STR, off);
	default:
		return NULL;
	}
}

bool dw_address(const struct dw_unit *unit, struct dw_value value, uint64_t *ret)
{
	const struct dw_unit *owner = unit->skeleton ? unit->skeleton : unit;

	if (value.class == DW_CLASS_ADDR) {
		*ret = value.u;
		return true;
	}
	if (value.class != DW_CLASS_ADDRX)
		return false;
	return table_entry(owner->file->sec[DW_SEC_ADDR], owner->addr_base, value.u,
			   unit->addr_bytes, ret);
}
