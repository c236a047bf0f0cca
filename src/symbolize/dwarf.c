// SPDX-License-Identifier: Apache-2.0
/*
 * An address goes: unit (ranges of all root entries) → functions of the unit (dwarf_funcs.c) →
 * chain of inlined calls; and rows of the unit (dwarf_lines.c). The row is the line of the
 * innermost frame; where an inlined call was made from is the line of the next one out.
 */
#include "symbolize/dwarf.h"

#include <dwarf.h>

#include "base/buf.h"
#include "base/intern.h"
#include "symbolize/dwarf_unit.h"

#define NAME_MAX_BYTES      4096u
#define MAX_REFERENCES      16 /* from a piece of code to what declares it: 3 in practice */
#define MAX_SCOPES          64
#define ANONYMOUS_NAMESPACE "(anonymous namespace)"

struct dwarf {
	struct dw_shared shared;
	const struct dwarf_files *files;
	struct dw_file *main, *alt;
	struct elf_file *alt_elf;
	struct dw_split *split;
	struct ranges ranges; /* id: index in main->units */
	struct intern *strings;
};

/* What an entry and those it refers to say together. */
struct identity {
	const char *name, *linkage_name;
	uint32_t decl_line;
	struct dw_unit *unit; /* of the last one, whose place in the tree is the name's */
	uint64_t die_off;
};

static int add_unit(struct dwarf *dw, uint32_t idx)
{
	struct dw_unit *unit = dw->main->units.at[idx];
	struct dw_range_iter it;
	uint64_t lo, hi;
	struct dw_die root;

	if (dw_unit__read_root(unit, &root))
		return 0;
	if (root.tag != DW_TAG_compile_unit && root.tag != DW_TAG_skeleton_unit)
		return 0;
	dw_range_iter__init(&it, unit, &root);
	while (dw_range_iter__next(&it, &lo, &hi)) {
		if (lo < dw->shared.text_lo)
			continue;
		if (!dw_spend(&dw->shared, 0, 1))
			return -E2BIG;
		if (ranges_add(&dw->ranges, lo, hi, idx))
			return -ENOMEM;
	}
	return it.err == -E2BIG ? it.err : 0;
}

static int index_units(struct dwarf *dw)
{
	uint32_t i;
	int err;

	err = dw_file__scan_units(dw->main);
	for (i = 0; !err && i < dw->main->units.cnt; i++)
		err = add_unit(dw, i);
	return err ? err : ranges_seal(&dw->ranges);
}

/* Without dwz's common file some names are missing, and that is all. */
static void open_alt(struct dwarf *dw)
{
	if (!dw->files->open_alt || dw->files->open_alt(dw->files->ctx, &dw->alt_elf))
		return;
	if (!dw_file__new(dw->alt_elf, &dw->shared, &dw->alt))
		dw->main->alt = dw->alt;
}

int dwarf__new(struct elf_file *elf, uint64_t text_lo, const struct dwarf_files *files,
	       struct dwarf **ret)
{
	struct dwarf *dw __free(dwarf) = calloc(1, sizeof(*dw));
	int err;

	if (!dw)
		return -ENOMEM;
	dw->shared = (struct dw_shared){ DWARF_MAX_STEPS, DWARF_MAX_ITEMS, text_lo };
	dw->files = files;
	err = dw_file__new(elf, &dw->shared, &dw->main);
	if (err)
		return err;
	if (dw->main->is_split)
		return -ENOENT;
	dw->strings = intern__new();
	dw->split = dw_split__new(files, &dw->shared);
	if (!dw->strings || !dw->split)
		return -ENOMEM;
	open_alt(dw);
	err = index_units(dw);
	if (err)
		return err;
	*ret = TAKE_PTR(dw);
	return 0;
}

void dwarf__free(struct dwarf *dw)
{
	if (!dw)
		return;
	dw_split__free(dw->split);
	dw_file__free(dw->main);
	dw_file__free(dw->alt);
	elf_file__free(dw->alt_elf);
	ranges_done(&dw->ranges);
	intern__free(dw->strings);
	free(dw);
}

/* The unit a reference leads to, the offset in it being ref.u. */
static struct dw_unit *target_unit(struct dw_unit *unit, struct dw_value ref)
{
	struct dw_file *file = ref.class == DW_CLASS_REF_ALT ? unit->file->alt : unit->file;

	if (ref.class == DW_CLASS_REF && ref.u >= unit->die_off && ref.u < unit->end)
		return unit;
	if ((ref.class != DW_CLASS_REF && ref.class != DW_CLASS_REF_ALT) || !file)
		return NULL;
	if (dw_file__scan_units(file))
		return NULL;
	return dw_file__unit_at(file, ref.u);
}

static void take_attributes(struct identity *id, const struct dw_die *die)
{
	if (!id->name && dw_die_has(die, DW_A_NAME))
		id->name = dw_string(id->unit, die->attr[DW_A_NAME]);
	if (!id->linkage_name && dw_die_has(die, DW_A_LINKAGE_NAME))
		id->linkage_name = dw_string(id->unit, die->attr[DW_A_LINKAGE_NAME]);
	if (!id->decl_line && dw_die_has(die, DW_A_DECL_LINE))
		id->decl_line = (uint32_t)die->attr[DW_A_DECL_LINE].u;
}

