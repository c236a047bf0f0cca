// SPDX-License-Identifier: Apache-2.0
#include "elf/gnu_debugdata.h"

#include <errno.h>
#include <lzma.h>

#include "base/buf.h"
#include "elf/elf_file.h"

#define CHUNK_BYTES 65536u

static int lzma_errno(lzma_ret code)
{
	switch (code) {
	case LZMA_STREAM_END:
	case LZMA_OK:
		return 0;
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return -EFBIG;
	default:
		return -EBADMSG;
	}
}

/* Feed all of the input; the decoder itself says when the stream is over. */
static int decode(lzma_stream *xz, struct buf *out)
{
	uint8_t chunk[CHUNK_BYTES];
	lzma_ret code;

	do {
		xz->next_out = chunk;
		xz->avail_out = sizeof(chunk);
		code = lzma_code(xz, LZMA_FINISH);
		buf__append(out, chunk, sizeof(chunk) - xz->avail_out);
		if (buf__error(out))
			return buf__error(out) == -EOVERFLOW ? -EFBIG : buf__error(out);
	} while (code == LZMA_OK);
	return lzma_errno(code);
}

int gnu_debugdata_unpack(const struct elf_file *elf, uint8_t **ret, size_t *ret_len_bytes)
{
	struct buf *out __free(buf) = NULL;
	lzma_stream xz = LZMA_STREAM_INIT;
	struct elf_span packed;
	int err;

	err = elf_file__section_data_by_name(elf, ".gnu_debugdata", &packed);
	if (err)
		return err;
	out = buf__new(GNU_DEBUGDATA_MAX_BYTES);
	if (!out)
		return -ENOMEM;
	err = lzma_errno(lzma_stream_decoder(&xz, GNU_DEBUGDATA_DECODER_MAX_BYTES, 0));
	if (err)
		return err;
	xz.next_in = packed.at;
	xz.avail_in = packed.len_bytes;
	err = decode(&xz, out);
	lzma_end(&xz);
	if (err)
		return err;
	*ret = (uint8_t *)buf__take(out, ret_len_bytes);
	return *ret ? 0 : -ENOMEM;
}
