/* SPDX-License-Identifier: GPL-2.0-only */
/* To be called only if config.lifetimes: the maps have no room otherwise. */
#pragma once

#include "abi/why.h"
#include "thread.bpf.h"

/* @call has returned the block at @addr: a new one, or @call->story goes on. */
int why_born(struct call *call, __u64 addr);
/* Take the story of a block out, to go on or to be put back. 0 or -ENOENT. */
int why_take(__u32 image, __u64 addr, struct why_block *ret);
int why_put_back(__u32 image, __u64 addr, struct why_block *story);
int why_freed(struct why_end *end);
/* @call was a realloc to nothing: the block of @call->story is gone. */
int why_dropped(struct call *call);
