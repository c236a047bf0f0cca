/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the DWARF reader: files, units and DIEs ("debugging information entries"). Only
 * dwarf*.c include this; dwarf.h is what the rest sees. Section numbers in comments are DWARF 5's.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hashmap.h"
#include "base/intern.h"
#include "base/vec.h"
#include "elf/elf_file.h"
#include "symbolize/dwarf_cursor.h"
#include "symbolize/ranges.h"

enum dw_section {
	DW_SEC_INFO,
	DW_SEC_ABBREV,
	DW_SEC_STR,
	DW_SEC_LINE,
	DW_SEC_LINE_STR,
	DW_SEC_RANGES,
	DW_SEC_RNGLISTS,
	DW_SEC_ADDR,
	DW_SEC_STR_OFFSETS,
	DW_SEC_CNT,
};

/* Of one binary with its debug files: what it may still cost (DWARF_MAX_* in dwarf.h). */
struct dw_shared {
	uint64_t steps;   /* entries, attributes, rows, ranges to look at */
	uint64_t items;   /* of them, to keep in memory */
	uint64_t text_lo; /* there is no code below */
};

struct dw_spec {
	uint16_t attr; /* DW_AT_*; 0 for those that do not fit, which nobody wants */
	uint16_t form;
	int64_t implicit; /* DW_FORM_implicit_const */
};

struct dw_abbrev {
	uint64_t code;
	uint16_t tag;
	bool has_children;
	uint32_t first_spec, spec_cnt;
};

struct dw_abbrevs {
	VEC(struct dw_abbrev) list; /* by code */
	VEC(struct dw_spec) specs;
};

struct dw_unit;

/* One ELF file with DWARF in it: the binary or its debug file, dwz's common file, a .dwo or a .dwp.
 */
struct dw_file {
	struct elf_file *elf; /* holds the sections' bytes; not owned, and NULL once detached */
	bool is_split;        /* sections are called .debug_info.dwo etc. */
	struct elf_span sec[DW_SEC_CNT];
	VEC(struct dw_unit *) units; /* by offset */
	VEC(struct dw_abbrevs *) abbrevs;
	struct hashmap *abbrevs_by_off;
	struct dw_shared *shared;
	struct dw_file *alt; /* not owned, or NULL */
};

struct dw_scopes;
struct dw_funcs;
struct dw_lines;

struct dw_unit {
	struct dw_file *file;
	uint64_t off, end; /* in DW_SEC_INFO */
	uint64_t die_off;
	uint64_t abbrev_off;
	const struct dw_abbrevs *abbrevs; /* NULL until an entry other than the root is read */
	uint16_t version;
	uint8_t type; /* DW_UT_*; before DWARF 5: DW_UT_compile */
	uint8_t addr_bytes, off_bytes;
	bool has_line, has_dwo_id;
	uint64_t low_pc; /* base of its range lists */
	uint64_t line_off, str_offsets_base, addr_base, rnglists_base, gnu_ranges_base;
	uint64_t dwo_id;
	const char *comp_dir, *dwo_name; /* or NULL */
	struct dw_unit *skeleton;        /* of a split unit: where its addresses and rows are */
	struct dw_unit *split;           /* of a skeleton, once found */
	bool split_tried;

	/* Made when an address in the unit is asked for. */
	struct dw_funcs *funcs;
	struct dw_lines *lines;
	int funcs_err, lines_err;
};

enum dw_class {
	DW_CLASS_OTHER, /* read over */
	DW_CLASS_ADDR,
	DW_CLASS_ADDRX,    /* index into DW_SEC_ADDR */
	DW_CLASS_UINT,     /* constants, flags */
	DW_CLASS_SEC_OFF,  /* offset into a section the attribute implies */
	DW_CLASS_RNGLISTX, /* index into the offset table of DW_SEC_RNGLISTS */
	DW_CLASS_STR,      /* u is a pointer */
	DW_CLASS_STRP,
	DW_CLASS_LINE_STRP,
	DW_CLASS_STRX,
	DW_CLASS_STRP_ALT,
	DW_CLASS_REF, /* offset in DW_SEC_INFO of this file */
	DW_CLASS_REF_ALT,
};

struct dw_value {
	enum dw_class class;
	uint64_t u;
};

/* The attributes somebody here wants. */
enum dw_attr {
	DW_A_NAME,
	DW_A_LINKAGE_NAME,
	DW_A_LOW_PC,
	DW_A_HIGH_PC,
	DW_A_RANGES,
	DW_A_STMT_LIST,
	DW_A_COMP_DIR,
	DW_A_ABSTRACT_ORIGIN,
	DW_A_SPECIFICATION,
	DW_A_CALL_FILE,
	DW_A_CALL_LINE,
	DW_A_DECL_LINE,
	DW_A_STR_OFFSETS_BASE,
	DW_A_ADDR_BASE,
	DW_A_RNGLISTS_BASE,
	DW_A_GNU_RANGES_BASE,
	DW_A_DWO_NAME,
	DW_A_DWO_ID,
	DW_A_CNT,
};

struct dw_die {
	uint64_t off;
	uint16_t tag; /* 0: the null entry that ends a list of siblings */
	bool has_children;
	uint32_t has; /* bit per enum dw_attr */
	struct dw_value attr[DW_A_CNT];
};

