/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call frame information put together byte by byte. Instructions are given as C strings of bytes,
 * lengths are filled in.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Of .eh_frame: pcrel | sdata4 is what linkers write. */
#define CFI_ENC_PCREL_SDATA4 "\x1b"
#define CFI_ENC_ABSPTR       "\x00"

struct cfi_bytes {
	struct buf *bytes;
	uint64_t vaddr; /* of the section */
	int debug_frame;
	uint8_t enc;      /* of the FDEs to come */
	uint32_t cie_pos; /* of the last CIE */
};

/* Ends with cfi_bytes_done(). Never fails: tests end when memory does. */
void cfi_bytes_init(struct cfi_bytes *b, uint64_t vaddr, int debug_frame);
void cfi_bytes_done(struct cfi_bytes *b);

/* code_align 1, data_align -8, return address in @ra_reg. @aug_data is what "zR..." describes,
 * without its length. */
void cfi_bytes__cie(struct cfi_bytes *b, unsigned ra_reg, const char *augmentation,
		    const char *aug_data, size_t aug_len, const char *program, size_t len);
void cfi_bytes__fde(struct cfi_bytes *b, uint64_t vaddr, uint64_t len_bytes, const char *program,
		    size_t len);
void cfi_bytes__raw(struct cfi_bytes *b, const void *data, size_t len);
