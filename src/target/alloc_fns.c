// SPDX-License-Identifier: Apache-2.0
#include "target/alloc_fns.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/intern.h"
#include "base/vec.h"

/* Sources: malloc(3), posix_memalign(3), C23 7.24.3 (free_sized), jemalloc(3),
 * gperftools/tcmalloc.h, mimalloc.h, Itanium C++ ABI 5.1.5 (operator names). "m" is size_t where it
 * is unsigned long: 64 bits. */

#define NAME_MAX_BYTES 256
#define PREFIX_MAX_CNT 64

/* Where the arguments are: size, count x size, pointer. */
#define A_SIZE(s)                                                                                  \
	{                                                                                          \
		.size_arg = (s), .flags = PROBE_ALLOC                                              \
	}
#define A_COUNT(c, s)                                                                              \
	{                                                                                          \
		.count_arg = (c), .size_arg = (s), .flags = PROBE_ALLOC                            \
	}
#define A_OUT(o, s)                                                                                \
	{                                                                                          \
		.out_arg = (o), .size_arg = (s), .flags = PROBE_ALLOC                              \
	}
#define A_FREE(p)                                                                                  \
	{                                                                                          \
		.ptr_arg = (p), .flags = PROBE_FREE                                                \
	}
#define A_REALLOC(p, s)                                                                            \
	{                                                                                          \
		.ptr_arg = (p), .size_arg = (s), .flags = PROBE_ALLOC | PROBE_FREE                 \
	}
#define A_RECALLOC(p, c, s)                                                                        \
	{                                                                                          \
		.ptr_arg = (p), .count_arg = (c), .size_arg = (s),                                 \
		.flags = PROBE_ALLOC | PROBE_FREE                                                  \
	}
#define A_REALLOCF(p, s)                                                                           \
	{                                                                                          \
		.ptr_arg = (p), .size_arg = (s),                                                   \
		.flags = PROBE_ALLOC | PROBE_FREE | PROBE_FREE_ON_FAIL                             \
	}
#define A_IN_PLACE(p, s)                                                                           \
	{                                                                                          \
		.ptr_arg = (p), .size_arg = (s),                                                   \
		.flags = PROBE_ALLOC | PROBE_FREE | PROBE_IN_PLACE                                 \
	}

#define ANCHORED ALLOC_FN_NEEDS_ANCHOR
#define C_ROW(fn, args, more)                                                                      \
	{                                                                                          \
#fn, #fn, args, ALLOC_FN_PREFIXED | ANCHORED | (more), ALLOC_FAMILY_C              \
	}
/* Names the C library uses for its own; the public name of the same address is preferred. */
#define LIBC_ROW(fn, as, args)                                                                     \
	{                                                                                          \
#fn, #as, args, ANCHORED, ALLOC_FAMILY_C                                           \
	}
/* mmap(2), mremap(2): the pointer of what is unmapped, the size, and what becomes of them. */
#define MAP_ROW(fn, as, p, s, does)                                                                \
	{                                                                                          \
#fn, #as,                                                                          \
			{ .ptr_arg = (p), .size_arg = (s), .flags = PROBE_MAPS | (does) },         \
			  ANCHORED | ALLOC_FN_MAPS,                                                \
			  ALLOC_FAMILY_C                                                           \
	}
#define CXX_ROW(name, label, args, more)                                                           \
	{                                                                                          \
		name, label, args, ALLOC_FN_WRAPPER | (more), ALLOC_FAMILY_CXX                     \
	}
#define TC_ROW(fn, args, more)                                                                     \
	{                                                                                          \
		"tc_" #fn, "tc_" #fn, args, ANCHORED | (more), ALLOC_FAMILY_TC                     \
	}
#define MI_ROW(fn, args, more)                                                                     \
	{                                                                                          \
		"mi_" #fn, "mi_" #fn, args, ANCHORED | (more), ALLOC_FAMILY_MI                     \
	}

