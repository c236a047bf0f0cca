// SPDX-License-Identifier: Apache-2.0
#include "target/insn.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "target/insn_x86.h"

/* One machine has a decoder so far. Another gets an insn_ARCH.c and a branch here; without one,
 * functions are probed at their entry and none is known to call another. */
struct insn_decoder {
	size_t handle;
};

int insn_decoder__new(uint16_t machine, struct insn_decoder **ret)
{
	struct insn_decoder *decoder;
	size_t handle;
	int err;

	if (machine != EM_X86_64)
		return -ENOTSUP;
	err = insn_x86_open(&handle);
	if (err)
		return err;
	decoder = malloc(sizeof(*decoder));
	if (!decoder) {
		insn_x86_close(handle);
		return -ENOMEM;
	}
	decoder->handle = handle;
	*ret = decoder;
	return 0;
}

void insn_decoder__free(struct insn_decoder *decoder)
{
	if (!decoder)
		return;
	insn_x86_close(decoder->handle);
	free(decoder);
}

int insn_decoder__decode(struct insn_decoder *decoder, const uint8_t *code, size_t len_bytes,
			 uint64_t addr, struct insn *ret)
{
	return insn_x86_decode(decoder->handle, code, len_bytes, addr, ret);
}
