/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instruction of a function to put the probe on. Any that every call passes, with the
 * arguments in known registers and the return address in place, will do; one that the kernel
 * emulates costs a seventh of one that it single-steps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/probe.h"
#include "elf/elf_file.h"
#include "target/fn_code.h"

/* Why the site is where it is. */
enum site_reason {
	SITE_ENTRY_IS_CHEAP,
	SITE_MOVED, /* to a cheap instruction behind the entry */
	/* at the entry, though it is dear, because: */
	SITE_NO_DECODER,    /* this machine's code cannot be read */
	SITE_UNREADABLE,    /* the code is not in the file, or makes no sense */
	SITE_ARGUMENT_LOST, /* an argument is in no register of an argument any more */
	SITE_STACK_MOVED,   /* the return address would not be at the stack's top */
	SITE_FLOW,          /* a return or indirect jump comes first */
	SITE_BRANCH_TARGET, /* a loop leads back there: it would count twice */
	SITE_TOO_FAR,
	SITE_REASON_CNT,
};

struct site {
	uint64_t entry_off; /* file offsets */
	uint64_t site_off;
	bool emulated;
	enum site_reason reason;
	struct probe
		probe; /* as asked for, with the arguments' registers as they are at the site */
};

/*
 * @code NULL: no decoder for this machine. At the site [sp] is the return address, the CFA is sp +
 * 8 (x86-64). An argument that was copied to another one's register on the way is named by that:
 * mimalloc's malloc(size) moves size from the first to the second before its first branch. 0, or
 * -ENOENT if @entry is not in the file.
 */
int site_choose(const struct elf_file *elf, const struct fn_code *code, uint64_t entry,
		const struct probe *probe, struct site *ret);
/* For people: "probed at the entry: an argument is overwritten first". */
const char *site_reason_text(enum site_reason reason);
