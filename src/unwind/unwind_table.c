// SPDX-License-Identifier: Apache-2.0
/*
 * How a table is made. The file's executable segments are gone through once, in ascending file
 * offset:
 *
 *	segment  |---- gap ----|-- function --|gap|-- function --|------- gap -------|
 *	pieces    none          sp+8 sp+16 sp+8    ...            none  restorer none
 *
 * Functions are what fde_list has; running their programs cuts them into pieces with one rule each.
 * A gap is code without information: code_roles knows the assembly that ends or bends every stack
 * that passes it, code_frames finds frames in the rest. Each piece is offered to the table, which
 * takes it if its rule differs from the row before and if, unless every row is wanted, some return
 * address can point into it:
 *
 *	sp+8 [push: no call] sp+16 [call, call] sp+8 [pop, ret: no call]  ->  one row, sp+16
 *
 * A dropped piece is then under the rule of the row before it. That is wrong and does not matter:
 * nobody asks. Rows for the outermost frame and for signal frames stay, since those are "returned
 * into" without a call.
 */
#include "unwind/unwind_table.h"

#include <errno.h>

#include "base/vec.h"
#include "elf/elf_file.h"
#include "unwind/code_frames.h"
#include "unwind/code_roles.h"
#include "unwind/go_stacks.h"
#include "unwind/code_window.h"
#include "unwind/fde_list.h"

/* Longer pieces are not searched for calls: they are rare, and one row more is nothing to them. */
#define SEARCH_MAX_BYTES 65536u
/* Gaps that are studied: not padding, and not too many, since each study also reads the symbols. */
#define STUDY_MIN_BYTES  64u
#define STUDY_MAX        64u
/* Code known by its bytes: a C library has one or two such places. */
#define BY_BYTES_MAX     64u

struct unwind_table {
	VEC(struct unwind_row) rows;
	uint32_t *pages;
	uint32_t page_base;
	uint32_t page_cnt;
	struct unwind_stats stats;
};

struct unwind_builder {
	const struct elf_file *elf;
	const struct unwind_arch *arch;
	bool full;
	struct unwind_table *table;
	struct fde_list *fdes;
	size_t fde_next;
	struct code_window *code;
	struct code_roles *roles;
	struct code_frames *frames; /* or NULL: no studies */
	struct go_stacks go;
	unsigned study_cnt;
	uint64_t study_bytes;
	uint64_t pos;            /* file offset up to which the rules are known */
	uint64_t gap_off;        /* where the gap at hand begins */
	uint64_t vaddr_delta;    /* of the segment at hand: address - file offset */
	uint32_t lookback_bytes; /* a call that began so far before a piece may end in it */
	uint32_t last_rule;      /* of the piece before, kept or not */
	struct cfi_run run;
};

/* --- rows -------------------------------------------------------------------------------- */

static int unwind_push_row(struct unwind_table *table, uint64_t off, uint32_t rule)
{
	uint32_t before = UNWIND_RULE(UNWIND_NONE, 0, 0);

	/* A segment starts where the one before has just been closed. */
	if (table->rows.cnt && table->rows.at[table->rows.cnt - 1].off == off)
		table->rows.cnt--;
	if (table->rows.cnt)
		before = table->rows.at[table->rows.cnt - 1].rule;
	if (rule == before)
		return 0;
	if (table->rows.cnt == UNWIND_ROW_MAX)
		return -E2BIG;
	return vec__push(&table->rows, (struct unwind_row){ .off = (uint32_t)off, .rule = rule });
}

static bool unwind_wanted(struct unwind_builder *b, uint64_t off, uint64_t end, uint32_t rule)
{
	switch (UNWIND_RULE_KIND(rule)) {
	case UNWIND_ROOT:
	case UNWIND_SIGNAL:
		return true;
	default:
		return b->full || end - off > SEARCH_MAX_BYTES ||
		       code_window__may_call(b->code, off - b->lookback_bytes, end,
					     off - b->lookback_bytes + b->vaddr_delta);
	}
}

