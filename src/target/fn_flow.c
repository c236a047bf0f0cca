// SPDX-License-Identifier: Apache-2.0
#include "target/fn_flow.h"

#include <errno.h>

#include "base/hashmap.h"
#include "base/vec.h"

struct walk {
	const struct fn_code *code;
	const struct fn_links *links;
	struct insn_decoder *decoder;
	const struct alloc_fn *fn;
	VEC(uint64_t) todo;
	struct hashmap *seen;
	size_t handed_cnt; /* ways that ended in a call or jump to the one that does the work */
};

/* Does a call of @callee do what @fn is asked to do? */
static bool does_it(const struct alloc_fn *fn, const struct alloc_fn *callee, bool jumps)
{
	if (fn == callee || (fn->probe.flags & (PROBE_ALLOC | PROBE_FREE)) !=
				    (callee->probe.flags & (PROBE_ALLOC | PROBE_FREE)))
		return false;
	/* What it asks for is not what it was asked for, unless it jumps with its arguments as they
	 * are, or asks one that is looked at for itself. */
	return !(fn->flags & ALLOC_FN_ROUNDS) || jumps || callee->flags & ALLOC_FN_WRAPPER;
}

/* One block: true if it comes to an end without having handed the work over. */
static bool block_returns(struct walk *walk, uint64_t addr, int *ret_err)
{
	const struct insn *insn;
	uint64_t from = addr;
	struct link link;
	bool is_new;

	for (; (insn = fn_code__at(walk->code, addr)); addr += insn->len_bytes) {
		/* Run there, not jumped: the call before it does not return. */
		if (addr != from && fn_code__ends_before(walk->code, addr))
			return false;
		if (!hashmap__slot(walk->seen, addr, 0, &is_new)) {
			*ret_err = -ENOMEM;
			return true;
		}
		if (!is_new || insn->flow == INSN_STOP)
			return false;
		if (insn->flow == INSN_RETURN)
			return true;
		if (insn->flow == INSN_NEXT)
			continue;
		link = fn_links__follow(walk->links, walk->decoder, insn);
		if (link.kind == LINK_NO_RETURN) {
			if (insn->flow != INSN_BRANCH)
				return false;
			continue;
		}
		if (link.kind == LINK_ALLOC_FN &&
		    does_it(walk->fn, link.fn, insn->flow != INSN_CALL)) {
			walk->handed_cnt++;
			if (insn->flow != INSN_BRANCH)
				return false;
			continue;
		}
		if (insn->flow == INSN_CALL)
			continue;
		/* A jump to an unknown place is as good as a return. */
		if (!insn->target || link.kind == LINK_ALLOC_FN)
			return true;
		*ret_err = vec__push(&walk->todo, insn->target);
		if (*ret_err)
			return true;
		if (insn->flow == INSN_JUMP)
			return false;
	}
	/* Nothing is known of what follows. */
	return !fn_code__ends_before(walk->code, addr);
}

int fn_flow_is_wrapper(const struct fn_code *code, const struct fn_links *links,
		       struct insn_decoder *decoder, const struct alloc_fn *fn, bool *ret)
{
	struct walk walk = { .code = code, .links = links, .decoder = decoder, .fn = fn };
	struct hashmap *seen __free(hashmap) = hashmap__new();
	bool returns = false;
	int err;

	if (!seen)
		return -ENOMEM;
	walk.seen = seen;
	err = vec__push(&walk.todo, fn_code__entry(code));
	while (!err && !returns && walk.todo.cnt)
		returns = block_returns(&walk, walk.todo.at[--walk.todo.cnt], &err);
	vec__done(&walk.todo);
	if (err)
		return err;
	*ret = !returns && walk.handed_cnt && !fn_code__is_cut(code);
	return 0;
}

void fn_flow_tail_calls(const struct fn_code *code, const struct fn_links *links,
			struct insn_decoder *decoder,
			void (*visit)(void *arg, const struct alloc_fn *callee), void *arg)
{
	const struct insn *insn;
	struct link link;
	size_t i;

	for (i = 0; i < fn_code__cnt(code); i++) {
		insn = fn_code__insn(code, i);
		if (insn->flow != INSN_JUMP && insn->flow != INSN_BRANCH)
			continue;
		link = fn_links__follow(links, decoder, insn);
		if (link.kind == LINK_ALLOC_FN)
			visit(arg, link.fn);
	}
}
