// SPDX-License-Identifier: Apache-2.0
/*
 * The line program of a unit (DWARF 5, section 6.2; versions 2 to 5), run once into rows. A
 * sequence is a run of rows with rising addresses; a row holds from its address to the next row's.
 */
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>

#include "base/buf.h"

#define MAX_FORMATS    16u /* of a version 5 table's entries; there are 5 kinds of contents */
#define PATH_MAX_BYTES 16384u

struct row {
	uint64_t addr;
	uint32_t file, line;
};

struct sequence {
	size_t first, cnt; /* in rows */
};

struct file_entry {
	const char *name;
	uint64_t dir;
	uint32_t path_id; /* in the caller's strings; 0: not made yet */
};

struct dw_lines {
	uint16_t version;
	VEC(const char *) dirs; /* [0] is the compilation's; NULL before version 5 */
	VEC(struct file_entry) files;
	uint32_t first_file; /* number of files.at[0] */
	VEC(struct row) rows;
	VEC(struct sequence) sequences;
	struct ranges ranges; /* id: index in sequences */
};

struct program {
	struct dw_unit *unit;
	struct dw_unit
		header; /* the unit as its line program sees it: offsets may be of another size */
	struct dw_lines *lines;
	struct dw_cursor c; /* at first of the header, then of the instructions */
	uint8_t min_insn_bytes, line_range, opcode_base;
	int8_t line_base;
	uint8_t operand_cnt[256]; /* of standard opcodes */

	/* The state machine's registers (section 6.2.2). */
	uint64_t addr;
	uint32_t file, line;
	size_t first_row; /* of the sequence being made */
};

void dw_lines__free(struct dw_lines *lines)
{
	if (!lines)
		return;
	vec__done(&lines->dirs);
	vec__done(&lines->files);
	vec__done(&lines->rows);
	vec__done(&lines->sequences);
	ranges_done(&lines->ranges);
	free(lines);
}

static int add_dir(struct program *prog, const char *dir)
{
	if (!dw_spend(prog->unit->file->shared, 1, 1))
		return -E2BIG;
	return vec__push(&prog->lines->dirs, dir);
}

static int add_file(struct program *prog, const char *name, uint64_t dir)
{
	if (!dw_spend(prog->unit->file->shared, 1, 1))
		return -E2BIG;
	return vec__push(&prog->lines->files, (struct file_entry){ name, dir, 0 });
}

/* Directories and files of versions 2 to 4: lists of strings that end with an empty one. */
static int read_tables_v2(struct program *prog)
{
	const char *name;
	uint64_t dir;
	int err = add_dir(prog, NULL);

	prog->lines->first_file = 1;
	while (!err && *(name = dw_str(&prog->c)))
		err = add_dir(prog, name);
	while (!err && *(name = dw_str(&prog->c))) {
		dir = dw_uleb(&prog->c);
		dw_uleb(&prog->c); /* modification time */
		dw_uleb(&prog->c); /* size */
		err = add_file(prog, name, dir);
	}
	return err;
}

struct format {
	uint64_t content, form;
};

/* One entry of a version 5 table; content it does not know is read over. */
static void read_entry_v5(struct program *prog, const struct format *formats, size_t cnt,
			  struct file_entry *ret)
{
	struct dw_value value;
	const char *name;
	size_t i;

	*ret = (struct file_entry){ .name = "" };
	for (i = 0; i < cnt; i++) {
		value = dw_read_form(&prog->c, &prog->header, formats[i].form, 0);
		if (prog->c.bad)
			return;
		if (formats[i].content == DW_LNCT_path) {
			name = dw_string(prog->unit, value);
			ret->name = name ? name : "";
		} else if (formats[i].content == DW_LNCT_directory_index) {
			ret->dir = value.u;
		}
	}
}

static int read_table_v5(struct program *prog, bool is_dirs)
{
	struct format formats[MAX_FORMATS];
	struct file_entry entry;
	size_t format_cnt = dw_u8(&prog->c), i;
	uint64_t cnt;
	int err = 0;

	if (format_cnt > MAX_FORMATS)
		return -EBADMSG;
	for (i = 0; i < format_cnt; i++) {
		formats[i].content = dw_uleb(&prog->c);
		formats[i].form = dw_uleb(&prog->c);
	}
	cnt = dw_uleb(&prog->c);
	if (cnt && !format_cnt)
		return -EBADMSG;
	for (; cnt && !err; cnt--) {
		read_entry_v5(prog, formats, format_cnt, &entry);
		if (prog->c.bad)
			return -EBADMSG;
		err = is_dirs ? add_dir(prog, entry.name) : add_file(prog, entry.name, entry.dir);
	}
	return err;
}

