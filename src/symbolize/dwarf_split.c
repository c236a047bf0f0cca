// SPDX-License-Identifier: Apache-2.0
/*
 * Split DWARF: the binary keeps a skeleton per unit (addresses, rows, an id), the contents lie in a
 * .dwo file per unit or in one .dwp package (DWARF 5, sections 3.1.3 and 7.3.5; before that the GNU
 * extension of DWARF 4, https://gcc.gnu.org/wiki/DebugFission and DebugFissionDWP).
 *
 * A package has the sections of all its .dwo files one behind the other. Its index, a hash table by
 * unit id, says where in each section a unit's contribution begins.
 */
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>

#include "symbolize/dwarf.h"

/* Sections of a package's index that matter here. */
enum part { PART_INFO, PART_ABBREV, PART_LINE, PART_STR_OFFSETS, PART_RNGLISTS, PART_CNT };

struct package {
	struct elf_file *elf;
	struct dw_file *file;
	struct elf_span index;
	uint32_t column_cnt, unit_cnt, slot_cnt;
	uint64_t ids, rows, columns, offsets; /* where these tables are in the index */
};

struct dw_split {
	const struct dwarf_files *files;
	struct dw_shared *shared;
	VEC(struct dw_file *) dwos;
	struct package package;
	bool package_tried;
};

struct dw_split *dw_split__new(const struct dwarf_files *files, struct dw_shared *shared)
{
	struct dw_split *split = calloc(1, sizeof(*split));

	if (split) {
		split->files = files;
		split->shared = shared;
	}
	return split;
}

void dw_split__free(struct dw_split *split)
{
	size_t i;

	if (!split)
		return;
	for (i = 0; i < split->dwos.cnt; i++)
		dw_file__free(split->dwos.at[i]);
	vec__done(&split->dwos);
	dw_file__free(split->package.file);
	elf_file__free(split->package.elf);
	free(split);
}

static uint64_t index_uint(const struct package *package, uint64_t off, unsigned size_bytes)
{
	struct dw_cursor c = dw_cursor_make(package->index, off, package->index.len_bytes);

	return dw_uint(&c, size_bytes);
}

/* Version 2 of the index is the GNU one, version 5 the standard's; only column numbers differ. */
static int open_index(struct package *package)
{
	uint32_t version;
	uint64_t end;
	int err;

	err = elf_file__section_data_by_name(package->elf, ".debug_cu_index", &package->index);
	if (err)
		return err;
	version = (uint32_t)index_uint(package, 0, 4);
	if (version != 2 && (version & 0xffff) != 5)
		return -ENOTSUP;
	package->column_cnt = (uint32_t)index_uint(package, 4, 4);
	package->unit_cnt = (uint32_t)index_uint(package, 8, 4);
	package->slot_cnt = (uint32_t)index_uint(package, 12, 4);
	if (package->column_cnt > 16 || !package->slot_cnt ||
	    (package->slot_cnt & (package->slot_cnt - 1)))
		return -EBADMSG;
	package->ids = 16;
	package->rows = package->ids + 8ull * package->slot_cnt;
	package->columns = package->rows + 4ull * package->slot_cnt;
	package->offsets = package->columns + 4ull * package->column_cnt;
	end = package->offsets + 8ull * package->column_cnt * package->unit_cnt;
	return end <= package->index.len_bytes ? 0 : -EBADMSG;
}

static void package_open(struct dw_split *split)
{
	struct package *package = &split->package;

	split->package_tried = true;
	if (!split->files->open_dwp || split->files->open_dwp(split->files->ctx, &package->elf))
		return;
	if (open_index(package) || dw_file__new(package->elf, split->shared, &package->file)) {
		elf_file__free(package->elf);
		package->elf = NULL;
	}
}

/* DW_SECT_* of a column; those of versions 2 and 5 agree where we look (7 was DW_SECT_MACINFO). */
static int part_of_column(uint64_t column)
{
	switch (column) {
	case DW_SECT_INFO:
		return PART_INFO;
	case DW_SECT_ABBREV:
		return PART_ABBREV;
	case DW_SECT_LINE:
		return PART_LINE;
	case DW_SECT_STR_OFFSETS:
		return PART_STR_OFFSETS;
	case DW_SECT_RNGLISTS: /* 8 was DW_SECT_MACRO, of no interest where there are no range lists
				*/
		return PART_RNGLISTS;
	default:
		return -1;
	}
}

