/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compact unwind tables: what the BPF walker needs of a file's call frame information, in the
 * format of abi/unwind.h, and nothing else.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/unwind.h"
#include "base/cleanup.h"
#include "unwind/cfi_rule.h"

struct elf_file;
struct unwind_table;

/* Limits on what a hostile file may cost. The largest programs in use stay below a tenth of each.
 */
#define UNWIND_FDE_MAX (4u << 20)
#define UNWIND_ROW_MAX (8u << 20)
#define UNWIND_OPS_MAX (256u << 20) /* call frame instructions executed: a second or two */

/*
 * Every row. Without it, only rows whose code may hold a call: the walker looks up return
 * addresses, less one. What is lost is the exact rule of interrupted code, below a signal frame.
 */
#define UNWIND_FULL     1u
/* Only what the file says: do not look for frames in code without information (code_frames.h). */
#define UNWIND_CFI_ONLY 2u

/* Outcome: there is nothing to load. The file says nothing about its frames, or only about code
 * that calls nobody. */
#define UNWIND_NO_CFI 1

struct unwind_stats {
	uint32_t fde_cnt;         /* compiled */
	uint32_t fde_bad_cnt;     /* broken, or in an encoding that code addresses are never in */
	uint32_t fde_outside_cnt; /* for code that is not in the file's executable segments */
	uint32_t fde_overlap_cnt; /* dropped or cut because another one starts there */
	uint32_t section_cut_cnt; /* sections that end within an entry */
	uint64_t studied_bytes;   /* of code without information, for which rules were found */
	uint32_t by_bytes_cnt;    /* rows for code without information, known by its bytes */
	uint32_t rule_cnt;        /* rules before reduction, equal neighbours merged */
	uint64_t text_bytes;      /* of executable segments */
	uint64_t covered_bytes;   /* of those, with an FDE */
	/* Ranges for which the table says UNWIND_NONE, and their bytes, by reason. */
	uint32_t none_cnt[UNWIND_NONE_REASON_CNT];
	uint64_t none_bytes[UNWIND_NONE_REASON_CNT];
};

/*
 * 0; UNWIND_NO_CFI; -E2BIG or -EFBIG: over the limits; -ENOMEM; or what reading @elf gave. Broken
 * parts of an otherwise good file are counted, not errors.
 */
int unwind_table__build(const struct elf_file *elf, unsigned flags, struct unwind_table **ret);
/* Full only if it has at most @full_max rows then. */
int unwind_table__build_within(const struct elf_file *elf, size_t full_max,
			       struct unwind_table **ret);
/* From its parts, as the functions below give them; copied. 0, -EBADMSG: they are no table, -ENOMEM. */
int unwind_table__from(const struct unwind_row *rows, size_t row_cnt, const uint32_t *pages,
		       uint32_t page_cnt, uint32_t page_base, struct unwind_table **ret);
void unwind_table__free(struct unwind_table *table);
DEFINE_CLEANUP(unwind_table);

/* Ascending by offset, at least two; the last is UNWIND_NONE: no rule reaches beyond the code. */
size_t unwind_table__row_cnt(const struct unwind_table *table);
const struct unwind_row *unwind_table__rows(const struct unwind_table *table);
/* page_cnt + 1 indices into the rows; the first page is page_base. */
uint32_t unwind_table__page_base(const struct unwind_table *table);
uint32_t unwind_table__page_cnt(const struct unwind_table *table);
const uint32_t *unwind_table__pages(const struct unwind_table *table);
const struct unwind_stats *unwind_table__stats(const struct unwind_table *table);

/* The rule for the code at a file offset, by the walker's own search; UNWIND_NONE if there is none.
 */
uint32_t unwind_table__find(const struct unwind_table *table, uint64_t off);