#define NEW_ROWS(op, pretty)                                                                       \
	CXX_ROW("_Zn" op "m", "operator " pretty "(unsigned long)", A_SIZE(1), 0),                 \
		CXX_ROW("_Zn" op "mRKSt9nothrow_t",                                                \
			"operator " pretty "(unsigned long, std::nothrow_t const&)", A_SIZE(1),    \
			0),                                                                        \
		CXX_ROW("_Zn" op "mSt11align_val_t",                                               \
			"operator " pretty "(unsigned long, std::align_val_t)", A_SIZE(1),         \
			ALLOC_FN_ROUNDS),                                                          \
		CXX_ROW("_Zn" op "mSt11align_val_tRKSt9nothrow_t",                                 \
			"operator " pretty                                                         \
			"(unsigned long, std::align_val_t, std::nothrow_t const&)",                \
			A_SIZE(1), ALLOC_FN_ROUNDS),                                               \
		CXX_ROW("_Zn" op "m12__hot_cold_t",                                                \
			"operator " pretty "(unsigned long, __hot_cold_t)", A_SIZE(1), 0),         \
		CXX_ROW("_Zn" op "mRKSt9nothrow_t12__hot_cold_t",                                  \
			"operator " pretty "(unsigned long, std::nothrow_t const&, __hot_cold_t)", \
			A_SIZE(1), 0),                                                             \
		CXX_ROW("_Zn" op "mSt11align_val_t12__hot_cold_t",                                 \
			"operator " pretty "(unsigned long, std::align_val_t, __hot_cold_t)",      \
			A_SIZE(1), ALLOC_FN_ROUNDS),                                               \
		CXX_ROW("_Zn" op "mSt11align_val_tRKSt9nothrow_t12__hot_cold_t",                   \
			"operator " pretty                                                         \
			"(unsigned long, std::align_val_t, std::nothrow_t const&, __hot_cold_t)",  \
			A_SIZE(1), ALLOC_FN_ROUNDS)

#define DELETE_ROWS(op, pretty)                                                                    \
	CXX_ROW("_Zd" op "Pv", "operator " pretty "(void*)", A_FREE(1), 0),                        \
		CXX_ROW("_Zd" op "Pvm", "operator " pretty "(void*, unsigned long)", A_FREE(1),    \
			0),                                                                        \
		CXX_ROW("_Zd" op "PvRKSt9nothrow_t",                                               \
			"operator " pretty "(void*, std::nothrow_t const&)", A_FREE(1), 0),        \
		CXX_ROW("_Zd" op "PvSt11align_val_t",                                              \
			"operator " pretty "(void*, std::align_val_t)", A_FREE(1), 0),             \
		CXX_ROW("_Zd" op "PvmSt11align_val_t",                                             \
			"operator " pretty "(void*, unsigned long, std::align_val_t)", A_FREE(1),  \
			0),                                                                        \
		CXX_ROW("_Zd" op "PvSt11align_val_tRKSt9nothrow_t",                                \
			"operator " pretty "(void*, std::align_val_t, std::nothrow_t const&)",     \
			A_FREE(1), 0)

/* Of several names for one address the first row gives the probe its name: the plainest ones come
 * first. */
