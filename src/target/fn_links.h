/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file's code can call by name: addresses of its own functions, and words of its global
 * offset table that the dynamic linker fills with another's. Only names that matter are kept:
 * allocator functions, and functions that never return.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "elf/elf_file.h"
#include "target/alloc_fns.h"
#include "target/insn.h"

struct fn_links;

enum link_kind { LINK_NONE, LINK_ALLOC_FN, LINK_NO_RETURN };

struct link {
	enum link_kind kind;
	const struct alloc_fn *fn; /* of LINK_ALLOC_FN */
};

/* The names come from @fns, the words from the relocations of @elf. Both outlive it. 0 or -errno.
 */
int fn_links__new(const struct alloc_fns *fns, const struct elf_file *elf, struct fn_links **ret);
void fn_links__free(struct fn_links *links);
DEFINE_CLEANUP(fn_links);

/* The file defines @fn at @addr. */
int fn_links__add_fn(struct fn_links *links, uint64_t addr, const struct alloc_fn *fn);
/* The file defines @symbol at @addr; kept if the function never returns. */
int fn_links__add_symbol(struct fn_links *links, uint64_t addr, const char *symbol);

/* What stands at @addr. */
struct link fn_links__at(const struct fn_links *links, uint64_t addr);
/* Where @insn, a jump, branch or call, goes: at once, through the table, or through a stub (PLT)
 * that jumps through it. */
struct link fn_links__follow(const struct fn_links *links, struct insn_decoder *decoder,
			     const struct insn *insn);
/* The address of the file's own code that @insn, a jump, branch or call, goes to through the table:
 * the file defines the symbol itself. 0 if it does not. That another file's definition takes its
 * place is possible, but nobody replaces an allocator's inner functions. */
uint64_t fn_links__own(const struct fn_links *links, const struct insn *insn);
