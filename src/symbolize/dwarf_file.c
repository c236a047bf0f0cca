// SPDX-License-Identifier: Apache-2.0
/* Sections, abbreviations and unit headers of one file (DWARF 5, sections 7.5.1 and 7.5.3). */
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>

#define SECTION_NAME_BYTES 40

static const char *const section_names[DW_SEC_CNT] = {
	[DW_SEC_INFO] = ".debug_info",
	[DW_SEC_ABBREV] = ".debug_abbrev",
	[DW_SEC_STR] = ".debug_str",
	[DW_SEC_LINE] = ".debug_line",
	[DW_SEC_LINE_STR] = ".debug_line_str",
	[DW_SEC_RANGES] = ".debug_ranges",
	[DW_SEC_RNGLISTS] = ".debug_rnglists",
	[DW_SEC_ADDR] = ".debug_addr",
	[DW_SEC_STR_OFFSETS] = ".debug_str_offsets",
};

/* Of a section that is not there: pointers to it can be reckoned with. */
static const uint8_t no_bytes[1];

static int load_sections(struct dw_file *file, bool split)
{
	char name[SECTION_NAME_BYTES];
	int i, err;

	for (i = 0; i < DW_SEC_CNT; i++) {
		snprintf(name, sizeof(name), "%s%s", section_names[i], split ? ".dwo" : "");
		err = elf_file__section_data_by_name(file->elf, name, &file->sec[i]);
		if (!err)
			continue;
		if (i == DW_SEC_INFO || i == DW_SEC_ABBREV || err == -ENOMEM)
			return err == -ENODATA ? -ENOENT : err;
		file->sec[i] = (struct elf_span){ no_bytes, 0 };
	}
	file->is_split = split;
	return 0;
}

int dw_file__new(struct elf_file *elf, struct dw_shared *shared, struct dw_file **ret)
{
	struct dw_file *file __free(dw_file) = calloc(1, sizeof(*file));
	int err;

	if (!file)
		return -ENOMEM;
	file->elf = elf;
	file->shared = shared;
	err = load_sections(file, false);
	if (err == -ENOENT)
		err = load_sections(file, true);
	if (err)
		return err;
	file->abbrevs_by_off = hashmap__new();
	if (!file->abbrevs_by_off)
		return -ENOMEM;
	*ret = TAKE_PTR(file);
	return 0;
}

int dw_file__detach(struct dw_file *file)
{
	struct elf_span copies[DW_SEC_CNT] = {};
	uint8_t *data;
	int i;

	for (i = 0; i < DW_SEC_CNT; i++) {
		data = malloc(file->sec[i].len_bytes + 1);
		if (!data) {
			while (i--)
				free((void *)copies[i].at);
			return -ENOMEM;
		}
		if (file->sec[i].len_bytes)
			memcpy(data, file->sec[i].at, file->sec[i].len_bytes);
		copies[i] = (struct elf_span){ data, file->sec[i].len_bytes };
	}
	memcpy(file->sec, copies, sizeof(copies));
	file->elf = NULL;
	return 0;
}

static void abbrevs_free(struct dw_abbrevs *abbrevs)
{
	if (!abbrevs)
		return;
	vec__done(&abbrevs->list);
	vec__done(&abbrevs->specs);
	free(abbrevs);
}

void dw_file__free(struct dw_file *file)
{
	size_t i;

	if (!file)
		return;
	for (i = 0; i < file->units.cnt; i++)
		dw_unit__free(file->units.at[i]);
	vec__done(&file->units);
	for (i = 0; i < file->abbrevs.cnt; i++)
		abbrevs_free(file->abbrevs.at[i]);
	vec__done(&file->abbrevs);
	hashmap__free(file->abbrevs_by_off);
	if (!file->elf)
		for (i = 0; i < DW_SEC_CNT; i++)
			free((void *)file->sec[i].at);
	free(file);
}

/* The attribute list of one abbreviation, up to its (0, 0) end. */
static int read_specs(struct dw_file *file, struct dw_cursor *c, struct dw_abbrevs *abbrevs)
{
	struct dw_spec spec;
	uint64_t attr, form;

	for (;;) {
		attr = dw_uleb(c);
		form = dw_uleb(c);
		spec.implicit = form == DW_FORM_implicit_const ? dw_sleb(c) : 0;
		if (c->bad)
			return -EBADMSG;
		if (!attr && !form)
			return 0;
		if (!dw_spend(file->shared, 1, 1))
			return -E2BIG;
		spec.attr = attr <= UINT16_MAX ? (uint16_t)attr : 0;
		spec.form = form <= UINT16_MAX ? (uint16_t)form : 0;
		if (vec__push(&abbrevs->specs, spec))
			return -ENOMEM;
	}
}

static int by_code(const void *a, const void *b)
{
	const struct dw_abbrev *x = a, *y = b;

	return x->code < y->code ? -1 : x->code > y->code;
}

