// SPDX-License-Identifier: Apache-2.0
/*
 * One walk over the entries of a unit gives its functions and inlined calls as sorted ranges. An
 * inlined call comes after what contains it, so with ids in that order the innermost wins.
 */
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>

/* What holds an entry. Depths beyond this belong to no real program; deeper entries are passed
 * over. */
#define MAX_DEPTH 1024

struct level {
	uint32_t func, scope; /* innermost ones, or RANGES_NONE */
};

struct walk {
	struct dw_unit *unit;
	struct dw_funcs *funcs;
	struct level levels[MAX_DEPTH]; /* of the children at each depth */
};

static bool is_scope(uint16_t tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_interface_type:
	case DW_TAG_module:
	case DW_TAG_subprogram:
		return true;
	default:
		return false;
	}
}

/* The code of @die, if it has any, as function number list.cnt. */
static int add_ranges(struct walk *walk, const struct dw_die *die, uint64_t *ret_entry)
{
	struct dw_shared *shared = walk->unit->file->shared;
	struct dw_range_iter it;
	uint64_t lo, hi;

	*ret_entry = UINT64_MAX;
	dw_range_iter__init(&it, walk->unit, die);
	while (dw_range_iter__next(&it, &lo, &hi)) {
		if (lo < shared->text_lo)
			continue;
		if (!dw_spend(shared, 0, 1))
			return -E2BIG;
		if (ranges_add(&walk->funcs->ranges, lo, hi, (uint32_t)walk->funcs->list.cnt))
			return -ENOMEM;
		if (lo < *ret_entry)
			*ret_entry = lo;
	}
	return it.err == -E2BIG ? it.err : 0;
}

static int add_func(struct walk *walk, const struct dw_die *die, struct level *level)
{
	struct dw_func func = { .die_off = die->off, .parent = RANGES_NONE };
	int err = add_ranges(walk, die, &func.entry);

	if (err || func.entry == UINT64_MAX)
		return err;
	if (die->tag == DW_TAG_inlined_subroutine) {
		func.parent = level->func;
		if (dw_die_has(die, DW_A_CALL_FILE))
			func.call_file = (uint32_t)die->attr[DW_A_CALL_FILE].u;
		if (dw_die_has(die, DW_A_CALL_LINE))
			func.call_line = (uint32_t)die->attr[DW_A_CALL_LINE].u;
	}
	level->func = (uint32_t)walk->funcs->list.cnt;
	return vec__push(&walk->funcs->list, func);
}

static int add_scope(struct walk *walk, const struct dw_die *die, struct level *level)
{
	struct dw_scope scope = { die->off, level->scope };

	if (!dw_spend(walk->unit->file->shared, 0, 1))
		return -E2BIG;
	level->scope = (uint32_t)walk->funcs->scopes.cnt;
	return vec__push(&walk->funcs->scopes, scope);
}

/* @level: what contains @die at entry, what contains its children at return. */
static int visit(struct walk *walk, const struct dw_die *die, struct level *level)
{
	int err = 0;

	if (is_scope(die->tag))
		err = add_scope(walk, die, level);
	/* A nested function is not inlined into the one around it. */
	if (die->tag == DW_TAG_subprogram)
		level->func = RANGES_NONE;
	if (!err && (die->tag == DW_TAG_subprogram || die->tag == DW_TAG_inlined_subroutine))
		err = add_func(walk, die, level);
	return err;
}

static int walk_dies(struct walk *walk)
{
	struct dw_unit *unit = walk->unit;
	struct dw_cursor c = dw_cursor_make(unit->file->sec[DW_SEC_INFO], unit->die_off, unit->end);
	struct level level = { RANGES_NONE, RANGES_NONE };
	struct dw_die die;
	size_t depth = 0;
	int err;

	while (dw_left(&c)) {
		err = dw_read_die(unit, &c, &die);
		if (err)
			return err;
		if (!die.tag) {
			if (depth <= 1)
				break;
			depth--;
			continue;
		}
		if (depth)
			level = walk->levels[depth < MAX_DEPTH ? depth : MAX_DEPTH - 1];
		err = visit(walk, &die, &level);
		if (err)
			return err;
		if (!die.has_children) {
			if (!depth)
				break;
			continue;
		}
		if (++depth < MAX_DEPTH)
			walk->levels[depth] = level;
	}
	return 0;
}

static int build(struct dw_unit *unit, struct dw_funcs **ret)
{
	struct dw_funcs *funcs __free(dw_funcs) = calloc(1, sizeof(*funcs));
	struct walk *walk __free_mem = calloc(1, sizeof(*walk));
	int err;

	if (!funcs || !walk)
		return -ENOMEM;
	walk->unit = unit;
	walk->funcs = funcs;
	err = dw_unit__load_abbrevs(unit);
	if (err)
		return err;
	err = walk_dies(walk);
	/* What was read before the break is as good as ever. */
	if (err && err != -EBADMSG)
		return err;
	err = ranges_seal(&funcs->ranges);
	if (err)
		return err;
	*ret = TAKE_PTR(funcs);
	return 0;
}

int dw_unit__funcs(struct dw_unit *unit, const struct dw_funcs **ret)
{
	if (!unit->funcs && !unit->funcs_err)
		unit->funcs_err = build(unit, &unit->funcs);
	*ret = unit->funcs;
	return unit->funcs_err;
}

void dw_funcs__free(struct dw_funcs *funcs)
{
	if (!funcs)
		return;
	vec__done(&funcs->list);
	vec__done(&funcs->scopes);
	ranges_done(&funcs->ranges);
	free(funcs);
}
