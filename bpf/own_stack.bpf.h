/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From Linux 6.13 on the programs of our type are given a stack per CPU, as if nothing could preempt them. Uprobe
 * programs are preempted, and the next thread's program would write over the stack of the first: wrong counts at
 * best. A program that has a tail call anywhere is left on the kernel stack of its thread, so each has one. It is
 * never taken: own_stack_never is a constant 0, which the verifier knows, and what it guards is not even kept.
 *
 * Each program begins with OWN_STACK(ctx, map). Programs with one map, made by OWN_STACK_MAP(), must be attached as
 * the same type: a program array takes no others.
 */
#pragma once

#include <bpf/bpf_helpers.h>

extern const volatile __u32 own_stack_never;

#define OWN_STACK_MAP(name)                                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY);                                             \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, __u32);                                                              \
	} name SEC(".maps")

#define OWN_STACK(ctx, name)                                                                       \
	do {                                                                                       \
		if (own_stack_never)                                                               \
			bpf_tail_call(ctx, &name, 0);                                              \
	} while (0)
