/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of one function: every instruction control can reach from its entry without a call,
 * wherever the compiler put it (a split-off cold part, a shared tail, a stub). Jumps to other
 * allocator functions are not followed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "elf/elf_file.h"
#include "target/insn.h"

struct fn_links;
struct fn_code;

/*
 * Read the function at @entry, an address, of @size_bytes (0: unknown). Never fails for what the
 * code is: where it cannot be decoded or goes on too long, less of it is known. 0 or -ENOMEM.
 */
int fn_code__read(const struct elf_file *elf, struct insn_decoder *decoder,
		  const struct fn_links *links, uint64_t entry, uint64_t size_bytes,
		  struct fn_code **ret);
void fn_code__free(struct fn_code *code);
DEFINE_CLEANUP(fn_code);

uint64_t fn_code__entry(const struct fn_code *code);
/* The limit was hit: there is more than is known. */
bool fn_code__is_cut(const struct fn_code *code);
size_t fn_code__cnt(const struct fn_code *code);
/* In the order they were found; the entry is number 0 if the count is not 0. */
const struct insn *fn_code__insn(const struct fn_code *code, size_t idx);
/* The instruction at @addr, or NULL. */
const struct insn *fn_code__at(const struct fn_code *code, uint64_t addr);
/* Is @addr just behind the symbol? Control that runs there comes from a call that does not return.
 */
bool fn_code__ends_before(const struct fn_code *code, uint64_t addr);

/* One instruction of the file. 0, -EILSEQ, -EFAULT: no bytes there, or -errno. */
int fn_code_decode(const struct elf_file *elf, struct insn_decoder *decoder, uint64_t addr,
		   struct insn *ret);