/* Follow abstract origins (of code) and specifications (of definitions outside their class). */
static void identify(struct dw_unit *unit, uint64_t die_off, struct identity *ret)
{
	struct dw_value ref;
	struct dw_die die;
	int i;

	*ret = (struct identity){ .unit = unit, .die_off = die_off };
	for (i = 0; i < MAX_REFERENCES; i++) {
		if (dw_die_at(ret->unit, ret->die_off, &die))
			return;
		take_attributes(ret, &die);
		if (dw_die_has(&die, DW_A_ABSTRACT_ORIGIN))
			ref = die.attr[DW_A_ABSTRACT_ORIGIN];
		else if (dw_die_has(&die, DW_A_SPECIFICATION))
			ref = die.attr[DW_A_SPECIFICATION];
		else
			return;
		unit = target_unit(ret->unit, ref);
		if (!unit)
			return;
		ret->unit = unit;
		ret->die_off = ref.u;
	}
}

static const struct dw_scope *find_scope(const struct dw_funcs *funcs, uint64_t die_off)
{
	size_t lo = 0, hi = funcs->scopes.cnt, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (funcs->scopes.at[mid].die_off < die_off)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == funcs->scopes.cnt || funcs->scopes.at[lo].die_off != die_off)
		return NULL;
	return &funcs->scopes.at[lo];
}

/* The name of a scope as part of another; NULL for those that are none (functions, the unnamed). */
static const char *scope_name(struct dw_unit *unit, uint64_t die_off)
{
	const char *name = NULL;
	struct dw_die die;

	if (dw_die_at(unit, die_off, &die) || die.tag == DW_TAG_subprogram)
		return NULL;
	if (dw_die_has(&die, DW_A_NAME))
		name = dw_string(unit, die.attr[DW_A_NAME]);
	else if (die.tag == DW_TAG_namespace)
		name = ANONYMOUS_NAMESPACE;
	return name;
}

/* "space::class::name"; only names that the linker does not know need this. */
static const char *qualified_name(struct dwarf *dw, const struct identity *id)
{
	struct buf *name __free(buf) = NULL;
	const struct dw_funcs *funcs;
	const struct dw_scope *scope;
	const char *parts[MAX_SCOPES];
	size_t cnt = 0;
	uint32_t str_id;

	if (!id->name || dw_unit__funcs(id->unit, &funcs))
		return id->name;
	scope = find_scope(funcs, id->die_off);
	if (!scope)
		return id->name;
	while (scope->parent != RANGES_NONE && cnt < MAX_SCOPES) {
		scope = &funcs->scopes.at[scope->parent];
		parts[cnt] = scope_name(id->unit, scope->die_off);
		cnt += parts[cnt] != NULL;
	}
	if (!cnt)
		return id->name;
	name = buf__new(NAME_MAX_BYTES);
	if (!name)
		return id->name;
	while (cnt--)
		buf__printf(name, "%s::", parts[cnt]);
	buf__append_str(name, id->name);
	if (buf__error(name) || intern__add(dw->strings, buf__data(name), &str_id))
		return id->name;
	return intern__str(dw->strings, str_id);
}

static void name_frame(struct dwarf *dw, struct dw_unit *unit, const struct dw_func *func,
		       struct dwarf_frame *frame)
{
	struct identity id;

	identify(unit, func->die_off, &id);
	frame->linkage_name = id.linkage_name;
	frame->name = id.linkage_name ? id.name : qualified_name(dw, &id);
	frame->start_line = id.decl_line;
	frame->entry = func->entry;
}

/* Where a unit's numbers of files are explained: a split unit may bring a table of its own. */
static struct dw_lines *file_table(struct dw_unit *unit, struct dw_lines *rows)
{
	struct dw_lines *own;

	if (unit->skeleton && unit->has_line && unit->file->sec[DW_SEC_LINE].len_bytes &&
	    !dw_unit__lines(unit, &own))
		return own;
	return rows;
}

static int push_chain(struct dwarf *dw, struct dw_unit *unit, const struct dw_funcs *funcs,
		      uint32_t id, struct dw_lines *rows, struct dwarf_frame frame,
		      struct dwarf_frames *ret)
{
	struct dw_lines *files = file_table(unit, rows);
	const struct dw_func *func;
	int i;

	for (i = 0; id != RANGES_NONE && i < DWARF_MAX_INLINES; i++) {
		func = &funcs->list.at[id];
		id = func->parent;
		name_frame(dw, unit, func, &frame);
		frame.inlined = id != RANGES_NONE;
		if (vec__push(&ret->list, frame))
			return -ENOMEM;
		frame = (struct dwarf_frame){ .line = func->call_line, .path = "" };
		if (files)
			frame.path = dw_lines__path(files, unit, dw->strings, func->call_file);
	}
	return 0;
}

int dwarf__find(struct dwarf *dw, uint64_t vaddr, struct dwarf_frames *ret)
{
	struct dwarf_frame frame = { .path = "" };
	const struct dw_funcs *funcs;
	struct dw_unit *unit, *contents;
	struct dw_lines *rows = NULL;
	uint32_t id, file;
	bool have_line;
	int err;

	ret->list.cnt = 0;
	id = ranges_find(&dw->ranges, vaddr);
	if (id == RANGES_NONE)
		return -ENOENT;
	unit = dw->main->units.at[id];
	contents = dw_split__follow(dw->split, unit);
	err = dw_unit__funcs(contents, &funcs);
	if (err)
		return err;
	have_line = !dw_unit__lines(unit, &rows) && dw_lines__find(rows, vaddr, &file, &frame.line);
	if (have_line)
		frame.path = dw_lines__path(rows, unit, dw->strings, file);
	id = ranges_find(&funcs->ranges, vaddr);
	if (id != RANGES_NONE)
		return push_chain(dw, contents, funcs, id, rows, frame, ret);
	return have_line ? vec__push(&ret->list, frame) : -ENOENT;
}