/* From the builder's position to @end @rule holds. @reason is only looked at for UNWIND_NONE. */
static int unwind_piece(struct unwind_builder *b, uint64_t end, uint32_t rule,
			enum unwind_none_reason reason)
{
	struct unwind_stats *stats = &b->table->stats;
	uint64_t off = b->pos;

	if (off >= end)
		return 0;
	b->pos = end;
	if (rule != b->last_rule)
		stats->rule_cnt++;
	b->last_rule = rule;
	if (!unwind_wanted(b, off, end, rule))
		return 0;
	if (UNWIND_RULE_KIND(rule) == UNWIND_NONE) {
		stats->none_cnt[reason]++;
		stats->none_bytes[reason] += end - off;
	}
	return unwind_push_row(b->table, off, rule);
}

/* --- gaps: code without information ------------------------------------------------------ */

/* The larger part of [@off, @end) that is in a section of code: gaps may also hold constants. */
static void unwind_code_part(const struct elf_file *elf, uint64_t *off, uint64_t *end)
{
	uint64_t best_off = *off, best_end = *off, start, stop;
	const Elf64_Shdr *section;

	for (size_t i = 1; i < elf_file__section_cnt(elf); i++) {
		section = elf_file__section(elf, i);
		if (!(section->sh_flags & SHF_EXECINSTR) || section->sh_type == SHT_NOBITS)
			continue;
		start = section->sh_offset > *off ? section->sh_offset : *off;
		stop = section->sh_offset + section->sh_size;
		if (stop > *end)
			stop = *end;
		if (start < stop && stop - start > best_end - best_off) {
			best_off = start;
			best_end = stop;
		}
	}
	if (elf_file__section_cnt(elf)) {
		*off = best_off;
		*end = best_end;
	}
}

/* Look for frames in the gap from the builder's position to @end, within what a file is worth. */
static int unwind_study(struct unwind_builder *b, uint64_t end)
{
	uint64_t off = b->pos;

	if (!b->frames || end - off < STUDY_MIN_BYTES || b->study_cnt == STUDY_MAX)
		return 0;
	b->study_cnt++;
	unwind_code_part(b->elf, &off, &end);
	if (end - off > CODE_FRAMES_MAX_BYTES - b->study_bytes)
		return 0;
	b->study_bytes += end - off;
	return code_frames__study(b->frames, off, end, off + b->vaddr_delta);
}

static int unwind_unknown(struct unwind_builder *b, uint64_t end)
{
	/* All Go code keeps a frame pointer, and a stripped program does not tell where it changes stacks. */
	uint32_t rule = UNWIND_RULE(b->go.is_go ? UNWIND_FP_RECORD : UNWIND_NONE, 0, 0);
	uint64_t piece_end = end;
	int err = 0;

	while (!err && b->pos < end) {
		if (b->frames)
			rule = code_frames__rule(b->frames, b->pos, end, &piece_end);
		if (b->frames && UNWIND_RULE_KIND(rule) != UNWIND_NONE)
			b->table->stats.studied_bytes += piece_end - b->pos;
		/* Where constants were taken for code, a piece may begin within a call. */
		b->lookback_bytes = b->pos - b->gap_off < CODE_CALL_MAX_BYTES
					    ? (uint32_t)(b->pos - b->gap_off)
					    : CODE_CALL_MAX_BYTES;
		err = unwind_piece(b, piece_end, rule, UNWIND_NONE_GAP);
	}
	b->lookback_bytes = 0;
	return err;
}

static int unwind_by_bytes(struct unwind_builder *b, uint64_t off, uint64_t end,
			   enum unwind_kind kind)
{
	int err = unwind_unknown(b, off);

