// SPDX-License-Identifier: Apache-2.0
#include "target/insn.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "target/insn_arm64.h"
#include "target/insn_x86.h"

/* A machine is a row here and an insn_ARCH.c. Without one, functions are probed at their entry and
 * none is known to call another. */
static const struct insn_machine {
	uint16_t machine;
	int (*open)(size_t *ret_handle);
	void (*close)(size_t handle);
	int (*decode)(size_t handle, const uint8_t *code, size_t len_bytes, uint64_t addr,
		      struct insn *ret);
} machines[] = {
	{ EM_X86_64, insn_x86_open, insn_x86_close, insn_x86_decode },
	{ EM_AARCH64, insn_arm64_open, insn_arm64_close, insn_arm64_decode },
};

struct insn_decoder {
	const struct insn_machine *machine;
	size_t handle;
};

int insn_decoder__new(uint16_t machine, struct insn_decoder **ret)
{
	const struct insn_machine *found = NULL;
	struct insn_decoder *decoder;
	size_t handle;
	int err;

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine)
			found = &machines[i];
	if (!found)
		return -ENOTSUP;
	err = found->open(&handle);
	if (err)
		return err;
	decoder = malloc(sizeof(*decoder));
	if (!decoder) {
		found->close(handle);
		return -ENOMEM;
	}
	*decoder = (struct insn_decoder){ found, handle };
	*ret = decoder;
	return 0;
}

void insn_decoder__free(struct insn_decoder *decoder)
{
	if (!decoder)
		return;
	decoder->machine->close(decoder->handle);
	free(decoder);
}

int insn_decoder__decode(struct insn_decoder *decoder, const uint8_t *code, size_t len_bytes,
			 uint64_t addr, struct insn *ret)
{
	return decoder->machine->decode(decoder->handle, code, len_bytes, addr, ret);
}
