/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .eh_frame and .debug_frame as a sequence of entries: CIEs (what functions share) and FDEs (one
 * per range of code). Sources of truth: DWARF 5 section 6.4.1 for .debug_frame, the Linux Standard
 * Base 5.0 Core, "Exception Frames", for how .eh_frame differs (CIE pointers are relative,
 * augmentation strings, pointer encodings).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

/* Larger sections are refused: the largest programs in use (browsers, compilers) have some 30 MiB.
 */
#define CFI_SECTION_MAX_BYTES (256u << 20)

struct cfi_section {
	struct elf_span bytes;
	uint64_t vaddr; /* what DW_EH_PE_pcrel is relative to; 0 for .debug_frame */
	bool debug_frame;
	bool ends_at_zero; /* the size is not known: a zero length ends the entries */
};

struct cfi_cie {
	struct elf_span program;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg;
	uint8_t pointer_enc; /* of the FDEs' addresses, DW_EH_PE_* */
	bool has_aug_data;   /* 'z': FDEs carry a length of augmentation data */
	bool signal;         /* 'S' */
};

struct cfi_fde {
	struct elf_span program;
	uint64_t vaddr;
	uint64_t len_bytes;
	uint32_t cie_pos;
};

/*
 * The section, or for .eh_frame without sections what PT_GNU_EH_FRAME points at. -ENOENT if the
 * file has none; -EFBIG over the limit; or elf_file__section_data's errors.
 */
int cfi_section_find_eh_frame(const struct elf_file *elf, struct cfi_section *ret);
int cfi_section_find_debug_frame(const struct elf_file *elf, struct cfi_section *ret);

enum cfi_entry_kind { CFI_ENTRY_CIE, CFI_ENTRY_FDE, CFI_ENTRY_BAD, CFI_ENTRY_END };

/* What kind of entry is at *@pos; moves *@pos behind it. @ret_start is where the entry begins: hand
 * it to the functions below. CFI_ENTRY_BAD is an entry that runs over the end; nothing can follow
 * it. */
enum cfi_entry_kind cfi_section_next(const struct cfi_section *section, uint32_t *pos,
				     uint32_t *ret_start);

/* Parse the entry at @pos. 0, or -EBADMSG for what is broken or of an unknown version or encoding.
 */
int cfi_section_cie(const struct cfi_section *section, uint32_t pos, struct cfi_cie *ret);
/* The CIE an FDE refers to, to be parsed before it. */
int cfi_section_fde_cie_pos(const struct cfi_section *section, uint32_t pos, uint32_t *ret);
int cfi_section_fde(const struct cfi_section *section, uint32_t pos, const struct cfi_cie *cie,
		    struct cfi_fde *ret);

/* An address in the CIE's encoding at @at, which must point into @section (for DW_CFA_set_loc).
 * Moves *@at. */
int cfi_section_pointer(const struct cfi_section *section, uint8_t enc, const uint8_t **at,
			const uint8_t *end, uint64_t *ret);