/* The table at @off; only up to @last_code if that is not 0. */
static int read_abbrevs(struct dw_file *file, uint64_t off, uint64_t last_code,
			struct dw_abbrevs *abbrevs)
{
	struct elf_span sec = file->sec[DW_SEC_ABBREV];
	struct dw_cursor c = dw_cursor_make(sec, off, sec.len_bytes);
	struct dw_abbrev abbrev;
	bool sorted = true;
	uint64_t tag;
	int err;

	do {
		abbrev.code = dw_uleb(&c);
		if (c.bad)
			return -EBADMSG;
		if (!abbrev.code)
			break;
		tag = dw_uleb(&c);
		abbrev.tag = tag <= UINT16_MAX ? (uint16_t)tag : 0;
		abbrev.has_children = dw_u8(&c) != 0;
		abbrev.first_spec = (uint32_t)abbrevs->specs.cnt;
		if (!dw_spend(file->shared, 1, 1))
			return -E2BIG;
		err = read_specs(file, &c, abbrevs);
		if (err)
			return err;
		abbrev.spec_cnt = (uint32_t)abbrevs->specs.cnt - abbrev.first_spec;
		if (abbrevs->list.cnt &&
		    abbrevs->list.at[abbrevs->list.cnt - 1].code >= abbrev.code)
			sorted = false;
		if (vec__push(&abbrevs->list, abbrev))
			return -ENOMEM;
	} while (!last_code || abbrev.code != last_code);
	if (!sorted)
		qsort(abbrevs->list.at, abbrevs->list.cnt, sizeof(abbrev), by_code);
	return 0;
}

int dw_unit__load_abbrevs(struct dw_unit *unit)
{
	struct dw_file *file = unit->file;
	struct dw_abbrevs *abbrevs;
	uint64_t idx;
	int err;

	if (unit->abbrevs)
		return 0;
	if (hashmap__get(file->abbrevs_by_off, unit->abbrev_off, &idx)) {
		unit->abbrevs = file->abbrevs.at[idx];
		return 0;
	}
	abbrevs = calloc(1, sizeof(*abbrevs));
	if (!abbrevs)
		return -ENOMEM;
	err = read_abbrevs(file, unit->abbrev_off, 0, abbrevs);
	if (!err)
		err = vec__push(&file->abbrevs, abbrevs);
	if (err) {
		abbrevs_free(abbrevs);
		return err;
	}
	unit->abbrevs = abbrevs;
	return hashmap__set(file->abbrevs_by_off, unit->abbrev_off, file->abbrevs.cnt - 1);
}

/* The header up to the root entry. */
static int read_header(struct dw_unit *unit)
{
	struct elf_span sec = unit->file->sec[DW_SEC_INFO];
	struct dw_cursor c = dw_cursor_make(sec, unit->off, sec.len_bytes);
	uint64_t len = dw_initial_length(&c, &unit->off_bytes);

	if (c.bad || !len || len > dw_left(&c))
		return -EBADMSG;
	c.end = c.at + len;
	unit->end = (uint64_t)(c.end - sec.at);
	unit->version = dw_u16(&c);
	unit->type = DW_UT_compile;
	if (unit->version >= 5) {
		unit->type = dw_u8(&c);
		unit->addr_bytes = dw_u8(&c);
		unit->abbrev_off = dw_uint(&c, unit->off_bytes);
	} else {
		unit->abbrev_off = dw_uint(&c, unit->off_bytes);
		unit->addr_bytes = dw_u8(&c);
	}
	if (unit->type == DW_UT_skeleton || unit->type == DW_UT_split_compile) {
		unit->has_dwo_id = true;
		unit->dwo_id = dw_uint(&c, 8);
	} else if (unit->type == DW_UT_type || unit->type == DW_UT_split_type) {
		dw_skip(&c, 8u + unit->off_bytes);
	}
	unit->die_off = (uint64_t)(c.at - sec.at);
	if (c.bad || unit->version < 2 || unit->version > 5)
		return -EBADMSG;
	return unit->addr_bytes == 8 || unit->addr_bytes == 4 ? 0 : -EBADMSG;
}

/* Where tables of a DWARF 5 split unit begin: it has no attributes that say so (section 7.26
 * to 7.28). */
static void default_bases(struct dw_unit *unit)
{
	uint64_t len_bytes = unit->off_bytes == 8 ? 12 : 4;

	if (unit->version < 5)
		return;
	unit->str_offsets_base = len_bytes + 4;
	unit->addr_base = len_bytes + 4;
	unit->rnglists_base = len_bytes + 8;
}

static void set_base(const struct dw_die *root, enum dw_attr attr, uint64_t *base)
{
	if (dw_die_has(root, attr))
		*base = root->attr[attr].u;
}

/* Scanning all units must not read all abbreviations: the root's is among the first of its table.
 */
