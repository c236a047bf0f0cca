// SPDX-License-Identifier: Apache-2.0
/*
 * Which code can be returned into? On x86-64 a near call is E8 rel32 or FF /2 with any addressing
 * form, and prefixes before it change nothing about where it ends (Intel SDM volume 2, CALL). We
 * look for these bytes at every position, not for instructions: a decoder would be slower, and a
 * displacement that happens to look like a call only keeps a row too many. E8 must also lead to
 * executable code of the same file, which calls do.
 *
 * On arm64 instructions are aligned words, so the test is exact: BL, BLR and BLR with pointer
 * authentication (Arm ARM, C4.1.66).
 */
#include "unwind/code_window.h"

#include <errno.h>
#include <string.h>

struct code_window {
	const struct elf_file *elf;
	uint64_t off; /* of buf[0] in the file */
	size_t len_bytes;
	uint64_t exec_vaddr, exec_vaddr_end; /* all executable segments lie in here */
	uint8_t buf[CODE_WINDOW_BYTES];
};

int code_window__new(const struct elf_file *elf, struct code_window **ret)
{
	struct code_window *code = malloc(sizeof(*code));
	const Elf64_Phdr *phdr;

	if (!code)
		return -ENOMEM;
	code->elf = elf;
	code->off = 0;
	code->len_bytes = 0;
	code->exec_vaddr = UINT64_MAX;
	code->exec_vaddr_end = 0;
	for (size_t i = 0; i < elf_file__phdr_cnt(elf); i++) {
		phdr = elf_file__phdr(elf, i);
		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_X))
			continue;
		if (phdr->p_vaddr < code->exec_vaddr)
			code->exec_vaddr = phdr->p_vaddr;
		if (phdr->p_vaddr + phdr->p_memsz > code->exec_vaddr_end)
			code->exec_vaddr_end = phdr->p_vaddr + phdr->p_memsz;
	}
	*ret = code;
	return 0;
}

void code_window__free(struct code_window *code)
{
	free(code);
}

const uint8_t *code_window__get(struct code_window *code, uint64_t off, size_t len_bytes)
{
	uint64_t size_bytes = elf_file__size_bytes(code->elf);
	size_t want;

	if (off >= code->off && off - code->off <= code->len_bytes &&
	    len_bytes <= code->len_bytes - (off - code->off))
		return code->buf + (off - code->off);
	if (len_bytes > sizeof(code->buf) || off > size_bytes || len_bytes > size_bytes - off)
		return NULL;
	want = size_bytes - off < sizeof(code->buf) ? size_bytes - off : sizeof(code->buf);
	code->len_bytes = 0;
	if (elf_file__read(code->elf, off, code->buf, want))
		return NULL;
	code->off = off;
	code->len_bytes = want;
	return code->buf;
}

/* --- calls ------------------------------------------------------------------------------- */

/* Intel SDM volume 2, tables 2-2 and 2-3. */
size_t code_x86_indirect_call_len(const uint8_t *p, size_t len_bytes)
{
	uint8_t modrm, mod, rm, base;
	size_t len = 2;

	if (len_bytes < 2 || p[0] != 0xff)
		return 0;
	modrm = p[1];
	mod = modrm >> 6;
	rm = modrm & 7;
	if ((modrm >> 3 & 7) != 2)
		return 0;
	base = rm;
	if (mod != 3 && rm == 4) {
		if (len_bytes < 3)
			return 0;
		base = p[2] & 7;
		len++;
	}
	if (mod == 1)
		len += 1;
	/* rip + disp32, or SIB without a base */
	else if (mod == 2 || (mod == 0 && base == 5))
		len += 4;
	return len <= len_bytes ? len : 0;
}

static bool x86_call_e8(const struct code_window *code, const uint8_t *p, uint64_t vaddr)
{
	uint64_t target;
	int32_t rel;

	memcpy(&rel, p + 1, sizeof(rel));
	target = vaddr + 5 + (uint64_t)(int64_t)rel;
	return target >= code->exec_vaddr && target < code->exec_vaddr_end;
}

/* A whole call in the @len_bytes at @p, which are mapped at @vaddr. */
static bool x86_may_call(const struct code_window *code, const uint8_t *p, size_t len_bytes,
			 uint64_t vaddr)
{
	for (size_t i = 0; i + 2 <= len_bytes; i++) {
		if (p[i] == 0xff) {
			if (code_x86_indirect_call_len(p + i, len_bytes - i))
				return true;
		} else if (p[i] == 0xe8 && len_bytes - i >= 5 &&
			   x86_call_e8(code, p + i, vaddr + i)) {
			return true;
		}
	}
	return false;
}

static bool arm64_may_call(const uint8_t *p, size_t len_bytes, uint64_t vaddr)
{
	uint32_t insn;

	for (size_t i = -vaddr & 3; i + 4 <= len_bytes; i += 4) {
		memcpy(&insn, p + i, sizeof(insn));
		if ((insn & 0xfc000000) == 0x94000000 || /* BL */
		    (insn & 0xfffffc1f) == 0xd63f0000 || /* BLR */
		    (insn & 0xfefff800) == 0xd63f0800)   /* BLRAA, BLRAB, BLRAAZ, BLRABZ */
			return true;
	}
	return false;
}

bool code_window__may_call(struct code_window *code, uint64_t off, uint64_t end, uint64_t vaddr)
{
	bool is_x86 = elf_file__machine(code->elf) == EM_X86_64;
	const uint8_t *p;
	size_t len;

	while (off < end) {
		len = end - off < CODE_WINDOW_BYTES ? end - off : CODE_WINDOW_BYTES;
		p = code_window__get(code, off, len);
		if (!p)
			return true;
		if (is_x86 ? x86_may_call(code, p, len, vaddr) : arm64_may_call(p, len, vaddr))
			return true;
		if (len == end - off)
			return false;
		/* A call may straddle two windows. */
		off += len - (CODE_CALL_MAX_BYTES + 1);
		vaddr += len - (CODE_CALL_MAX_BYTES + 1);
	}
	return false;
}
