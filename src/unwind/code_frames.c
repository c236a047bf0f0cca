// SPDX-License-Identifier: Apache-2.0
/*
 * From each entry of a function its instructions are followed through all direct branches, and for
 * each the frame before it is kept: how far the stack pointer is below the CFA, and where the
 * caller's frame pointer is.
 *
 *	entry:	push %rbx	8
 *		sub $16,%rsp	16
 *		call f		32	rule: CFA = sp + 32
 *		je out		32	"out" begins with the same frame
 *		jmp *%rax	32	so do cases of a switch: code up to the next entry
 *	out:	add $16,%rsp	32
 *		pop %rbx	16
 *		ret		8	it must be 8 here: the proof
 *
 * Entries are symbols and what calls in this code lead to. What is left over is tried as functions
 * that are only called through pointers; those need a proof.
 *
 * A call may not return, and then what lies behind it belongs to somebody else. So code behind a
 * call is a "root" of its own, which is followed after all branches and gives way to them; where it
 * leads to a contradiction, such as a return with the wrong frame, it is unknown, and so are the
 * roots on the way to it: a wrong frame is worse than none.
 *
 * An instruction is visited at most twice (the second time to correct it): time is linear in size.
 */
#include "unwind/code_frames.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <string.h>

#include "abi/unwind.h"
#include "base/vec.h"
#include "elf/elf_syms.h"
#include "unwind/x86_frame.h"

/* A place to go on from. */
struct todo {
	uint32_t pos;
	struct x86_frame frame;
};

/* One from which a stretch of code is known, if it is: the entry, what lies behind a call, a case
 * of a switch. */
struct root {
	struct todo todo;
	uint32_t parent;     /* whose call this is behind; itself if it is behind none */
	uint32_t first, end; /* of code_frames.visited */
	bool contradicted;   /* and so are its parents */
};

struct code_frames {
	const struct elf_file *elf;
	csh capstone;
	cs_insn *insn; /* the one decoded last */
	uint64_t off, vaddr;
	uint8_t *bytes;
	size_t len_bytes;           /* of the code that was studied */
	struct x86_frame *at;       /* by byte */
	uint8_t *entry;             /* by byte: is it one? */
	VEC(struct todo) branches;  /* to be followed before anything else */
	VEC(struct todo) doubtful;  /* behind calls and padding: as often as not another function */
	VEC(struct root) roots;     /* of the function at hand */
	uint32_t root;              /* the one that is explored */
	VEC(uint32_t) visited;      /* from the function at hand */
	struct x86_frame at_switch; /* of the last indirect jump in it; sp 0: none */
	bool proved;                /* it returned with the stack as it was */
};

/* Decode at @pos into frames->insn. Its length, or 0. */
static size_t frames_decode(struct code_frames *frames, size_t pos)
{
	size_t left = frames->len_bytes - pos;
	uint64_t address = frames->vaddr + pos;
	const uint8_t *bytes = frames->bytes + pos;

	return cs_disasm_iter(frames->capstone, &bytes, &left, &address, frames->insn)
		       ? frames->insn->size
		       : 0;
}

static bool insn_in_group(const cs_insn *insn, uint8_t group)
{
	for (uint8_t i = 0; i < insn->detail->groups_count; i++)
		if (insn->detail->groups[i] == group)
			return true;
	return false;
}

/* --- functions --------------------------------------------------------------------------- */

static int frames_visit_later(struct code_frames *frames, size_t pos, struct x86_frame frame)
{
	frame.len = 0;
	frame.flags &= FRAME_FP_LOST;
	return vec__push(&frames->branches, (struct todo){ (uint32_t)pos, frame });
}

/*
 * What an instruction leaves to do: 0 go on behind it, or one of these, or -errno. Lost: from here
 * on nothing is known. A contradiction also puts in doubt how we came here.
 */
enum { WALK_END = 1, WALK_LOST, WALK_CONTRADICTION };

static int frames_leave(struct code_frames *frames, const struct x86_frame *frame)
{
	if (!x86_frame__is_initial(frame))
		return WALK_CONTRADICTION;
	frames->proved = true;
	return WALK_END;
}