	if (err)
		return err;
	b->table->stats.by_bytes_cnt++;
	return unwind_piece(b, end, UNWIND_RULE(kind, 0, 0), UNWIND_NONE_GAP);
}

/* Up to @end, without the program's entry point in between. */
static int unwind_gap_roles(struct unwind_builder *b, uint64_t end)
{
	struct code_place place;
	bool signal;
	int err;

	while (b->pos < end && b->table->stats.by_bytes_cnt < BY_BYTES_MAX &&
	       code_roles__find(b->roles, b->pos, end, b->pos + b->vaddr_delta, &place)) {
		signal = place.role == CODE_SIGNAL_RESTORER;
		/* The kernel "returns" to the restorer's first byte, and the walker looks one byte
		 * before. */
		if (signal && place.off > b->pos)
			place.off--;
		err = unwind_by_bytes(b, place.off, place.end,
				      signal ? UNWIND_SIGNAL : UNWIND_ROOT);
		if (err)
			return err;
	}
	return unwind_unknown(b, end);
}

/*
 * An entry point without information is the C library's start code, called by nobody: musl's
 * _start, the dynamic linker's _dl_start_user, which constructors are called from.
 */
static int unwind_gap(struct unwind_builder *b, uint64_t end)
{
	uint64_t entry = elf_file__entry(b->elf) - b->vaddr_delta;
	int err = unwind_study(b, end);

	b->gap_off = b->pos;
	if (err)
		return err;
	if (entry >= b->pos && entry < end) {
		err = unwind_gap_roles(b, entry);
		if (!err)
			err = unwind_by_bytes(b, entry, code_roles__entry_end(b->roles, entry, end),
					      UNWIND_ROOT);
		if (err)
			return err;
	}
	return unwind_gap_roles(b, end);
}

/* --- functions --------------------------------------------------------------------------- */

static int unwind_function(struct unwind_builder *b, const struct fde_ref *ref)
{
	uint64_t end = (uint64_t)ref->off + ref->len_bytes, delta;
	enum unwind_none_reason reason = UNWIND_NONE_GAP;
	struct cfi_piece piece;
	uint32_t rule;
	int more, err;

	err = fde_list__run(b->fdes, ref, &b->run);
	if (err)
		return err;
	b->table->stats.fde_cnt++;
	b->table->stats.covered_bytes += ref->len_bytes;
	delta = cfi_run__vaddr(&b->run) - ref->off;
	if (go_stacks__switches(&b->go, ref->off + delta))
		return unwind_piece(b, end, UNWIND_RULE(UNWIND_FP_RECORD, 0, 0), reason);
	while ((more = cfi_run__next(&b->run, &piece)) > 0) {
		rule = b->arch->rule(b->run.ctx, piece.state, &reason);
		err = unwind_piece(b, piece.vaddr_end - delta, rule, reason);
		if (err)
			return err;
	}
	if (more != -EBADMSG)
		return more;
	return unwind_piece(b, end, UNWIND_RULE(UNWIND_NONE, 0, 0), UNWIND_NONE_BAD_PROGRAM);
}

static int unwind_segment(struct unwind_builder *b, const Elf64_Phdr *load)
{
	uint64_t end = load->p_offset + load->p_filesz, size_bytes = elf_file__size_bytes(b->elf);
	const struct fde_ref *ref;
	int err;

	if (end < load->p_offset || end > size_bytes)
		end = size_bytes;
	if (end > UINT32_MAX)
		end = UINT32_MAX;
	if (b->pos < load->p_offset)
		b->pos = load->p_offset;
	if (b->pos >= end)
		return 0;
	b->vaddr_delta = load->p_vaddr - load->p_offset;
	b->table->stats.text_bytes += end - b->pos;
	for (; b->fde_next < fde_list__cnt(b->fdes); b->fde_next++) {
		ref = fde_list__at(b->fdes, b->fde_next);
		if (ref->off >= end)
			break;
		/* Segments that share file bytes: the first one had it. */
		if (ref->off < b->pos)
			continue;
		err = unwind_gap(b, ref->off);
		if (!err && ref->off &&
		    code_roles__ends_context(b->roles, ref->off, ref->len_bytes))
			err = unwind_push_row(b->table, ref->off - 1,
					      UNWIND_RULE(UNWIND_ROOT, 0, 0));
		if (!err)
			err = unwind_function(b, ref);
		if (err)
			return err;
	}
	err = unwind_gap(b, end);
	if (err)
		return err;
	/* What follows is no code: the last rule must not reach into it. */
	return unwind_push_row(b->table, end, UNWIND_RULE(UNWIND_NONE, 0, 0));
}