/* Where the unit with @id has its contributions (section 7.3.5.3). */
static bool package_find(const struct package *package, uint64_t id, uint64_t base[PART_CNT])
{
	uint64_t mask = package->slot_cnt - 1, step = ((id >> 32) & mask) | 1, slot = id & mask;
	uint32_t i, row = 0;
	int part;

	for (i = 0; i < package->slot_cnt && !row; i++, slot = (slot + step) & mask) {
		uint64_t have = index_uint(package, package->ids + 8 * slot, 8);

		if (!have && !index_uint(package, package->rows + 4 * slot, 4))
			return false;
		if (have == id)
			row = (uint32_t)index_uint(package, package->rows + 4 * slot, 4);
	}
	if (!row || row > package->unit_cnt)
		return false;
	for (i = 0; i < package->column_cnt; i++) {
		part = part_of_column(index_uint(package, package->columns + 4ull * i, 4));
		if (part >= 0)
			base[part] = index_uint(
				package,
				package->offsets + 4ull * ((row - 1ull) * package->column_cnt + i),
				4);
	}
	return true;
}

/* Keep units of a package sorted: references are looked up by offset. */
static int insert_unit(struct dw_file *file, struct dw_unit *unit)
{
	size_t i;
	int err = vec__push(&file->units, unit);

	if (err)
		return err;
	for (i = file->units.cnt - 1; i && file->units.at[i - 1]->off > unit->off; i--)
		file->units.at[i] = file->units.at[i - 1];
	file->units.at[i] = unit;
	return 0;
}

/* Does @unit, with its skeleton known now, hold the contents of it? */
static bool adopt(struct dw_unit *unit, struct dw_unit *skeleton)
{
	struct dw_die root;

	unit->skeleton = skeleton;
	if (!dw_unit__read_root(unit, &root) && unit->has_dwo_id &&
	    unit->dwo_id == skeleton->dwo_id) {
		unit->comp_dir = unit->comp_dir ? unit->comp_dir : skeleton->comp_dir;
		return true;
	}
	unit->skeleton = NULL;
	return false;
}

static struct dw_unit *from_package(struct dw_split *split, struct dw_unit *skeleton)
{
	uint64_t base[PART_CNT] = {};
	struct dw_unit *unit;

	if (!split->package_tried)
		package_open(split);
	if (!split->package.file || !package_find(&split->package, skeleton->dwo_id, base))
		return NULL;
	if (!dw_spend(split->shared, 1, 16) ||
	    dw_unit__read(split->package.file, base[PART_INFO], base[PART_ABBREV], &unit))
		return NULL;
	unit->str_offsets_base += base[PART_STR_OFFSETS];
	unit->rnglists_base += base[PART_RNGLISTS];
	if (!adopt(unit, skeleton) || insert_unit(split->package.file, unit)) {
		dw_unit__free(unit);
		return NULL;
	}
	unit->line_off += base[PART_LINE];
	return unit;
}

static struct dw_unit *from_dwo(struct dw_split *split, struct dw_unit *skeleton)
{
	struct elf_file *elf __free(elf_file) = NULL;
	struct dw_file *file __free(dw_file) = NULL;
	struct dw_file *kept;
	size_t i;

	if (!split->files->open_dwo || !skeleton->dwo_name ||
	    split->files->open_dwo(split->files->ctx, skeleton->comp_dir, skeleton->dwo_name, &elf))
		return NULL;
	if (dw_file__new(elf, split->shared, &file) || dw_file__scan_units(file) ||
	    dw_file__detach(file))
		return NULL;
	for (i = 0; i < file->units.cnt; i++) {
		if (!adopt(file->units.at[i], skeleton))
			continue;
		kept = file;
		if (vec__push(&split->dwos, kept))
			return NULL;
		return TAKE_PTR(file)->units.at[i];
	}
	return NULL;
}

struct dw_unit *dw_split__follow(struct dw_split *split, struct dw_unit *unit)
{
	if (!unit->has_dwo_id || !unit->dwo_name)
		return unit;
	if (!unit->split && !unit->split_tried) {
		unit->split_tried = true;
		unit->split = from_package(split, unit);
		if (!unit->split)
			unit->split = from_dwo(split, unit);
	}
	return unit->split ? unit->split : unit;
}