static int frames_jump(struct code_frames *frames, const struct x86_frame *frame, bool conditional)
{
	const cs_x86_op *op = &frames->insn->detail->x86.operands[0];
	int after = conditional ? 0 : WALK_END, left, err;
	uint64_t target;

	if (op->type != X86_OP_IMM) {
		if (!x86_frame__is_initial(frame))
			frames->at_switch = *frame;
		return after;
	}
	target = (uint64_t)op->imm - frames->vaddr;
	if (target >= frames->len_bytes || frames->entry[target]) {
		left = frames_leave(frames, frame);
		return left == WALK_END ? after : left;
	}
	err = frames_visit_later(frames, target, *frame);
	return err ? err : after;
}

/* What comes behind frames->insn, which was executed with the outcome @frame. */
static int frames_follow(struct code_frames *frames, const struct x86_frame *frame)
{
	const cs_insn *insn = frames->insn;

	switch (insn->id) {
	case X86_INS_RET:
		return frames_leave(frames, frame);
	case X86_INS_HLT:
	case X86_INS_UD2:
	case X86_INS_INT3:
		return WALK_END;
	case X86_INS_JMP:
		return frames_jump(frames, frame, false);
	default:
		return insn_in_group(insn, X86_GRP_JUMP) ? frames_jump(frames, frame, true) : 0;
	}
}

/*
 * May the walk that comes to @pos, visited before, with @frame go on through it? Behind a call both
 * ways may have come: then the call does not return, and the branch is right.
 */
static int frames_meet(struct code_frames *frames, size_t pos, struct x86_frame *frame)
{
	struct x86_frame *there = &frames->at[pos];

	if (there->flags & FRAME_FAILED)
		return WALK_LOST;
	if (x86_frame__equal(there, frame) || (frame->flags & FRAME_AFTER_CALL))
		return WALK_END;
	if (there->flags & FRAME_CORRECTED)
		return WALK_CONTRADICTION;
	if (!(there->flags & FRAME_AFTER_CALL) && !(frame->flags & FRAME_CORRECTED))
		return WALK_CONTRADICTION;
	frame->flags |= FRAME_CORRECTED;
	return 0;
}

static bool insn_is_padding(const cs_insn *insn)
{
	return insn->id == X86_INS_NOP || insn->id == X86_INS_INT3;
}

/* One instruction of a walk: 0 and *@ret_len, WALK_* or -errno. */
static int frames_visit(struct code_frames *frames, size_t pos, struct x86_frame *frame,
			size_t *ret_len)
{
	bool after_call = frame->flags & FRAME_AFTER_CALL;
	size_t len;
	int err;

	err = frames->at[pos].len ? frames_meet(frames, pos, frame) : 0;
	if (err)
		return err;
	len = frames_decode(frames, pos);
	if (!len || (!frame->sp && !frame->fp))
		return WALK_LOST;
	if (after_call && insn_is_padding(frames->insn)) {
		frame->flags &= FRAME_FP_LOST;
		err = vec__push(&frames->doubtful, (struct todo){ (uint32_t)pos, *frame });
		return err ? err : WALK_END;
	}
	frames->at[pos] = *frame;
	frames->at[pos].len = (uint8_t)len;
	err = vec__push(&frames->visited, (uint32_t)pos);
	if (err)
		return err;
	frame->flags &= ~FRAME_AFTER_CALL;
	if (!x86_frame__execute(frame, frames->capstone, frames->insn))
		return WALK_LOST;
	*ret_len = len;
	return frames_follow(frames, frame);
}

static int frames_add_root(struct code_frames *frames, size_t pos, struct x86_frame frame,
			   uint32_t parent)
{
	return vec__push(&frames->roots,
			 (struct root){ .todo = { (uint32_t)pos, frame }, .parent = parent });
}

/* Straight on from @todo until something ends it: WALK_* or -errno. */
static int frames_walk(struct code_frames *frames, struct todo todo)
{
	size_t pos = todo.pos, len = 0;
	int result, err;

	for (;;) {
		result = frames_visit(frames, pos, &todo.frame, &len);
		if (result)
			return result;
		pos += len;
		/* Into the next function: what was called here did not return. */
		if (pos >= frames->len_bytes || frames->entry[pos])
			return WALK_END;
		if (frames->insn->id != X86_INS_CALL)
			continue;
		/* It may not return: what branches say about the code behind it goes first. */
		todo.frame.flags |= FRAME_AFTER_CALL;
		err = frames_add_root(frames, pos, todo.frame, frames->root);
		return err ? err : WALK_END;
	}
}

static void frames_fail(struct code_frames *frames, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++)
		frames->at[frames->visited.at[i]].flags |= FRAME_FAILED;
}