static int read_tables(struct program *prog)
{
	int err;

	if (prog->lines->version < 5)
		return read_tables_v2(prog);
	err = read_table_v5(prog, true);
	return err ? err : read_table_v5(prog, false);
}

/* The header; leaves the cursor on the instructions. */
static int read_header(struct program *prog)
{
	struct elf_span sec = prog->unit->file->sec[DW_SEC_LINE];
	struct dw_cursor *c = &prog->c;
	const uint8_t *insns;
	uint64_t len, header_len;
	uint8_t off_bytes;
	int i, err;

	*c = dw_cursor_make(sec, prog->unit->line_off, sec.len_bytes);
	len = dw_initial_length(c, &off_bytes);
	if (c->bad || len > dw_left(c))
		return -EBADMSG;
	c->end = c->at + len;
	prog->lines->version = dw_u16(c);
	if (prog->lines->version < 2 || prog->lines->version > 5)
		return -ENOTSUP;
	if (prog->lines->version >= 5)
		dw_u16(c); /* sizes of address and segment selector */
	prog->header = *prog->unit;
	prog->header.off_bytes = off_bytes;
	header_len = dw_uint(c, off_bytes);
	if (c->bad || header_len > dw_left(c))
		return -EBADMSG;
	insns = c->at + header_len;
	prog->min_insn_bytes = dw_u8(c);
	if (prog->lines->version >= 4)
		dw_u8(c); /* operations per instruction: 1 but for VLIW machines */
	dw_u8(c);         /* default of is_stmt */
	prog->line_base = (int8_t)dw_u8(c);
	prog->line_range = dw_u8(c);
	prog->opcode_base = dw_u8(c);
	for (i = 1; i < prog->opcode_base; i++)
		prog->operand_cnt[i] = dw_u8(c);
	if (c->bad || !prog->line_range || !prog->opcode_base)
		return -EBADMSG;
	err = read_tables(prog);
	if (err)
		return err;
	if (c->bad)
		return -EBADMSG;
	c->at = insns;
	return 0;
}

static void reset(struct program *prog)
{
	prog->addr = 0;
	prog->file = 1;
	prog->line = 1;
	prog->first_row = prog->lines->rows.cnt;
}

/* The later of two rows at one address is the one that holds; rows that go back are nonsense. */
static int add_row(struct program *prog)
{
	struct dw_lines *lines = prog->lines;
	struct row row = { prog->addr, prog->file, prog->line }, *last;

	if (!dw_spend(prog->unit->file->shared, 0, 1))
		return -E2BIG;
	if (lines->rows.cnt > prog->first_row) {
		last = &lines->rows.at[lines->rows.cnt - 1];
		if (row.addr < last->addr)
			return 0;
		if (row.addr == last->addr) {
			*last = row;
			return 0;
		}
	}
	return vec__push(&lines->rows, row);
}

static int end_sequence(struct program *prog)
{
	struct dw_lines *lines = prog->lines;
	size_t cnt = lines->rows.cnt - prog->first_row;
	struct sequence sequence = { prog->first_row, cnt };
	uint64_t lo = cnt ? lines->rows.at[prog->first_row].addr : 0;
	int err = 0;

	if (cnt && lo >= prog->unit->file->shared->text_lo && lo < prog->addr) {
		err = ranges_add(&lines->ranges, lo, prog->addr, (uint32_t)lines->sequences.cnt);
		if (!err)
			err = vec__push(&lines->sequences, sequence);
	} else {
		lines->rows.cnt = prog->first_row;
	}
	reset(prog);
	return err;
}

static int run_extended(struct program *prog)
{
	struct dw_cursor *c = &prog->c;
	uint64_t len = dw_uleb(c), dir;
	const uint8_t *next;
	const char *name;
	int err = 0;

	if (c->bad || !len || len > dw_left(c))
		return -EBADMSG;
	next = c->at + len;
	switch (dw_u8(c)) {
	case DW_LNE_end_sequence:
		err = end_sequence(prog);
		break;
	case DW_LNE_set_address:
		prog->addr = len - 1 <= 8 ? dw_uint(c, (unsigned)(len - 1)) : 0;
		break;
	case DW_LNE_define_file:
		name = dw_str(c);
		dir = dw_uleb(c);
		err = add_file(prog, name, dir);
		break;
	}
	c->at = next;
	return err;
}

