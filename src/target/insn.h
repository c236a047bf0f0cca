/* SPDX-License-Identifier: Apache-2.0 */
/* One machine instruction as far as probing cares: where control goes, what it spoils, how dear a
 * probe on it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum insn_flow {
	INSN_NEXT,   /* falls through */
	INSN_JUMP,   /* goes elsewhere */
	INSN_BRANCH, /* either */
	INSN_CALL,   /* elsewhere, and comes back behind it */
	INSN_RETURN,
	INSN_STOP, /* traps or halts */
};

#define INSN_ARG_CNT 6

struct insn {
	uint64_t addr;
	uint8_t len_bytes;
	uint8_t flow;         /* enum insn_flow */
	bool emulated;        /* a probe here costs one trap: the kernel does not single-step it */
	bool writes_sp;       /* or, on arm64, x30, where the return address is */
	uint8_t args_written; /* bit n-1: the register of argument n */
	uint8_t copy_from;    /* it copies the whole register of this argument … */
	uint8_t copy_to; /* … to that of this one (1..INSN_ARG_CNT), and writes nothing else; 0, 0:
			    it does not */
	uint64_t target; /* of a direct jump, branch or call; 0 if it is not known */
	uint64_t slot; /* of one through a fixed word of memory (a GOT entry): that word's address,
			  or 0 */
};

struct insn_decoder;

/* 0, -ENOTSUP: no decoder for @machine (EM_*), -ENOMEM. */
int insn_decoder__new(uint16_t machine, struct insn_decoder **ret);
void insn_decoder__free(struct insn_decoder *decoder);
DEFINE_CLEANUP(insn_decoder);

/* The instruction at the start of @code, which stands at @addr. 0, or -EILSEQ if there is none. */
int insn_decoder__decode(struct insn_decoder *decoder, const uint8_t *code, size_t len_bytes,
			 uint64_t addr, struct insn *ret);

#define INSN_MAX_BYTES 16
