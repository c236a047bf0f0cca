/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Unwind tables as the BPF walker reads them: what is left of .eh_frame when all that a return address can
 * never ask is taken out.
 *
 * A file's table is a run of rows sorted by file offset. A row's rule holds from its offset up to the next
 * row's. A page index (one u32 per 4 KiB of file offset) gives the first row at or behind the page's start,
 * so that a look-up searches a handful of rows:
 *
 *	p    = (off >> 12) - file.page_base		(off: file offset of the pc, not its address)
 *	rows = [pages[file.page0 + p], pages[file.page0 + p + 1])
 *	row  = the last one with row.off <= off, else the one before rows[0]
 *
 * Offsets, not addresses: a table is the same for every process that maps the file, wherever it does.
 * Row and page numbers in the maps are absolute (row0 is added when a table is loaded).
 */
#pragma once

#include "abi/types.h"

#define UNWIND_PAGE_SHIFT 12

struct unwind_row {
	__u32 off;  /* file offset of the first byte the rule holds for */
	__u32 rule; /* UNWIND_RULE(...) */
};
_Static_assert(sizeof(struct unwind_row) == 8, "unwind_row is 8 bytes");

/*
 * The rule word: kind in bits 0-3, where the frame pointer was saved in bits 4-11, the CFA's offset in
 * bits 12-31. All offsets are in words of 8 bytes; what does not fit is UNWIND_NONE.
 *
 * fp: 0 the frame pointer is unchanged, 1..253 it was saved at CFA - 8*fp, UNWIND_FP_CHAIN it was saved where
 * the frame pointer points, UNWIND_FP_LOST unknown. The chain form comes with UNWIND_FP_DEREF: functions that
 * realign their stack keep the CFA at fp - 8 and the caller's fp at fp, and how far fp is from the CFA is only
 * known at run time.
 */
enum unwind_kind {
	UNWIND_NONE = 0,     /* no CFI here: guess by frame pointer */
	UNWIND_SP = 1,       /* CFA = sp + off */
	UNWIND_FP = 2,       /* CFA = fp + off */
	UNWIND_SP_DEREF = 3, /* CFA = *(sp + off) + add; see UNWIND_DEREF_* */
	UNWIND_FP_DEREF = 4, /* CFA = *(fp + off) + add */
	UNWIND_PLT = 5,      /* CFA = sp + 8 + ((pc & 15) >= off ? 8 : 0) */
	UNWIND_SIGNAL =
		6, /* signal frame: all registers from the ucontext at sp (+ UNWIND_SIGNAL_*) */
	UNWIND_ROOT = 7,  /* return address undefined: the end of the stack */
	UNWIND_LR = 8,    /* arm64 leaf: return address in lr, CFA = sp + off */
	UNWIND_FRAME = 9, /* arm64: CFA = sp + off, frame record (fp, lr) at CFA - 8*fp */
	UNWIND_FP_FRAME =
		10, /* arm64: CFA = fp + off, frame record at CFA - 8*fp, or UNWIND_FP_CHAIN */
	UNWIND_LR_SAVED =
		11, /* arm64: CFA = sp + off, lr alone at CFA - 8*fp, frame pointer unchanged */
	UNWIND_FRAME_SP =
		12, /* arm64: CFA = sp + off, frame record at sp + 8*fp: frames over 2 KiB */
	UNWIND_FP_RECORD =
		13, /* the caller's frame pointer and return address are at fp, on whichever stack that is */
	UNWIND_LR_SAVED_SP =
		14, /* arm64: CFA = sp + off, lr alone at sp + 8*fp: frames over 2 KiB */
};

#define UNWIND_FP_SLOT_MAX 253u
#define UNWIND_FP_CHAIN    254u
#define UNWIND_FP_LOST     255u
#define UNWIND_CFA_OFF_MAX 0xfffffu

#define UNWIND_RULE(kind, fp, off) ((__u32)(kind) | (__u32)(fp) << 4 | (__u32)(off) << 12)
#define UNWIND_RULE_KIND(rule)     ((rule)&15u)
#define UNWIND_RULE_FP(rule)       (((rule) >> 4) & 255u)
#define UNWIND_RULE_OFF(rule)      ((rule) >> 12)

/* The two _DEREF kinds split the 20 bits: a signed 12-bit word offset, then an unsigned 8-bit word add. */
#define UNWIND_DEREF(off, add) (((__u32)(off)&0xfffu) | (__u32)(add) << 12)
#define UNWIND_DEREF_OFF(rule) ((int)((rule) << 8) >> 20)
#define UNWIND_DEREF_ADD(rule) ((rule) >> 24)

/* What the walker knows of a mapped file, by (device, inode). */
#define UNWIND_FILE_TABLE  1u /* a table is loaded: row0, page0, page_cnt hold */
#define UNWIND_FILE_NO_CFI 2u /* looked at: it has none, go by frame pointer */

struct unwind_file_key {
	__u64 ino;
	__u32 dev; /* the kernel's encoding: major << 20 | minor */
	__u32 pad;
};
_Static_assert(sizeof(struct unwind_file_key) == 16, "unwind_file_key is 16 bytes");

struct unwind_file {
	__u32 id; /* what frames carry: FRAME_FILE(frame) */
	__u32 flags;
	__u32 page0; /* first of the file's entries in the page index; page_cnt + 1 entries */
	__u32 page_cnt;
	__u32 page_base; /* file offset >> 12 of the first page */
	__u32 row0;      /* first of the file's rows: a pc before it has no rule */
};
_Static_assert(sizeof(struct unwind_file) == 24, "unwind_file is 24 bytes");
