/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of allocator functions: what they are called, where their arguments are, what the user
 * reads. Adding an allocator means adding rows here and nothing elsewhere.
 *
 * The built-in rows come first and in fixed order, then a copy of the C rows for each prefix (je_,
 * _rjem_, tc_, mi_, then the user's), so that a row's index is the same in every run with the same
 * prefixes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "abi/probe.h"
#include "base/cleanup.h"

/* May be nothing but a call of another function of the table (operator new calls malloc): then it
 * is not probed. */
#define ALLOC_FN_WRAPPER      1u
/* As a wrapper it may ask for more than it was asked for: left out only if it jumps, arguments and
 * all. */
#define ALLOC_FN_ROUNDS       2u
/* Has copies with each prefix. */
#define ALLOC_FN_PREFIXED     4u
/* Names others may use: believed only in a file with evidence of their family, see alloc_fn__evidence(). */
#define ALLOC_FN_NEEDS_ANCHOR 8u
/* What the program asks the kernel for by itself: only if that is wanted. */
#define ALLOC_FN_MAPS         16u

struct alloc_fn {
	const char *name;    /* as in the symbol table, mangled, without version */
	const char *label;   /* for people: "malloc", "operator new(unsigned long)" */
	struct probe probe;  /* .fn is the row's own index */
	unsigned int flags;  /* ALLOC_FN_* */
	unsigned int family; /* rows with the same prefix; ALLOC_FAMILY_* for the built-in ones */
};

enum alloc_family {
	ALLOC_FAMILY_C,
	ALLOC_FAMILY_CXX,
	ALLOC_FAMILY_TC,
	ALLOC_FAMILY_MI,
	ALLOC_FAMILY_OTHER
};

struct alloc_fns;

/*
 * @prefixes: the user's own, besides the known ones. @maps: mmap and its like, too. 0, -ENOMEM, -EINVAL (a bad prefix),
 * -E2BIG.
 */
int alloc_fns__new(const char *const *prefixes, size_t prefix_cnt, bool maps,
		   struct alloc_fns **ret);
void alloc_fns__free(struct alloc_fns *fns);
DEFINE_CLEANUP(alloc_fns);

/* May an exception leave @fn? So by name: operator new and its kin, but for the nothrow forms. */
bool alloc_fn__may_throw(const struct alloc_fn *fn);

size_t alloc_fns__cnt(const struct alloc_fns *fns);
/* NULL if there is no such row. Lives as long as @fns. */
const struct alloc_fn *alloc_fns__at(const struct alloc_fns *fns, size_t idx);
/* By symbol name; a version ("malloc@@GLIBC_2.2.5") is ignored. NULL: not an allocator function. */
const struct alloc_fn *alloc_fns__find(const struct alloc_fns *fns, const char *symbol);
/* Families there are; each has its number below this. */
size_t alloc_fns__family_cnt(const struct alloc_fns *fns);
/* What a file that has @fn shows of its family: PROBE_ALLOC or PROBE_FREE, if anything. A family that shows both is
 * believed. */
unsigned int alloc_fn__evidence(const struct alloc_fn *fn);