/* The executable segment with the lowest offset from @off on; NULL if there is none. */
static const Elf64_Phdr *unwind_next_segment(const struct elf_file *elf, uint64_t off)
{
	const Elf64_Phdr *next = NULL, *phdr;

	for (size_t i = 0; i < elf_file__phdr_cnt(elf); i++) {
		phdr = elf_file__phdr(elf, i);
		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_X) || phdr->p_offset < off)
			continue;
		if (!next || phdr->p_offset < next->p_offset)
			next = phdr;
	}
	return next;
}

static int unwind_all_segments(struct unwind_builder *b)
{
	const Elf64_Phdr *load = unwind_next_segment(b->elf, 0);
	int err;

	while (load) {
		err = unwind_segment(b, load);
		if (err)
			return err;
		if (load->p_offset == UINT64_MAX)
			break;
		load = unwind_next_segment(b->elf, load->p_offset + 1);
	}
	return 0;
}

/* --- the table --------------------------------------------------------------------------- */

static int unwind_index_pages(struct unwind_table *table)
{
	const struct unwind_row *rows = table->rows.at;
	uint32_t row = 0;

	table->page_base = rows[0].off >> UNWIND_PAGE_SHIFT;
	table->page_cnt =
		(rows[table->rows.cnt - 1].off >> UNWIND_PAGE_SHIFT) - table->page_base + 1;
	table->pages = malloc((table->page_cnt + 1) * sizeof(*table->pages));
	if (!table->pages)
		return -ENOMEM;
	for (uint32_t page = 0; page <= table->page_cnt; page++) {
		while (row < table->rows.cnt &&
		       rows[row].off >> UNWIND_PAGE_SHIFT < table->page_base + page)
			row++;
		table->pages[page] = row;
	}
	return 0;
}

static int unwind_fill(struct unwind_builder *b, unsigned flags)
{
	struct code_window *code __free(code_window) = NULL;
	struct code_roles *roles __free(code_roles) = NULL;
	struct code_frames *frames __free(code_frames) = NULL;
	struct fde_list *fdes __free(fde_list) = NULL;
	int err = code_window__new(b->elf, &code);

	if (!err)
		err = code_roles__new(b->elf, code, &roles);
	if (!err && !(flags & UNWIND_CFI_ONLY))
		err = code_frames__new(b->elf, &frames);
	if (err == -ENOTSUP)
		err = 0;
	if (!err)
		err = fde_list__new(b->elf, &b->arch->machine, &b->table->stats, &fdes);
	if (err)
		return err;
	go_stacks_read(b->elf, &b->go);
	b->code = code;
	b->roles = roles;
	b->frames = frames;
	b->fdes = fdes;
	err = unwind_all_segments(b);
	if (err)
		return err;
	return b->table->rows.cnt ? unwind_index_pages(b->table) : UNWIND_NO_CFI;
}

int unwind_table__build(const struct elf_file *elf, unsigned flags, struct unwind_table **ret)
{
	struct unwind_table *table __free(unwind_table) = calloc(1, sizeof(*table));
	struct unwind_builder *b __free_mem = calloc(1, sizeof(*b));
	int err;

	if (!table || !b)
		return -ENOMEM;
	b->elf = elf;
	b->arch = unwind_arch_find(elf_file__machine(elf));
	if (!b->arch)
		return -ENOTSUP;
	b->full = flags & UNWIND_FULL;
	b->table = table;
	err = unwind_fill(b, flags);
	if (err)
		return err;
	*ret = TAKE_PTR(table);
	return 0;
}

