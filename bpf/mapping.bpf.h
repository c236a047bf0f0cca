/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "abi/unwind.h"
#include "abi/types.h"

/* Executable memory around an address, and what is needed to find it: in memory of a map, since the stack is small. */
struct mapping {
	struct unwind_file_key key; /* its file, if it is backed by one */
	__u64 start, end;
	__u64 off; /* file offset of pc */
	__u64 pc;
	__u64 node; /* of the kernel's tree, its slot to look at next, the entry it has led to */
	__u64 slot;
	__u64 entry;
	__u32 executable;
	__u32 backed;
};

#define MAPPING_FOUND 0
#define MAPPING_NONE  1 /* no executable memory there */
#define MAPPING_BUSY  2 /* not to be told now */

/* Fill @ret with the mapping of the current process that has @pc. MAPPING_*; @ret holds if it is found. */
int mapping_find(struct mapping *ret, __u64 pc);