/* What was found from the root at hand is wrong, and after a contradiction also what led to it, for
 * a call on the way may not return. What comes straight from an entry stands: states come from
 * there, not from what follows. */
static void frames_fail_root(struct code_frames *frames, bool contradiction)
{
	struct root *root = &frames->roots.at[frames->root];
	uint32_t idx = frames->root;

	frames_fail(frames, root->first, (uint32_t)frames->visited.cnt);
	while (contradiction && root->parent != idx && !root->contradicted) {
		frames_fail(frames, root->first, root->end);
		root->contradicted = true;
		idx = root->parent;
		root = &frames->roots.at[idx];
	}
}

static int frames_explore_root(struct code_frames *frames)
{
	struct root *root = &frames->roots.at[frames->root];
	int result;

	root->first = root->end = (uint32_t)frames->visited.cnt;
	result = frames_walk(frames, root->todo);
	while (result == WALK_END && frames->branches.cnt)
		result = frames_walk(frames, frames->branches.at[--frames->branches.cnt]);
	frames->branches.cnt = 0;
	if (result < 0)
		return result;
	if (result != WALK_END)
		frames_fail_root(frames, result == WALK_CONTRADICTION);
	frames->roots.at[frames->root].end = (uint32_t)frames->visited.cnt;
	return 0;
}

/* All that @pos leads to. */
static int frames_explore(struct code_frames *frames, size_t pos, struct x86_frame frame)
{
	int err;

	frames->root = (uint32_t)frames->roots.cnt;
	err = frames_add_root(frames, pos, frame, frames->root);
	for (; !err && frames->root < frames->roots.cnt; frames->root++)
		err = frames_explore_root(frames);
	return err;
}

/* Behind the function at @pos, up to the next entry: the cases of its switches. */
static int frames_cases(struct code_frames *frames, size_t pos)
{
	int err;

	while (pos < frames->len_bytes && frames->at_switch.sp) {
		if (!frames->at[pos].len) {
			err = frames_explore(frames, pos, frames->at_switch);
			if (err)
				return err;
		}
		if (!frames->at[pos].len)
			return 0;
		pos += frames->at[pos].len;
		if (pos < frames->len_bytes && frames->entry[pos])
			return 0;
	}
	return 0;
}

static int frames_doubtful(struct code_frames *frames)
{
	struct todo todo;
	uint32_t first;
	int err;

	while (frames->doubtful.cnt) {
		todo = frames->doubtful.at[--frames->doubtful.cnt];
		if (frames->at[todo.pos].len)
			continue;
		frames->proved = false;
		first = (uint32_t)frames->visited.cnt;
		err = frames_explore(frames, todo.pos, todo.frame);
		if (err)
			return err;
		if (!frames->proved)
			frames_fail(frames, first, (uint32_t)frames->visited.cnt);
	}
	return 0;
}

/* The function at @pos. One that is only guessed to be one @needs_proof. */
static int frames_function(struct code_frames *frames, size_t pos, bool needs_proof)
{
	int err;

	frames->at_switch = (struct x86_frame){};
	frames->visited.cnt = 0;
	frames->roots.cnt = 0;
	frames->doubtful.cnt = 0;
	frames->proved = false;
	err = frames_explore(frames, pos, (struct x86_frame){ .sp = 1 });
	if (!err)
		err = frames_cases(frames, pos);
	if (err)
		return err;
	if (needs_proof && !frames->proved)
		frames_fail(frames, 0, (uint32_t)frames->visited.cnt);
	return frames_doubtful(frames);
}

/* --- a range of code --------------------------------------------------------------------- */

static void frames_add_entries(struct code_frames *frames, uint32_t section_type)
{
	struct elf_sym_iter it;
	struct elf_sym sym;

	if (elf_sym_iter__init(&it, frames->elf, section_type))
		return;
	while (elf_sym_iter__next(&it, &sym))
		if (sym.type == STT_FUNC && sym.value - frames->vaddr < frames->len_bytes)
			frames->entry[sym.value - frames->vaddr] = 1;
}

/* Where calls lead, in one pass over the code as it lies. */
static void frames_add_called(struct code_frames *frames)
{
	size_t len;
	uint64_t target;

	for (size_t pos = 0; pos < frames->len_bytes; pos += len) {
		len = frames_decode(frames, pos);
		if (!len) {
			len = 1;
			continue;
		}
		if (frames->insn->id != X86_INS_CALL ||
		    frames->insn->detail->x86.operands[0].type != X86_OP_IMM)
			continue;
		target = (uint64_t)frames->insn->detail->x86.operands[0].imm - frames->vaddr;
		if (target < frames->len_bytes)
			frames->entry[target] = 1;
	}
}

