/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Frames and the stack store. A frame says where in a file a pc lies, so that it outlives its process, and
 * equal code has equal frames in every process. Pcs are already "return address minus one" for callers.
 */
#pragma once

#include "abi/types.h"

#define STACK_DEPTH_MAX 1024

/* Bit 63 clear: file id in bits 40-62, file offset below. Set: no file; the address itself in bits 0-47. */
#define FRAME_ANON             (1ull << 63)
#define FRAME_OF_FILE(id, off) ((__u64)(id) << 40 | ((off) & ((1ull << 40) - 1)))
#define FRAME_OF_ADDR(addr)    (FRAME_ANON | ((addr) & ((1ull << 48) - 1)))
#define FRAME_IS_ANON(frame)   ((frame) >> 63)
#define FRAME_FILE(frame)      ((__u32)((frame) >> 40))
#define FRAME_OFF(frame)       ((frame) & ((1ull << 40) - 1))
#define FRAME_ADDR(frame)      ((frame) & ((1ull << 48) - 1))
#define FILE_ID_MAX            0x7fffffu

/* stack hash -> where its frames are, leaf first. Written once, never changed. */
struct stack {
	__u64 check;
	__u32 frame_start;
	__u32 frame_cnt;
};
_Static_assert(sizeof(struct stack) == 16, "stack is 16 bytes");
