// SPDX-License-Identifier: Apache-2.0
#include "harness/cfi_bytes.h"

#include <assert.h>
#include <string.h>

void cfi_bytes_init(struct cfi_bytes *b, uint64_t vaddr, int debug_frame)
{
	*b = (struct cfi_bytes){ buf__new(0), vaddr, debug_frame, 0, 0 };
	assert(b->bytes);
}

void cfi_bytes_done(struct cfi_bytes *b)
{
	buf__free(b->bytes);
	b->bytes = NULL;
}

void cfi_bytes__raw(struct cfi_bytes *b, const void *data, size_t len)
{
	buf__append(b->bytes, data, len);
}

static void put_u32(struct buf *buf, uint64_t value)
{
	uint32_t word = (uint32_t)value;

	buf__append(buf, &word, sizeof(word));
}

/* Entry of @body behind its id, padded with DW_CFA_nop. */
static void put_entry(struct cfi_bytes *b, uint32_t id, const struct buf *body)
{
	size_t len = 4 + buf__len(body), pad = -len % 4;

	put_u32(b->bytes, len + pad);
	put_u32(b->bytes, id);
	buf__append(b->bytes, buf__data(body), buf__len(body));
	buf__append(b->bytes, "\0\0\0", pad);
}

void cfi_bytes__cie(struct cfi_bytes *b, unsigned ra_reg, const char *augmentation,
		    const char *aug_data, size_t aug_len, const char *program, size_t len)
{
	struct buf *body __free(buf) = buf__new(0);
	const char *r = strchr(augmentation, 'R');

	b->cie_pos = (uint32_t)buf__len(b->bytes);
	/* 'R' is the first letter with data in all tests that have one. */
	b->enc = r ? (uint8_t)aug_data[0] : 0;
	buf__append_char(body, 1);
	buf__append(body, augmentation, strlen(augmentation) + 1);
	buf__append_char(body, 1);    /* code alignment */
	buf__append_char(body, 0x78); /* data alignment: -8 */
	buf__append_char(body, (char)ra_reg);
	if (augmentation[0] == 'z') {
		buf__append_char(body, (char)aug_len);
		buf__append(body, aug_data, aug_len);
	}
	buf__append(body, program, len);
	put_entry(b, b->debug_frame ? UINT32_MAX : 0, body);
}

void cfi_bytes__fde(struct cfi_bytes *b, uint64_t vaddr, uint64_t len_bytes, const char *program,
		    size_t len)
{
	struct buf *body __free(buf) = buf__new(0);
	uint32_t pos = (uint32_t)buf__len(b->bytes);

	if (b->enc == 0x1b) {
		put_u32(body, vaddr - (b->vaddr + pos + 8));
		put_u32(body, len_bytes);
	} else {
		buf__append(body, &vaddr, sizeof(vaddr));
		buf__append(body, &len_bytes, sizeof(len_bytes));
	}
	if (!b->debug_frame)
		buf__append_char(body, 0); /* no augmentation data */
	buf__append(body, program, len);
	put_entry(b, b->debug_frame ? b->cie_pos : pos + 4 - b->cie_pos, body);
}