static const struct alloc_fn rows[] = {
	C_ROW(malloc, A_SIZE(1), 0),
	C_ROW(free, A_FREE(1), 0),
	C_ROW(calloc, A_COUNT(1, 2), 0),
	C_ROW(realloc, A_REALLOC(1, 2), 0),
	C_ROW(reallocarray, A_RECALLOC(1, 2, 3), 0),
	C_ROW(reallocf, A_REALLOCF(1, 2), 0),
	C_ROW(aligned_alloc, A_SIZE(2), 0),
	C_ROW(memalign, A_SIZE(2), 0),
	C_ROW(posix_memalign, A_OUT(1, 3), 0),
	C_ROW(valloc, A_SIZE(1), 0),
	C_ROW(pvalloc, A_SIZE(1), 0),
	C_ROW(free_sized, A_FREE(1), 0),
	C_ROW(free_aligned_sized, A_FREE(1), 0),
	C_ROW(cfree, A_FREE(1), 0),
	C_ROW(vfree, A_FREE(1), 0),
	/* jemalloc: flags are the last argument */
	C_ROW(mallocx, A_SIZE(1), 0),
	C_ROW(rallocx, A_REALLOC(1, 2), 0),
	C_ROW(xallocx, A_IN_PLACE(1, 2), 0),
	C_ROW(dallocx, A_FREE(1), 0),
	C_ROW(sdallocx, A_FREE(1), 0),

	NEW_ROWS("w", "new"),
	NEW_ROWS("a", "new[]"),
	DELETE_ROWS("l", "delete"),
	DELETE_ROWS("a", "delete[]"),
	/* P0901: they return the pointer and the size, the pointer first, in registers */
	CXX_ROW("__size_returning_new", "__size_returning_new", A_SIZE(1), 0),
	CXX_ROW("__size_returning_new_hot_cold", "__size_returning_new_hot_cold", A_SIZE(1), 0),
	CXX_ROW("__size_returning_new_aligned", "__size_returning_new_aligned", A_SIZE(1),
		ALLOC_FN_ROUNDS),
	CXX_ROW("__size_returning_new_aligned_hot_cold", "__size_returning_new_aligned_hot_cold",
		A_SIZE(1), ALLOC_FN_ROUNDS),
	CXX_ROW("tcmalloc_size_returning_operator_new", "tcmalloc_size_returning_operator_new",
		A_SIZE(1), 0),

	TC_ROW(new, A_SIZE(1), ALLOC_FN_WRAPPER),
	TC_ROW(new_nothrow, A_SIZE(1), ALLOC_FN_WRAPPER),
	TC_ROW(newarray, A_SIZE(1), ALLOC_FN_WRAPPER),
	TC_ROW(newarray_nothrow, A_SIZE(1), ALLOC_FN_WRAPPER),
	TC_ROW(new_aligned, A_SIZE(1), ALLOC_FN_WRAPPER | ALLOC_FN_ROUNDS),
	TC_ROW(new_aligned_nothrow, A_SIZE(1), ALLOC_FN_WRAPPER | ALLOC_FN_ROUNDS),
	TC_ROW(newarray_aligned, A_SIZE(1), ALLOC_FN_WRAPPER | ALLOC_FN_ROUNDS),
	TC_ROW(newarray_aligned_nothrow, A_SIZE(1), ALLOC_FN_WRAPPER | ALLOC_FN_ROUNDS),
	TC_ROW(malloc_skip_new_handler, A_SIZE(1), 0),
	TC_ROW(delete, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(delete_sized, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(delete_nothrow, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(delete_aligned, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(delete_sized_aligned, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(delete_aligned_nothrow, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(deletearray, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(deletearray_sized, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(deletearray_nothrow, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(deletearray_aligned, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(deletearray_sized_aligned, A_FREE(1), ALLOC_FN_WRAPPER),
	TC_ROW(deletearray_aligned_nothrow, A_FREE(1), ALLOC_FN_WRAPPER),

	/* Not here: mi_strdup() and its like, which allocate inline a size that is no argument;
	 * mi_reallocarr() and mi_realpath(), which call one that is; mi_expand(), which changes
	 * nothing that was asked for. */
	MI_ROW(malloc_small, A_SIZE(1), 0),
	MI_ROW(zalloc, A_SIZE(1), 0),
	MI_ROW(zalloc_small, A_SIZE(1), 0),
	MI_ROW(mallocn, A_COUNT(1, 2), 0),
	MI_ROW(reallocn, A_RECALLOC(1, 2, 3), 0),
	MI_ROW(rezalloc, A_REALLOC(1, 2), 0),
	MI_ROW(recalloc, A_RECALLOC(1, 2, 3), 0),
	MI_ROW(malloc_aligned, A_SIZE(1), 0),
	MI_ROW(malloc_aligned_at, A_SIZE(1), 0),
	MI_ROW(zalloc_aligned, A_SIZE(1), 0),
	MI_ROW(zalloc_aligned_at, A_SIZE(1), 0),
	MI_ROW(calloc_aligned, A_COUNT(1, 2), 0),
	MI_ROW(calloc_aligned_at, A_COUNT(1, 2), 0),
	MI_ROW(realloc_aligned, A_REALLOC(1, 2), 0),
	MI_ROW(realloc_aligned_at, A_REALLOC(1, 2), 0),
	MI_ROW(rezalloc_aligned, A_REALLOC(1, 2), 0),
	MI_ROW(rezalloc_aligned_at, A_REALLOC(1, 2), 0),
	MI_ROW(recalloc_aligned, A_RECALLOC(1, 2, 3), 0),
	MI_ROW(recalloc_aligned_at, A_RECALLOC(1, 2, 3), 0),
	MI_ROW(aligned_recalloc, A_RECALLOC(1, 2, 3), 0),
	MI_ROW(aligned_offset_recalloc, A_RECALLOC(1, 2, 3), 0),
	MI_ROW(free_size, A_FREE(1), 0),
	MI_ROW(free_size_aligned, A_FREE(1), 0),
	MI_ROW(free_aligned, A_FREE(1), 0),
	MI_ROW(new, A_SIZE(1), ALLOC_FN_WRAPPER),
	MI_ROW(new_nothrow, A_SIZE(1), ALLOC_FN_WRAPPER),
	MI_ROW(new_aligned, A_SIZE(1), ALLOC_FN_WRAPPER | ALLOC_FN_ROUNDS),
	MI_ROW(new_aligned_nothrow, A_SIZE(1), ALLOC_FN_WRAPPER | ALLOC_FN_ROUNDS),
	MI_ROW(new_n, A_COUNT(1, 2), 0),
	MI_ROW(new_realloc, A_REALLOC(1, 2), 0),
	MI_ROW(new_reallocn, A_RECALLOC(1, 2, 3), 0),
	MI_ROW(heap_malloc, A_SIZE(2), 0),
	MI_ROW(heap_malloc_small, A_SIZE(2), 0),
	MI_ROW(heap_zalloc, A_SIZE(2), 0),
	MI_ROW(heap_zalloc_small, A_SIZE(2), 0),
	MI_ROW(heap_calloc, A_COUNT(2, 3), 0),
	MI_ROW(heap_mallocn, A_COUNT(2, 3), 0),
	MI_ROW(heap_realloc, A_REALLOC(2, 3), 0),
	MI_ROW(heap_reallocn, A_RECALLOC(2, 3, 4), 0),
	MI_ROW(heap_reallocf, A_REALLOCF(2, 3), 0),
	MI_ROW(heap_rezalloc, A_REALLOC(2, 3), 0),
	MI_ROW(heap_recalloc, A_RECALLOC(2, 3, 4), 0),
	MI_ROW(heap_malloc_aligned, A_SIZE(2), 0),
	MI_ROW(heap_malloc_aligned_at, A_SIZE(2), 0),
	MI_ROW(heap_zalloc_aligned, A_SIZE(2), 0),
	MI_ROW(heap_zalloc_aligned_at, A_SIZE(2), 0),
	MI_ROW(heap_calloc_aligned, A_COUNT(2, 3), 0),
	MI_ROW(heap_calloc_aligned_at, A_COUNT(2, 3), 0),
	MI_ROW(heap_realloc_aligned, A_REALLOC(2, 3), 0),
	MI_ROW(heap_realloc_aligned_at, A_REALLOC(2, 3), 0),
	MI_ROW(heap_rezalloc_aligned, A_REALLOC(2, 3), 0),
	MI_ROW(heap_rezalloc_aligned_at, A_REALLOC(2, 3), 0),
	MI_ROW(heap_recalloc_aligned, A_RECALLOC(2, 3, 4), 0),
	MI_ROW(heap_recalloc_aligned_at, A_RECALLOC(2, 3, 4), 0),
	MI_ROW(heap_alloc_new, A_SIZE(2), 0),
	MI_ROW(heap_alloc_new_n, A_COUNT(2, 3), 0),

	LIBC_ROW(__libc_malloc, malloc, A_SIZE(1)),
	LIBC_ROW(__libc_free, free, A_FREE(1)),
	LIBC_ROW(__libc_cfree, free, A_FREE(1)),
	LIBC_ROW(__libc_calloc, calloc, A_COUNT(1, 2)),
	LIBC_ROW(__libc_realloc, realloc, A_REALLOC(1, 2)),
	LIBC_ROW(__libc_reallocarray, reallocarray, A_RECALLOC(1, 2, 3)),
	LIBC_ROW(__libc_memalign, memalign, A_SIZE(2)),
	LIBC_ROW(__libc_valloc, valloc, A_SIZE(1)),
	LIBC_ROW(__libc_pvalloc, pvalloc, A_SIZE(1)),
	LIBC_ROW(__posix_memalign, posix_memalign, A_OUT(1, 3)),

	MAP_ROW(mmap, mmap, 0, 2, PROBE_ALLOC),
	MAP_ROW(mmap64, mmap, 0, 2, PROBE_ALLOC),
	MAP_ROW(munmap, munmap, 1, 2, PROBE_FREE),
	MAP_ROW(mremap, mremap, 1, 3, PROBE_ALLOC | PROBE_FREE),
};

#define ROW_CNT    (sizeof(rows) / sizeof(rows[0]))
#define MALLOC_ROW 0
#define FREE_ROW   1

static const struct {
	const char *prefix;
	unsigned int family; /* ALLOC_FAMILY_OTHER: one of its own */
} known_prefixes[] = {
	{ "je_", ALLOC_FAMILY_OTHER },
	{ "_rjem_", ALLOC_FAMILY_OTHER },
	{ "tc_", ALLOC_FAMILY_TC },
	{ "mi_", ALLOC_FAMILY_MI },
};

#define KNOWN_CNT (sizeof(known_prefixes) / sizeof(known_prefixes[0]))

struct alloc_fns {
	VEC(struct alloc_fn) rows;
	struct intern *names; /* id = row + 1 */
	size_t family_cnt;
};

static int add_row(struct alloc_fns *fns, const char *name, const struct alloc_fn *model,
		   bool label_is_name, unsigned int flags, unsigned int family)
{
	struct alloc_fn fn = *model;
	uint32_t id;
	int err;

	err = intern__add(fns->names, name, &id);
	if (err)
		return err;
	/* Two prefixes may make one name (tc_, tc_new …): the first row holds it. */
	if (id != fns->rows.cnt + 1)
		return 0;
	if (fns->rows.cnt >= UINT16_MAX)
		return -E2BIG;
	fn.name = intern__str(fns->names, id);
	fn.label = label_is_name ? fn.name : model->label;
	fn.flags = flags;
	fn.family = family;
	fn.probe.fn = (__u16)fns->rows.cnt;
	return vec__push(&fns->rows, fn);
}

static int add_prefix(struct alloc_fns *fns, const char *prefix, unsigned int family,
		      bool needs_anchor)
{
	unsigned int flags;
	struct buf *name __free(buf) = buf__new(NAME_MAX_BYTES);
	size_t i;
	int err = 0;

	if (!name)
		return -ENOMEM;
	for (i = 0; i < ROW_CNT && !err; i++) {
		if (!(rows[i].flags & ALLOC_FN_PREFIXED))
			continue;
		buf__reset(name);
		buf__printf(name, "%s%s", prefix, rows[i].name);
		if (buf__error(name))
			return -EINVAL;
		flags = rows[i].flags & ~ALLOC_FN_PREFIXED;
		if (!needs_anchor)
			flags &= ~ALLOC_FN_NEEDS_ANCHOR;
		err = add_row(fns, buf__data(name), &rows[i], true, flags, family);
	}
	return err;
}

static int add_all(struct alloc_fns *fns, const char *const *prefixes, size_t prefix_cnt, bool maps)
{
	unsigned int family = ALLOC_FAMILY_OTHER, of;
	size_t i;
	int err = 0;

	for (i = 0; i < ROW_CNT && !err; i++) {
		if (maps || !(rows[i].flags & ALLOC_FN_MAPS))
			err = add_row(fns, rows[i].name, &rows[i], false, rows[i].flags,
				      rows[i].family);
	}
	for (i = 0; i < KNOWN_CNT && !err; i++) {
		of = known_prefixes[i].family;
		err = add_prefix(fns, known_prefixes[i].prefix,
				 of == ALLOC_FAMILY_OTHER ? family++ : of, true);
	}
	for (i = 0; i < prefix_cnt && !err; i++) {
		if (!*prefixes[i])
			return -EINVAL;
		/* Named by the user: believed without further evidence. */
		err = add_prefix(fns, prefixes[i], family++, false);
	}
	fns->family_cnt = family;
	return err;
}

int alloc_fns__new(const char *const *prefixes, size_t prefix_cnt, bool maps,
		   struct alloc_fns **ret)
{
	struct alloc_fns *fns __free(alloc_fns) = calloc(1, sizeof(*fns));
	int err;

	if (!fns)
		return -ENOMEM;
	if (prefix_cnt > PREFIX_MAX_CNT)
		return -E2BIG;
	fns->names = intern__new();
	if (!fns->names)
		return -ENOMEM;
	err = add_all(fns, prefixes, prefix_cnt, maps);
	if (err)
		return err;
	*ret = TAKE_PTR(fns);
	return 0;
}

void alloc_fns__free(struct alloc_fns *fns)
{
	if (!fns)
		return;
	vec__done(&fns->rows);
	if (fns->names)
		intern__free(fns->names);
	free(fns);
}

size_t alloc_fns__cnt(const struct alloc_fns *fns)
{
	return fns->rows.cnt;
}

const struct alloc_fn *alloc_fns__at(const struct alloc_fns *fns, size_t idx)
{
	return idx < fns->rows.cnt ? &fns->rows.at[idx] : NULL;
}

const struct alloc_fn *alloc_fns__find(const struct alloc_fns *fns, const char *symbol)
{
	const char *version = strchr(symbol, '@');
	char plain[NAME_MAX_BYTES];
	uint32_t id;

	if (version) {
		if ((size_t)(version - symbol) >= sizeof(plain))
			return NULL;
		memcpy(plain, symbol, (size_t)(version - symbol));
		plain[version - symbol] = '\0';
		symbol = plain;
	}
	if (!*symbol || intern__find(fns->names, symbol, &id))
		return NULL;
	return &fns->rows.at[id - 1];
}

size_t alloc_fns__family_cnt(const struct alloc_fns *fns)
{
	return fns->family_cnt;
}

/*
 * Linkers leave out what nobody calls: of jemalloc a Rust program keeps _rjem_mallocx and _rjem_sdallocx, of mimalloc
 * mi_malloc_aligned and mi_free. So anything of a prefix will do but mi_new and tc_delete, as others call their own, and
 * what both allocates and frees. Without a prefix only malloc and free will: anybody may have a vfree.
 */
unsigned int alloc_fn__evidence(const struct alloc_fn *fn)
{
	unsigned int does = fn->probe.flags & (PROBE_ALLOC | PROBE_FREE);

	if (fn->family == ALLOC_FAMILY_C)
		return fn->probe.fn == MALLOC_ROW || fn->probe.fn == FREE_ROW ? does : 0;
	return fn->flags & ALLOC_FN_WRAPPER || does == (PROBE_ALLOC | PROBE_FREE) ? 0 : does;
}

bool alloc_fn__may_throw(const struct alloc_fn *fn)
{
	if (!(fn->probe.flags & PROBE_ALLOC) || strstr(fn->name, "nothrow"))
		return false;
	return fn->family == ALLOC_FAMILY_CXX || strstr(fn->name, "_new");
}