static int read_root_die(struct dw_unit *unit, struct dw_die *ret)
{
	struct elf_span sec = unit->file->sec[DW_SEC_INFO];
	struct dw_cursor c = dw_cursor_make(sec, unit->die_off, unit->end), peek = c;
	struct dw_abbrevs few = {};
	int err;

	if (unit->abbrevs)
		return dw_read_die(unit, &c, ret);
	err = read_abbrevs(unit->file, unit->abbrev_off, dw_uleb(&peek), &few);
	if (!err) {
		unit->abbrevs = &few;
		err = dw_read_die(unit, &c, ret);
		unit->abbrevs = NULL;
	}
	unit->file->shared->items += few.specs.cnt + few.list.cnt;
	vec__done(&few.list);
	vec__done(&few.specs);
	return err;
}

int dw_unit__read_root(struct dw_unit *unit, struct dw_die *ret)
{
	int err = read_root_die(unit, ret);

	if (err)
		return err;
	set_base(ret, DW_A_STR_OFFSETS_BASE, &unit->str_offsets_base);
	set_base(ret, DW_A_ADDR_BASE, &unit->addr_base);
	set_base(ret, DW_A_RNGLISTS_BASE, &unit->rnglists_base);
	set_base(ret, DW_A_GNU_RANGES_BASE, &unit->gnu_ranges_base);
	if (dw_die_has(ret, DW_A_DWO_ID)) {
		unit->has_dwo_id = true;
		unit->dwo_id = ret->attr[DW_A_DWO_ID].u;
	}
	unit->has_line = dw_die_has(ret, DW_A_STMT_LIST);
	unit->line_off = unit->has_line ? ret->attr[DW_A_STMT_LIST].u : 0;
	/* The rest needs the bases. */
	if (dw_die_has(ret, DW_A_COMP_DIR))
		unit->comp_dir = dw_string(unit, ret->attr[DW_A_COMP_DIR]);
	if (dw_die_has(ret, DW_A_DWO_NAME))
		unit->dwo_name = dw_string(unit, ret->attr[DW_A_DWO_NAME]);
	if (!dw_die_has(ret, DW_A_LOW_PC) ||
	    !dw_address(unit, ret->attr[DW_A_LOW_PC], &unit->low_pc))
		unit->low_pc = 0;
	return 0;
}

int dw_unit__read(struct dw_file *file, uint64_t off, uint64_t abbrev_base, struct dw_unit **ret)
{
	struct dw_unit *unit __free(dw_unit) = calloc(1, sizeof(*unit));
	int err;

	if (!unit)
		return -ENOMEM;
	unit->file = file;
	unit->off = off;
	err = read_header(unit);
	if (err)
		return err;
	if (unit->abbrev_off > UINT64_MAX - abbrev_base)
		return -EBADMSG;
	unit->abbrev_off += abbrev_base;
	default_bases(unit);
	*ret = TAKE_PTR(unit);
	return 0;
}

void dw_unit__free(struct dw_unit *unit)
{
	if (!unit)
		return;
	dw_funcs__free(unit->funcs);
	dw_lines__free(unit->lines);
	free(unit);
}

/* How far to step to the next header, also over a unit of an unknown kind; 0: no way on. */
static uint64_t unit_bytes(const struct dw_file *file, uint64_t off)
{
	struct elf_span sec = file->sec[DW_SEC_INFO];
	struct dw_cursor c = dw_cursor_make(sec, off, sec.len_bytes);
	uint8_t off_bytes;
	uint64_t len = dw_initial_length(&c, &off_bytes);

	if (c.bad || len > dw_left(&c))
		return 0;
	return len + (off_bytes == 8 ? 12 : 4);
}

int dw_file__scan_units(struct dw_file *file)
{
	uint64_t off = 0, step;
	struct dw_unit *unit;
	struct dw_die root;
	int err;

	if (file->units.cnt)
		return 0;
	while (off < file->sec[DW_SEC_INFO].len_bytes && (step = unit_bytes(file, off))) {
		if (!dw_spend(file->shared, 1, 16))
			return -E2BIG;
		unit = NULL;
		err = dw_unit__read(file, off, 0, &unit);
		/* In a .dwp the tables of a unit are known from its index only: see dwarf_split.c.
		 */
		if (!err && !file->is_split)
			err = dw_unit__read_root(unit, &root);
		if (!err)
			err = vec__push(&file->units, unit);
		if (err)
			dw_unit__free(unit);
		if (err == -ENOMEM || err == -E2BIG)
			return err;
		off += step;
	}
	return 0;
}

struct dw_unit *dw_file__unit_at(struct dw_file *file, uint64_t off)
{
	size_t lo = 0, hi = file->units.cnt, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (file->units.at[mid]->end <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == file->units.cnt || file->units.at[lo]->off > off)
		return NULL;
	return file->units.at[lo];
}