int unwind_table__build_within(const struct elf_file *elf, size_t full_max,
			       struct unwind_table **ret)
{
	struct unwind_table *table __free(unwind_table) = NULL;
	int err;

	if (full_max) {
		err = unwind_table__build(elf, UNWIND_FULL, &table);
		if (err)
			return err;
		if (table->rows.cnt <= full_max) {
			*ret = TAKE_PTR(table);
			return 0;
		}
	}
	return unwind_table__build(elf, 0, ret);
}

/* The walker would read beyond the table, or for ever. */
static bool is_sound(const struct unwind_table *table)
{
	const struct unwind_row *rows = table->rows.at;
	size_t i;

	for (i = 0; i + 1 < table->rows.cnt; i++) {
		if (rows[i].off >= rows[i + 1].off)
			return false;
	}
	for (i = 0; i <= table->page_cnt; i++) {
		if (table->pages[i] > table->rows.cnt ||
		    (i && table->pages[i] < table->pages[i - 1]))
			return false;
	}
	return table->rows.cnt >= 2 && table->page_cnt;
}

int unwind_table__from(const struct unwind_row *rows, size_t row_cnt, const uint32_t *pages,
		       uint32_t page_cnt, uint32_t page_base, struct unwind_table **ret)
{
	struct unwind_table *table __free(unwind_table) = calloc(1, sizeof(*table));

	if (!table || vec__reserve(&table->rows, row_cnt))
		return -ENOMEM;
	table->pages = calloc((size_t)page_cnt + 1, sizeof(*pages));
	if (!table->pages)
		return -ENOMEM;
	if (row_cnt)
		memcpy(table->rows.at, rows, row_cnt * sizeof(*rows));
	memcpy(table->pages, pages, ((size_t)page_cnt + 1) * sizeof(*pages));
	table->rows.cnt = row_cnt;
	table->page_cnt = page_cnt;
	table->page_base = page_base;
	if (!is_sound(table))
		return -EBADMSG;
	*ret = TAKE_PTR(table);
	return 0;
}

void unwind_table__free(struct unwind_table *table)
{
	if (!table)
		return;
	vec__done(&table->rows);
	free(table->pages);
	free(table);
}

size_t unwind_table__row_cnt(const struct unwind_table *table)
{
	return table->rows.cnt;
}

const struct unwind_row *unwind_table__rows(const struct unwind_table *table)
{
	return table->rows.at;
}

uint32_t unwind_table__page_base(const struct unwind_table *table)
{
	return table->page_base;
}

uint32_t unwind_table__page_cnt(const struct unwind_table *table)
{
	return table->page_cnt;
}

const uint32_t *unwind_table__pages(const struct unwind_table *table)
{
	return table->pages;
}

const struct unwind_stats *unwind_table__stats(const struct unwind_table *table)
{
	return &table->stats;
}

uint32_t unwind_table__find(const struct unwind_table *table, uint64_t off)
{
	const struct unwind_row *rows = table->rows.at;
	uint64_t page = (off >> UNWIND_PAGE_SHIFT) - table->page_base;
	uint32_t lo, hi, mid;

	if (off >> UNWIND_PAGE_SHIFT < table->page_base || page >= table->page_cnt)
		return UNWIND_RULE(UNWIND_NONE, 0, 0);
	/* The first row beyond off: the one before it holds, be it on an earlier page. */
	lo = table->pages[page];
	hi = table->pages[page + 1];
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (rows[mid].off <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? rows[lo - 1].rule : UNWIND_RULE(UNWIND_NONE, 0, 0);
}
