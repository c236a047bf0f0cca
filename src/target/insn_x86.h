/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64 behind insn.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct insn;

/* A Capstone handle; its header stays out of ours. */
int insn_x86_open(size_t *ret_handle);
void insn_x86_close(size_t handle);
int insn_x86_decode(size_t handle, const uint8_t *code, size_t len_bytes, uint64_t addr,
		    struct insn *ret);

/* Does the kernel emulate a probed instruction of these bytes? See the table in insn_x86.c. */
bool insn_x86_is_emulated(const uint8_t *code, size_t len_bytes);
