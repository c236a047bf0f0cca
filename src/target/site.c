// SPDX-License-Identifier: Apache-2.0
#include "target/site.h"

#include <errno.h>
#include <stddef.h>

/* Entry blocks that go on for longer are rare, and each instruction passed is one more chance of a
 * signal before the probe. */
#define INSN_MAX_CNT 16

/* Where each argument's value is by now: bit n-1 of at[arg-1] is set if the register of argument n
 * holds that of arg. */
struct holders {
	uint8_t at[INSN_ARG_CNT];
};

static void follow_args(struct holders *holders, const struct insn *insn)
{
	uint8_t from = insn->copy_from ? (uint8_t)(1u << (insn->copy_from - 1)) : 0;
	uint8_t to = insn->copy_to ? (uint8_t)(1u << (insn->copy_to - 1)) : 0;
	bool is_copied;
	size_t i;

	for (i = 0; i < INSN_ARG_CNT; i++) {
		is_copied = holders->at[i] & from;
		holders->at[i] &= (uint8_t)~insn->args_written;
		if (is_copied)
			holders->at[i] |= to;
	}
}

/* Its own register if that still holds it, else the first that does; false if none. */
static bool place_arg(const struct holders *holders, uint8_t arg, __u8 *place)
{
	uint8_t at;

	if (!arg)
		return true;
	at = holders->at[arg - 1];
	if (!at)
		return false;
	*place = at & 1u << (arg - 1) ? arg : (__u8)(__builtin_ctz(at) + 1);
	return true;
}

static bool place_args(const struct holders *holders, const struct probe *asked, struct probe *ret)
{
	struct probe probe = *asked;

	if (!place_arg(holders, asked->size_arg, &probe.size_arg) ||
	    !place_arg(holders, asked->count_arg, &probe.count_arg) ||
	    !place_arg(holders, asked->ptr_arg, &probe.ptr_arg) ||
	    !place_arg(holders, asked->out_arg, &probe.out_arg))
		return false;
	*ret = probe;
	return true;
}

/* Does a jump inside the function lead behind the entry, but not behind the site? */
static bool is_reentered(const struct fn_code *code, uint64_t site)
{
	const struct insn *insn;
	size_t i;

	for (i = 0; i < fn_code__cnt(code); i++) {
		insn = fn_code__insn(code, i);
		if ((insn->flow == INSN_JUMP || insn->flow == INSN_BRANCH) &&
		    insn->target > fn_code__entry(code) && insn->target <= site)
			return true;
	}
	return fn_code__is_cut(code);
}

static enum site_reason find_cheap(const struct fn_code *code, const struct probe *asked,
				   uint64_t *ret_addr, struct probe *ret)
{
	uint64_t entry = fn_code__entry(code), addr = entry;
	struct holders holders;
	const struct insn *insn;
	int i;

	for (i = 0; i < INSN_ARG_CNT; i++)
		holders.at[i] = (uint8_t)(1u << i);

	for (i = 0; i < INSN_MAX_CNT; i++, addr += insn->len_bytes) {
		insn = fn_code__at(code, addr);
		if (!insn)
			return SITE_UNREADABLE;
		if (insn->emulated)
			break;
		if (insn->flow != INSN_NEXT)
			return SITE_FLOW;
		if (insn->writes_sp)
			return SITE_STACK_MOVED;
		follow_args(&holders, insn);
	}
	if (i == INSN_MAX_CNT)
		return SITE_TOO_FAR;
	if (addr == entry)
		return SITE_ENTRY_IS_CHEAP;
	if (is_reentered(code, addr))
		return SITE_BRANCH_TARGET;
	if (!place_args(&holders, asked, ret))
		return SITE_ARGUMENT_LOST;
	*ret_addr = addr;
	return SITE_MOVED;
}

int site_choose(const struct elf_file *elf, const struct fn_code *code, uint64_t entry,
		const struct probe *probe, struct site *ret)
{
	struct site site = { .reason = SITE_NO_DECODER, .probe = *probe };
	uint64_t addr = entry;
	int err;

	if (code)
		site.reason = find_cheap(code, probe, &addr, &site.probe);
	site.emulated = site.reason == SITE_ENTRY_IS_CHEAP || site.reason == SITE_MOVED;
	err = elf_file__vaddr_to_off(elf, entry, &site.entry_off);
	if (!err)
		err = elf_file__vaddr_to_off(elf, addr, &site.site_off);
	/* A segment may claim more than the file has. */
	if (!err && (site.entry_off >= elf_file__size_bytes(elf) ||
		     site.site_off >= elf_file__size_bytes(elf)))
		err = -ENOENT;
	if (err)
		return err;
	*ret = site;
	return 0;
}

const char *site_reason_text(enum site_reason reason)
{
	static const char *const texts[] = {
		[SITE_ENTRY_IS_CHEAP] = "probed at the entry, which is cheap",
		[SITE_MOVED] = "probed at the first cheap instruction",
		[SITE_NO_DECODER] = "probed at the entry: no decoder for this machine",
		[SITE_UNREADABLE] = "probed at the entry: its code cannot be read",
		[SITE_ARGUMENT_LOST] = "probed at the entry: an argument is overwritten first",
		[SITE_STACK_MOVED] = "probed at the entry: the stack pointer moves first",
		[SITE_FLOW] = "probed at the entry: control leaves first",
		[SITE_BRANCH_TARGET] = "probed at the entry: a loop leads back behind it",
		[SITE_TOO_FAR] = "probed at the entry: no cheap instruction near it",
	};
	_Static_assert(sizeof(texts) / sizeof(texts[0]) == SITE_REASON_CNT, "a text per reason");

	return texts[reason];
}