static int run_standard(struct program *prog, uint8_t opcode)
{
	struct dw_cursor *c = &prog->c;
	uint8_t i;

	switch (opcode) {
	case DW_LNS_copy:
		return add_row(prog);
	case DW_LNS_advance_pc:
		prog->addr += dw_uleb(c) * prog->min_insn_bytes;
		return 0;
	case DW_LNS_advance_line:
		prog->line += (uint32_t)dw_sleb(c);
		return 0;
	case DW_LNS_set_file:
		prog->file = (uint32_t)dw_uleb(c);
		return 0;
	case DW_LNS_const_add_pc:
		prog->addr += (uint64_t)((255 - prog->opcode_base) / prog->line_range) *
			      prog->min_insn_bytes;
		return 0;
	case DW_LNS_fixed_advance_pc:
		prog->addr += dw_u16(c);
		return 0;
	default:
		for (i = 0; i < prog->operand_cnt[opcode]; i++)
			dw_uleb(c);
		return 0;
	}
}

static int run(struct program *prog)
{
	struct dw_shared *shared = prog->unit->file->shared;
	uint8_t opcode, special;
	int err = 0;

	reset(prog);
	while (!err && dw_left(&prog->c)) {
		if (!dw_spend(shared, 1, 0))
			return -E2BIG;
		opcode = dw_u8(&prog->c);
		if (!opcode) {
			err = run_extended(prog);
		} else if (opcode < prog->opcode_base) {
			err = run_standard(prog, opcode);
		} else {
			special = opcode - prog->opcode_base;
			prog->addr += (uint64_t)(special / prog->line_range) * prog->min_insn_bytes;
			prog->line += (uint32_t)(prog->line_base + special % prog->line_range);
			err = add_row(prog);
		}
	}
	return err;
}

static int build(struct dw_unit *unit, struct dw_lines **ret)
{
	struct dw_lines *lines __free(dw_lines) = calloc(1, sizeof(*lines));
	struct program prog = { .unit = unit, .lines = lines };
	int err;

	if (!lines)
		return -ENOMEM;
	if (!unit->has_line)
		return -ENOENT;
	err = read_header(&prog);
	if (err)
		return err;
	err = run(&prog);
	/* What was read before the break is as good as ever. */
	if (err && err != -EBADMSG)
		return err;
	err = ranges_seal(&lines->ranges);
	if (err)
		return err;
	*ret = TAKE_PTR(lines);
	return 0;
}

int dw_unit__lines(struct dw_unit *unit, struct dw_lines **ret)
{
	if (!unit->lines && !unit->lines_err)
		unit->lines_err = build(unit, &unit->lines);
	*ret = unit->lines;
	return unit->lines_err;
}

bool dw_lines__find(const struct dw_lines *lines, uint64_t addr, uint32_t *ret_file,
		    uint32_t *ret_line)
{
	uint32_t id = ranges_find(&lines->ranges, addr);
	const struct row *rows;
	size_t lo = 0, hi, mid;

	if (id == RANGES_NONE)
		return false;
	rows = lines->rows.at + lines->sequences.at[id].first;
	hi = lines->sequences.at[id].cnt;
	/* The last row at or before @addr; the first one is. */
	while (hi - lo > 1) {
		mid = lo + (hi - lo) / 2;
		if (rows[mid].addr <= addr)
			lo = mid;
		else
			hi = mid;
	}
	*ret_file = rows[lo].file;
	*ret_line = rows[lo].line;
	return true;
}

/* @part behind what is there; an absolute one starts anew. "./" is left out. */
static void join(struct buf *path, const char *part)
{
	if (!part || !*part)
		return;
	if (*part == '/')
		buf__reset(path);
	else if (buf__len(path) && buf__data(path)[buf__len(path) - 1] != '/')
		buf__append_char(path, '/');
	while (part[0] == '.' && part[1] == '/')
		part += 2;
	if (strcmp(part, ".") != 0)
		buf__append_str(path, part);
}

const char *dw_lines__path(struct dw_lines *lines, const struct dw_unit *unit,
			   struct intern *strings, uint32_t file)
{
	struct buf *path __free(buf) = NULL;
	struct file_entry *entry;

	if (file < lines->first_file || file - lines->first_file >= lines->files.cnt)
		return "";
	entry = &lines->files.at[file - lines->first_file];
	if (!entry->path_id) {
		path = buf__new(PATH_MAX_BYTES);
		if (!path || !*entry->name)
			return "";
		join(path, unit->comp_dir);
		if (entry->dir < lines->dirs.cnt)
			join(path, lines->dirs.at[entry->dir]);
		join(path, entry->name);
		if (buf__error(path) || intern__add(strings, buf__data(path), &entry->path_id))
			return "";
	}
	return intern__str(strings, entry->path_id);
}
