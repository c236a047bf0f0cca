// SPDX-License-Identifier: Apache-2.0
#include "target/alloc_internal.h"

#include <stddef.h>
#include <string.h>

/* Whole names. */
static const char *const exact[] = {
	/* C, C++ (operators: see prefixes) */
	"malloc", "calloc", "realloc", "reallocarray", "reallocf", "memalign", "aligned_alloc",
	"posix_memalign", "valloc", "pvalloc", "free", "cfree", "free_sized", "free_aligned_sized",
	"vfree",
	/* glibc malloc/malloc.c, malloc/arena.c, malloc/hooks.c */
	"_int_malloc", "_int_free", "_int_realloc", "_int_memalign", "_mid_memalign",
	"__posix_memalign", "sysmalloc", "sysmalloc_mmap", "systrim", "malloc_consolidate",
	"ptmalloc_init", "arena_get2", "malloc_hook_ini", "realloc_hook_ini", "memalign_hook_ini",
	"malloc_check", "free_check", "realloc_check", "memalign_check", "tcache_init",
	"tcache_get", "tcache_put", "tcache_key_initialize", "tcache_malloc_init", "munmap_chunk",
	"mremap_chunk", "unlink_chunk", "_int_free_chunk", "_int_free_merge_chunk",
	"_int_free_create_chunk", "_int_free_maybe_consolidate", "__libc_malloc", "__libc_malloc2",
	"__libc_calloc", "__libc_calloc2", "__libc_realloc", "__libc_reallocarray", "__libc_free",
	"__libc_cfree", "__libc_memalign", "__libc_valloc", "__libc_pvalloc",
	/* musl src/malloc */
	"__libc_malloc_impl", "__malloc_alloc_meta", "default_malloc", "__simple_malloc",
	/* jemalloc, without its je_ */
	"mallocx", "rallocx", "xallocx", "dallocx", "sdallocx", "malloc_default", "free_default",
	"imalloc_body", "imalloc_init_check",
	/* gperftools */
	"do_malloc", "do_free", "do_memalign", "do_realloc", "do_calloc"
};

/* Beginnings. All of them are reserved, or a library's own. */
static const char *const prefixes[] = {
	/* operator new, new[], delete, delete[]: no other name begins so (Itanium C++ ABI 5.1.5) */
	"_Znw", "_Zna", "_ZdlPv", "_ZdaPv", "operator new", "operator delete",
	"__size_returning_new",
	/* what the containers of libstdc++ and libc++ reach them by: (__)new_allocator, allocator_traits, allocator */
	"_ZNSt15__new_allocatorI", "_ZN9__gnu_cxx13new_allocatorI", "_ZNSt16allocator_traitsI",
	"_ZNSaI", "_ZNSt3__19allocatorI", "_ZNSt3__116allocator_traitsI",
	"_ZNSt3__117__libcpp_allocate", "_ZNSt3__121__libcpp_operator_new", "std::__new_allocator<",
	"__gnu_cxx::new_allocator<", "std::allocator_traits<", "std::allocator<",
	"std::__1::allocator<", "std::__1::allocator_traits<", "std::__1::__libcpp_allocate",
	"std::__1::__libcpp_operator_new",
	/* jemalloc and its C++ side */
	"je_", "_rjem_", "_ZL7newImpl", "_Z7newImpl", "_ZL15fallbackNewImpl", "_Z15fallbackNewImpl",
	"_ZL9handleOOM", "_ZL13sizedDeleteImpl", "_ZL20alignedSizedDeleteImpl",
	/* mimalloc */
	"_mi_", "mi_malloc", "mi_calloc", "mi_zalloc", "mi_realloc", "mi_rezalloc", "mi_recalloc",
	"mi_free", "mi_new", "mi_heap_malloc", "mi_heap_zalloc", "mi_heap_calloc",
	"mi_heap_realloc", "mi_heap_rezalloc", "mi_heap_recalloc", "mi_heap_alloc_new",
	"mi_aligned_", "mi_page_", "mi_segment_",
	/* tcmalloc, gperftools' and Google's */

	"tc_malloc_skip_new_handler", "tc_new", "tc_delete", "_ZN8tcmalloc",
	"tcmalloc::", "_ZN17tcmalloc_internal", "TCMallocInternal", "_ZN10MallocHook",
	"MallocHook::", "_ZN12_GLOBAL__N_19do_malloc", "_ZN12_GLOBAL__N_17do_free",
	"_ZN12_GLOBAL__N_111do_memalign", "_ZN12_GLOBAL__N_110do_realloc",
	"_ZN12_GLOBAL__N_19do_calloc", "tcmalloc_size_returning_operator_new",
	/* Rust: the allocator's shims, what they call, and alloc::alloc (legacy mangling, and
	   readable) */
	"__rust_alloc", "__rust_dealloc", "__rust_realloc", "__rdl_", "__rg_", "_ZN5alloc5alloc",
	"alloc::alloc::", "__rustc::__rust", "__rustc::__rdl", "__rustc::__rg",
	/* sanitizers */
	"__interceptor_malloc", "__interceptor_calloc", "__interceptor_realloc",
	"__interceptor_free"
};

/* Anywhere: generated names with a hash or a type before the part that tells. */
static const char *const parts[] = { "7___rustc12___rust_alloc",
				     "7___rustc14___rust_dealloc",
				     "7___rustc14___rust_realloc",
				     "7___rustc19___rust_alloc_zeroed",
				     "7___rustc11___rdl_",
				     "7___rustc10___rg_",
				     "core..alloc..global..GlobalAlloc",
				     "alloc..alloc..Global$u20$as$u20$core..alloc",
				     "as core::alloc::global::GlobalAlloc>",
				     "<alloc::alloc::Global>::",
				     "<alloc::alloc::Global as core::alloc" };

#define CNT(array) (sizeof(array) / sizeof((array)[0]))

/* Is @symbol @name, or a part the compiler split off it (name.cold, name.part.0, name@@VERSION)? */
static bool is_name(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(symbol, name, len) &&
	       (!symbol[len] || symbol[len] == '.' || symbol[len] == '@');
}

static bool is_exact(const char *symbol)
{
	size_t i;

	for (i = 0; i < CNT(exact); i++) {
		if (is_name(symbol, exact[i]))
			return true;
	}
	return false;
}

bool alloc_fn__is_internal_name(const char *symbol)
{
	size_t i;

	if (is_exact(symbol))
		return true;
	/* tc_ and mi_ are other people's prefixes, too: with these, only C's names count. */
	if ((!strncmp(symbol, "tc_", 3) || !strncmp(symbol, "mi_", 3)) && is_exact(symbol + 3))
		return true;
	for (i = 0; i < CNT(prefixes); i++) {
		if (!strncmp(symbol, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	for (i = 0; i < CNT(parts); i++) {
		if (strstr(symbol, parts[i]))
			return true;
	}
	return false;
}