static inline bool dw_die_has(const struct dw_die *die, enum dw_attr attr)
{
	return die->has & 1u << attr;
}

/* False once the budget is used up; the caller gives up with -E2BIG. */
static inline bool dw_spend(struct dw_shared *shared, uint64_t steps, uint64_t items)
{
	if (steps > shared->steps || items > shared->items) {
		shared->steps = 0;
		return false;
	}
	shared->steps -= steps;
	shared->items -= items;
	return true;
}

/* --- dwarf_file.c --- */

/* -ENOENT: no DWARF in it. @elf stays the caller's and must outlive the result, unless detached. */
int dw_file__new(struct elf_file *elf, struct dw_shared *shared, struct dw_file **ret);
/* Copy the sections, so that the ELF file can be freed: a descriptor per .dwo would be too many. */
int dw_file__detach(struct dw_file *file);
void dw_file__free(struct dw_file *file);
DEFINE_CLEANUP(dw_file);
/* All unit headers, once; with the attributes of their root entries unless it is a split file. */
int dw_file__scan_units(struct dw_file *file);
/* The unit that holds offset @off of DW_SEC_INFO, or NULL. */
struct dw_unit *dw_file__unit_at(struct dw_file *file, uint64_t off);
/* The unit header at @off; its abbreviations are at @abbrev_base plus what it says. */
int dw_unit__read(struct dw_file *file, uint64_t off, uint64_t abbrev_base, struct dw_unit **ret);
/* The root entry, and from it all of the unit that is not in the header. */
int dw_unit__read_root(struct dw_unit *unit, struct dw_die *ret);
/* Make unit->abbrevs. */
int dw_unit__load_abbrevs(struct dw_unit *unit);
void dw_unit__free(struct dw_unit *unit);
DEFINE_CLEANUP(dw_unit);

/* --- dwarf_die.c --- */

/* One attribute value at @c. Bad form or data: the cursor turns bad. */
struct dw_value dw_read_form(struct dw_cursor *c, const struct dw_unit *unit, uint64_t form,
			     int64_t implicit);
/* The entry at the cursor, which lies in @unit. 0, -EBADMSG or -E2BIG. */
int dw_read_die(const struct dw_unit *unit, struct dw_cursor *c, struct dw_die *ret);
/* At offset @off. */
int dw_die_at(struct dw_unit *unit, uint64_t off, struct dw_die *ret);
/* The value as a string that lives as long as the file, or NULL. */
const char *dw_string(const struct dw_unit *unit, struct dw_value value);
bool dw_address(const struct dw_unit *unit, struct dw_value value, uint64_t *ret);

/* --- dwarf_ranges.c --- */

/* The address ranges of a DIE, one at a time. Private but for err. */
struct dw_range_iter {
	const struct dw_unit *unit;
	struct dw_cursor c;
	uint64_t base, lo, hi;
	enum { DW_RANGES_END, DW_RANGES_ONE, DW_RANGES_V4, DW_RANGES_V5 } kind;
	int err; /* -E2BIG or -EBADMSG once next() returned false because of it */
};

void dw_range_iter__init(struct dw_range_iter *it, const struct dw_unit *unit,
			 const struct dw_die *die);
bool dw_range_iter__next(struct dw_range_iter *it, uint64_t *ret_lo, uint64_t *ret_hi);

/* --- dwarf_funcs.c --- */

struct dw_func {
	uint64_t die_off;
	uint64_t entry;  /* lowest address */
	uint32_t parent; /* what it was inlined into; RANGES_NONE for a function of its own */
	uint32_t call_file, call_line;
};

struct dw_scope {
	uint64_t die_off;
	uint32_t parent; /* index of the enclosing scope, or RANGES_NONE */
};

/* Everything in a unit that has code, and every scope that can be part of a name. */
struct dw_funcs {
	VEC(struct dw_func) list;    /* in order of DIEs, so inner ones later */
	struct ranges ranges;        /* id: index in list */
	VEC(struct dw_scope) scopes; /* by die_off */
};

/* Made once per unit; errors are remembered too. */
int dw_unit__funcs(struct dw_unit *unit, const struct dw_funcs **ret);
void dw_funcs__free(struct dw_funcs *funcs);
DEFINE_CLEANUP(dw_funcs);

/* --- dwarf_lines.c --- */

int dw_unit__lines(struct dw_unit *unit, struct dw_lines **ret);
void dw_lines__free(struct dw_lines *lines);
DEFINE_CLEANUP(dw_lines);
/* False if no row covers @addr. */
bool dw_lines__find(const struct dw_lines *lines, uint64_t addr, uint32_t *ret_file,
		    uint32_t *ret_line);
/* Full path of file number @file as kept in @strings; "" if there is no such file. */
const char *dw_lines__path(struct dw_lines *lines, const struct dw_unit *unit,
			   struct intern *strings, uint32_t file);

/* --- dwarf_split.c --- */

struct dw_split;
struct dwarf_files;

struct dw_split *dw_split__new(const struct dwarf_files *files, struct dw_shared *shared);
void dw_split__free(struct dw_split *split);
DEFINE_CLEANUP(dw_split);
/* The unit with the contents of skeleton @unit, or @unit itself if it is none or its file is not
 * found. */
struct dw_unit *dw_split__follow(struct dw_split *split, struct dw_unit *unit);