/* Code that nothing led to: functions that are only called through pointers. */
static int frames_leftovers(struct code_frames *frames)
{
	size_t len;
	int err;

	for (size_t pos = 0; pos < frames->len_bytes; pos += len) {
		len = frames->at[pos].len;
		if (len)
			continue;
		len = frames_decode(frames, pos);
		if (!len || insn_is_padding(frames->insn)) {
			len = len ? len : 1;
			continue;
		}
		err = frames_function(frames, pos, true);
		if (err)
			return err;
		len = frames->at[pos].len ? frames->at[pos].len : 1;
	}
	return 0;
}

static void frames_forget(struct code_frames *frames)
{
	free(frames->bytes);
	free(frames->at);
	free(frames->entry);
	frames->bytes = NULL;
	frames->at = NULL;
	frames->entry = NULL;
	frames->len_bytes = 0;
}

/* 0 also if there is nothing to study; then frames->len_bytes is 0. */
static int frames_load(struct code_frames *frames, uint64_t off, uint64_t end, uint64_t vaddr)
{
	frames_forget(frames);
	if (end <= off || end - off > CODE_FRAMES_MAX_BYTES)
		return 0;
	frames->off = off;
	frames->vaddr = vaddr;
	frames->bytes = malloc(end - off);
	frames->at = calloc(end - off, sizeof(*frames->at));
	frames->entry = calloc(end - off, 1);
	if (!frames->bytes || !frames->at || !frames->entry)
		return -ENOMEM;
	if (!elf_file__read(frames->elf, off, frames->bytes, end - off))
		frames->len_bytes = end - off;
	return 0;
}

int code_frames__study(struct code_frames *frames, uint64_t off, uint64_t end, uint64_t vaddr)
{
	int err = frames_load(frames, off, end, vaddr);

	if (err)
		return err;
	frames_add_entries(frames, SHT_SYMTAB);
	frames_add_entries(frames, SHT_DYNSYM);
	frames_add_called(frames);
	for (size_t pos = 0; pos < frames->len_bytes; pos++) {
		if (!frames->entry[pos] || frames->at[pos].len)
			continue;
		err = frames_function(frames, pos, false);
		if (err)
			return err;
	}
	return frames_leftovers(frames);
}

uint32_t code_frames__rule(const struct code_frames *frames, uint64_t off, uint64_t end,
			   uint64_t *ret_end)
{
	uint64_t studied_end = frames->off + frames->len_bytes, pos = off;
	uint32_t rule = UNWIND_RULE(UNWIND_NONE, 0, 0);
	const struct x86_frame *at;

	*ret_end = end;
	if (!frames->len_bytes || off >= studied_end)
		return rule;
	if (off < frames->off) {
		if (frames->off < end)
			*ret_end = frames->off;
		return rule;
	}
	if (studied_end > end)
		studied_end = end;
	for (; pos < studied_end; pos += at->len ? at->len : 1) {
		at = &frames->at[pos - frames->off];
		if (pos == off)
			rule = x86_frame__rule(at);
		else if (x86_frame__rule(at) != rule)
			break;
	}
	*ret_end = pos < studied_end ? pos : studied_end;
	return rule;
}

int code_frames__new(const struct elf_file *elf, struct code_frames **ret)
{
	struct code_frames *frames __free(code_frames) = NULL;
	size_t go;

	if (elf_file__machine(elf) != EM_X86_64 || !elf_file__find_section(elf, ".gopclntab", &go))
		return -ENOTSUP;
	frames = calloc(1, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	frames->elf = elf;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &frames->capstone) ||
	    cs_option(frames->capstone, CS_OPT_DETAIL, CS_OPT_ON))
		return -ENOMEM;
	frames->insn = cs_malloc(frames->capstone);
	if (!frames->insn)
		return -ENOMEM;
	*ret = TAKE_PTR(frames);
	return 0;
}

void code_frames__free(struct code_frames *frames)
{
	if (!frames)
		return;
	frames_forget(frames);
	vec__done(&frames->branches);
	vec__done(&frames->roots);
	vec__done(&frames->doubtful);
	vec__done(&frames->visited);
	if (frames->insn)
		cs_free(frames->insn, 1);
	if (frames->capstone)
		cs_close(&frames->capstone);
	free(frames);
}
