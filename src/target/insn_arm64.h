/* SPDX-License-Identifier: Apache-2.0 */
/* arm64 behind insn.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct insn;

/* A Capstone handle; its header stays out of ours. */
int insn_arm64_open(size_t *ret_handle);
void insn_arm64_close(size_t handle);
int insn_arm64_decode(size_t handle, const uint8_t *code, size_t len_bytes, uint64_t addr,
		      struct insn *ret);
