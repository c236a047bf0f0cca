/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What BPF tells user space at once, through the ring buffer. Losing one is counted and costs time, not counts. */
#pragma once

#include "abi/types.h"

#define NOTICE_FILE                                                                                \
	1u /* code of a file without a table was met: id, dev, ino; mapped at start-end */
#define NOTICE_EXEC 2u /* tgid runs a new program as image; id: ENTRY_*, dev and ino: see there */
#define NOTICE_FORK 3u /* tgid was forked as image */
#define NOTICE_EXIT 4u /* image has ended */
#define NOTICE_LIBS 5u /* tgid's list of loaded libraries has changed; id: ENTRY_HELD */
#define NOTICE_ADOPT                                                                               \
	6u /* tgid, which nobody had announced, is traced as image from its first event on */
#define NOTICE_TRANSLATOR                                                                          \
	7u /* tgid starts a program that runs others by translating their code (process.bpf.c); id: ENTRY_HELD */

/*
 * A program's entry file is where its first instruction is: itself if it is static, else its dynamic linker. Whose entry file
 * user space has looked at allocates by what is probed already, as a rule.
 */
#define ENTRY_NEW  1u /* user space has not: (dev, ino) */
#define ENTRY_HELD 2u /* the process is stopped (PROCESS_HELD) */

struct entry_key {
	__u64 ino;
	__u32 dev;
	__u32 pad;
};
_Static_assert(sizeof(struct entry_key) == 16, "entry_key is 16 bytes");

struct notice {
	__u32 kind;
	__u32 tgid;
	__u32 image;
	__u32 id; /* file id */
	__u64 start;
	__u64 end;
	__u64 ino;
	__u32 dev;
	__u32 pad;
};
_Static_assert(sizeof(struct notice) == 48, "notice is 48 bytes");
