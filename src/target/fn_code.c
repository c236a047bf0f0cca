// SPDX-License-Identifier: Apache-2.0
#include "target/fn_code.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "target/fn_links.h"

/* glibc's and jemalloc's largest have about 2,000. */
#define INSN_MAX_CNT 16384

struct fn_code {
	uint64_t entry;
	uint64_t end; /* of the symbol; 0 if unknown */
	bool is_cut;
	VEC(struct insn) insns;
	VEC(uint64_t) todo; /* where blocks start that are still to be read */
	struct hashmap *by_addr;
};

int fn_code_decode(const struct elf_file *elf, struct insn_decoder *decoder, uint64_t addr,
		   struct insn *ret)
{
	const Elf64_Phdr *load = elf_file__load_by_vaddr(elf, addr);
	uint8_t bytes[INSN_MAX_BYTES];
	size_t len = sizeof(bytes);
	int err;

	if (!load || !(load->p_flags & PF_X))
		return -EFAULT;
	if (len > load->p_vaddr + load->p_filesz - addr)
		len = load->p_vaddr + load->p_filesz - addr;
	err = elf_file__read_vaddr(elf, addr, bytes, len);
	return err ? err : insn_decoder__decode(decoder, bytes, len, addr, ret);
}

static bool in_symbol(const struct fn_code *code, uint64_t addr)
{
	return addr >= code->entry && addr < code->end;
}

static bool ends_block(const struct fn_code *code, struct insn_decoder *decoder,
		       const struct fn_links *links, const struct insn *insn)
{
	uint64_t next = insn->addr + insn->len_bytes;

	switch ((enum insn_flow)insn->flow) {
	case INSN_JUMP:
	case INSN_RETURN:
	case INSN_STOP:
		return true;
	case INSN_CALL:
		if (fn_links__follow(links, decoder, insn).kind == LINK_NO_RETURN)
			return true;
		break;
	case INSN_NEXT:
	case INSN_BRANCH:
		break;
	}
	/* Running over the symbol's end: the call before it does not return either. */
	return in_symbol(code, insn->addr) && next == code->end;
}

static int read_block(struct fn_code *code, const struct elf_file *elf,
		      struct insn_decoder *decoder, const struct fn_links *links, uint64_t addr)
{
	struct insn insn;
	uint64_t known, target;
	int err;

	for (;; addr += insn.len_bytes) {
		if (hashmap__get(code->by_addr, addr, &known))
			return 0;
		if (addr != code->entry && fn_links__at(links, addr).kind == LINK_ALLOC_FN)
			return 0;
		if (code->insns.cnt == INSN_MAX_CNT) {
			code->is_cut = true;
			return 0;
		}
		if (fn_code_decode(elf, decoder, addr, &insn))
			return 0;
		err = hashmap__set(code->by_addr, addr, code->insns.cnt);
		if (!err)
			err = vec__push(&code->insns, insn);
		target = insn.target ? insn.target : fn_links__own(links, &insn);
		if (!err && target && (insn.flow == INSN_JUMP || insn.flow == INSN_BRANCH))
			err = vec__push(&code->todo, target);
		if (err)
			return err;
		if (ends_block(code, decoder, links, &insn)) {
			/* Code behind it may be reached by a table of addresses, or an unwinder. */
			if (in_symbol(code, insn.addr) &&
			    in_symbol(code, insn.addr + insn.len_bytes))
				return vec__push(&code->todo, insn.addr + insn.len_bytes);
			return 0;
		}
	}
}

int fn_code__read(const struct elf_file *elf, struct insn_decoder *decoder,
		  const struct fn_links *links, uint64_t entry, uint64_t size_bytes,
		  struct fn_code **ret)
{
	struct fn_code *code __free(fn_code) = calloc(1, sizeof(*code));
	int err;

	if (!code)
		return -ENOMEM;
	code->entry = entry;
	code->end = size_bytes && entry <= UINT64_MAX - size_bytes ? entry + size_bytes : 0;
	code->by_addr = hashmap__new();
	if (!code->by_addr)
		return -ENOMEM;
	err = vec__push(&code->todo, entry);
	while (!err && code->todo.cnt && !code->is_cut)
		err = read_block(code, elf, decoder, links, code->todo.at[--code->todo.cnt]);
	if (err)
		return err;
	*ret = TAKE_PTR(code);
	return 0;
}

void fn_code__free(struct fn_code *code)
{
	if (!code)
		return;
	vec__done(&code->insns);
	vec__done(&code->todo);
	if (code->by_addr)
		hashmap__free(code->by_addr);
	free(code);
}

uint64_t fn_code__entry(const struct fn_code *code)
{
	return code->entry;
}

bool fn_code__is_cut(const struct fn_code *code)
{
	return code->is_cut;
}

size_t fn_code__cnt(const struct fn_code *code)
{
	return code->insns.cnt;
}

const struct insn *fn_code__insn(const struct fn_code *code, size_t idx)
{
	return &code->insns.at[idx];
}

const struct insn *fn_code__at(const struct fn_code *code, uint64_t addr)
{
	uint64_t idx;

	return hashmap__get(code->by_addr, addr, &idx) ? &code->insns.at[idx] : NULL;
}

bool fn_code__ends_before(const struct fn_code *code, uint64_t addr)
{
	return code->end && addr == code->end;
}
