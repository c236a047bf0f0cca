/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A probed function, as its BPF handler sees it: where the arguments are that say what is allocated or freed.
 * The handler finds its probe by the attach cookie, an index into the map "probes".
 */
#pragma once

#include "abi/types.h"

/*
 * Of a cookie: the probe is in one process alone. Where probes in all that map a file take turns with probes process by
 * process (struct control.apart), both are there for a moment, and one of the two kinds is to be ignored.
 */
#define COOKIE_APART (1ull << 32)

/* Argument numbers are 1..6 in calling order; 0 means "has none". */
struct probe {
	__u8 size_arg; /* requested bytes; with count_arg: bytes per element */
	__u8 count_arg; /* elements: requested bytes = size_arg x count_arg, overflow is a failed call */
	__u8 ptr_arg; /* the block freed, or the old block of a realloc */
	__u8 out_arg; /* posix_memalign: where the new pointer is written; the function returns 0 or errno */
	__u16 flags;
	__u16 fn; /* index into the table of allocator functions (src/target/alloc_fns.c) */
};
_Static_assert(sizeof(struct probe) == 8, "probe is 8 bytes");

#define PROBE_ALLOC        1u  /* returns a block (size_arg is set) */
#define PROBE_FREE         2u  /* releases the block in ptr_arg; with PROBE_ALLOC it is a realloc */
#define PROBE_FREE_ON_FAIL 4u  /* reallocf: the old block is freed even if the call fails */
#define PROBE_IN_PLACE     8u  /* xallocx: returns the block's new size, never moves it */
#define PROBE_TAIL_CALLS   16u /* may end in a jump to another probed function */
#define PROBE_TAIL_CALLED  32u /* may be entered by such a jump */
/*
 * It may throw. A return probe would put its trampoline where the C++ unwinder looks for the caller, which it then does
 * not find, and the exception would end the process. So the function's return instructions are probed instead.
 */
#define PROBE_RET_SITES    64u
#define PROBE_NO_RETURN                                                                            \
	128u /* ... and they are not all known: counted at entry, blocks not tracked */
/*
 * mmap and its like: what is mapped counts if it is memory, to read or write and of no file. A call that fails returns
 * -1, and what is given back may be a part.
 */
#define PROBE_MAPS 256u
