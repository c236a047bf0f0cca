// SPDX-License-Identifier: Apache-2.0
#include "target/fn_links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "elf/elf_dyn.h"
#include "target/fn_code.h"

/* endbr64; [bnd] jmp *slot, or the same without the first. */
#define STUB_INSN_CNT 3

/* Values in the maps: this, or 1 + the row of the table. */
#define NO_RETURN 0

struct fn_links {
	const struct alloc_fns *fns;
	const struct elf_file *elf;
	struct hashmap *by_addr;
	struct hashmap *by_slot;
	struct hashmap *own_by_slot; /* slot -> address in this file */
};

static bool never_returns(const char *symbol)
{
	static const char *const names[] = {
		"__cxa_throw",
		"__cxa_rethrow",
		"__cxa_throw_bad_array_new_length",
		"__cxa_throw_bad_array_length",
		"__cxa_call_unexpected",
		"__cxa_bad_cast",
		"__cxa_call_terminate",
		"_ZSt9terminatev",
		"_Unwind_Resume",
		"abort",
		"exit",
		"_exit",
		"_Exit",
		"__stack_chk_fail",
		"__assert_fail",
		"__libc_fatal",
		"__fortify_fail",
		"pthread_exit",
		"longjmp",
		"_longjmp",
		"siglongjmp",
	};
	size_t i;

	/* std::__throw_bad_alloc() and its sisters */
	if (!strncmp(symbol, "_ZSt", 4) && strstr(symbol, "__throw_"))
		return true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(symbol, names[i]))
			return true;
	}
	return false;
}

static int add(const struct fn_links *links, struct hashmap *map, uint64_t key, const char *symbol)
{
	const struct alloc_fn *fn = alloc_fns__find(links->fns, symbol);

	if (fn)
		return hashmap__set(map, key, 1u + fn->probe.fn);
	if (never_returns(symbol))
		return hashmap__set(map, key, NO_RETURN);
	return 0;
}

static int add_slots(struct fn_links *links)
{
	struct elf_reloc_iter it;
	struct elf_reloc reloc;
	int err;

	err = elf_reloc_iter__init(&it, links->elf);
	/* Broken or no dynamic table: then nothing is called by name, and no function is a mere
	 * wrapper. */
	if (err)
		return err == -ENOMEM ? err : 0;
	while (!err && elf_reloc_iter__next(&it, &reloc)) {
		if (!*reloc.sym_name || reloc.addend)
			continue;
		err = add(links, links->by_slot, reloc.vaddr, reloc.sym_name);
		if (!err && reloc.sym_vaddr)
			err = hashmap__set(links->own_by_slot, reloc.vaddr, reloc.sym_vaddr);
	}
	return err;
}

int fn_links__new(const struct alloc_fns *fns, const struct elf_file *elf, struct fn_links **ret)
{
	struct fn_links *links __free(fn_links) = calloc(1, sizeof(*links));
	int err;

	if (!links)
		return -ENOMEM;
	links->fns = fns;
	links->elf = elf;
	links->by_addr = hashmap__new();
	links->by_slot = hashmap__new();
	links->own_by_slot = hashmap__new();
	if (!links->by_addr || !links->by_slot || !links->own_by_slot)
		return -ENOMEM;
	err = add_slots(links);
	if (err)
		return err;
	*ret = TAKE_PTR(links);
	return 0;
}

void fn_links__free(struct fn_links *links)
{
	if (!links)
		return;
	if (links->by_addr)
		hashmap__free(links->by_addr);
	if (links->by_slot)
		hashmap__free(links->by_slot);
	if (links->own_by_slot)
		hashmap__free(links->own_by_slot);
	free(links);
}

int fn_links__add_fn(struct fn_links *links, uint64_t addr, const struct alloc_fn *fn)
{
	return hashmap__set(links->by_addr, addr, 1u + fn->probe.fn);
}

int fn_links__add_symbol(struct fn_links *links, uint64_t addr, const char *symbol)
{
	return never_returns(symbol) ? hashmap__set(links->by_addr, addr, NO_RETURN) : 0;
}

static struct link get(const struct fn_links *links, const struct hashmap *map, uint64_t key)
{
	uint64_t value;

	if (!hashmap__get(map, key, &value))
		return (struct link){ LINK_NONE, NULL };
	if (value == NO_RETURN)
		return (struct link){ LINK_NO_RETURN, NULL };
	return (struct link){ LINK_ALLOC_FN, alloc_fns__at(links->fns, value - 1) };
}

struct link fn_links__at(const struct fn_links *links, uint64_t addr)
{
	return get(links, links->by_addr, addr);
}

/* The word a stub at @addr jumps through, or 0. */
static uint64_t stub_slot(const struct fn_links *links, struct insn_decoder *decoder, uint64_t addr)
{
	struct insn insn;
	int i;

	for (i = 0; i < STUB_INSN_CNT; i++, addr += insn.len_bytes) {
		if (fn_code_decode(links->elf, decoder, addr, &insn))
			return 0;
		if (insn.flow == INSN_JUMP)
			return insn.slot;
		if (insn.flow != INSN_NEXT)
			return 0;
	}
	return 0;
}

struct link fn_links__follow(const struct fn_links *links, struct insn_decoder *decoder,
			     const struct insn *insn)
{
	struct link link = { LINK_NONE, NULL };
	uint64_t slot = insn->slot;

	if (insn->target) {
		link = fn_links__at(links, insn->target);
		if (link.kind != LINK_NONE)
			return link;
		slot = stub_slot(links, decoder, insn->target);
	}
	return slot ? get(links, links->by_slot, slot) : link;
}

uint64_t fn_links__own(const struct fn_links *links, const struct insn *insn)
{
	uint64_t addr;

	return insn->slot && hashmap__get(links->own_by_slot, insn->slot, &addr) ? addr : 0;
}
