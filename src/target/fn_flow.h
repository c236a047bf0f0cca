/* SPDX-License-Identifier: Apache-2.0 */
/* Where an allocator function hands its work to another one of the table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "target/alloc_fns.h"
#include "target/fn_code.h"
#include "target/fn_links.h"

/*
 * Does @fn do nothing by itself: does every way from its entry to a return pass through a call of
 * (or end in a jump to) an allocator function that does the same for it? Ways that end in a throw
 * or an abort do not count. 0 or -ENOMEM.
 */
int fn_flow_is_wrapper(const struct fn_code *code, const struct fn_links *links,
		       struct insn_decoder *decoder, const struct alloc_fn *fn, bool *ret);

/*
 * Does it end in a jump to functions of the table (or may it, by a branch)? Calls @visit for each
 * such jump.
 */
void fn_flow_tail_calls(const struct fn_code *code, const struct fn_links *links,
			struct insn_decoder *decoder,
			void (*visit)(void *arg, const struct alloc_fn *callee), void *arg);
