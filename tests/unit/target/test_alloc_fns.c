// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/alloc_fns.h"
#include "target/alloc_internal.h"

static void every_row_makes_sense(void **state)
{
	struct alloc_fns *fns __free(alloc_fns) = NULL;
	const struct alloc_fn *fn;
	size_t i;

	assert_int_equal(alloc_fns__new(NULL, 0, false, &fns), 0);
	assert_true(alloc_fns__cnt(fns) > 150);
	for (i = 0; i < alloc_fns__cnt(fns); i++) {
		const struct probe *probe;

		fn = alloc_fns__at(fns, i);
		probe = &fn->probe;
		assert_int_equal(probe->fn, i);
		assert_ptr_equal(alloc_fns__find(fns, fn->name), fn);
		assert_true(*fn->label);
		assert_true(fn->family < alloc_fns__family_cnt(fns));
		assert_true(probe->flags & (PROBE_ALLOC | PROBE_FREE));
		assert_int_equal(!!(probe->flags & PROBE_ALLOC), !!probe->size_arg);
		assert_int_equal(!!(probe->flags & PROBE_FREE), !!probe->ptr_arg);
		assert_true(!probe->count_arg || probe->size_arg);
		assert_true(probe->size_arg <= 6 && probe->count_arg <= 6 && probe->ptr_arg <= 6);
		if (strstr(fn->name, "free") || strstr(fn->name, "delete"))
			assert_int_equal(probe->flags & PROBE_ALLOC,
					 strstr(fn->name, "reallocf") != NULL);
		if (strstr(fn->name, "realloc"))
			assert_int_equal(probe->flags & 3, PROBE_ALLOC | PROBE_FREE);
	}
	assert_null(alloc_fns__at(fns, i));
}

static void arguments_are_where_the_manuals_say(void **state)
{
	static const struct {
		const char *name;
		struct probe probe;
	} cases[] = {
		{ "malloc", { .size_arg = 1, .flags = PROBE_ALLOC } },
		{ "calloc", { .count_arg = 1, .size_arg = 2, .flags = PROBE_ALLOC } },
		{ "reallocarray", { .ptr_arg = 1, .count_arg = 2, .size_arg = 3, .flags = 3 } },
		{ "posix_memalign", { .out_arg = 1, .size_arg = 3, .flags = PROBE_ALLOC } },
		{ "aligned_alloc", { .size_arg = 2, .flags = PROBE_ALLOC } },
		{ "free_sized", { .ptr_arg = 1, .flags = PROBE_FREE } },
		{ "_rjem_mallocx", { .size_arg = 1, .flags = PROBE_ALLOC } },
		{ "je_xallocx", { .ptr_arg = 1, .size_arg = 2, .flags = 3 | PROBE_IN_PLACE } },
		{ "mi_reallocf", { .ptr_arg = 1, .size_arg = 2, .flags = 3 | PROBE_FREE_ON_FAIL } },
		{ "mi_heap_recalloc", { .ptr_arg = 2, .count_arg = 3, .size_arg = 4, .flags = 3 } },
		{ "tc_posix_memalign", { .out_arg = 1, .size_arg = 3, .flags = PROBE_ALLOC } },
		{ "_ZnamSt11align_val_t", { .size_arg = 1, .flags = PROBE_ALLOC } },
		{ "_ZdlPvmSt11align_val_t", { .ptr_arg = 1, .flags = PROBE_FREE } },
	};
	struct alloc_fns *fns __free(alloc_fns) = NULL;
	struct probe expected;
	size_t i;

	assert_int_equal(alloc_fns__new(NULL, 0, false, &fns), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct alloc_fn *fn = alloc_fns__find(fns, cases[i].name);

		assert_non_null(fn);
		expected = cases[i].probe;
		expected.fn = fn->probe.fn;
		assert_memory_equal(&fn->probe, &expected, sizeof(expected));
	}
}

static void labels_are_for_people(void **state)
{
	struct alloc_fns *fns __free(alloc_fns) = NULL;

	assert_int_equal(alloc_fns__new(NULL, 0, false, &fns), 0);
	assert_string_equal(alloc_fns__find(fns, "malloc")->label, "malloc");
	assert_string_equal(alloc_fns__find(fns, "malloc@@GLIBC_2.2.5")->label, "malloc");
	assert_string_equal(alloc_fns__find(fns, "__libc_memalign")->label, "memalign");
	assert_string_equal(alloc_fns__find(fns, "_rjem_malloc")->label, "_rjem_malloc");
	assert_string_equal(alloc_fns__find(fns, "_Znwm")->label, "operator new(unsigned long)");
	assert_string_equal(alloc_fns__find(fns, "_ZdaPvSt11align_val_tRKSt9nothrow_t")->label,
			    "operator delete[](void*, std::align_val_t, std::nothrow_t const&)");
}

static void names_of_others_are_not_found(void **state)
{
	static const char *const names[] = { "",
					     "mall",
					     "malloc_usable_size",
					     "xmalloc",
					     "malloc2",
					     "@GLIBC_2.2.5",
					     "je_",
					     "je_mi_malloc",
					     "_ZnwmPv",
					     "tc_tc_malloc",
					     "je__Znwm" };
	struct alloc_fns *fns __free(alloc_fns) = NULL;
	char forged[5000];
	size_t i;

	assert_int_equal(alloc_fns__new(NULL, 0, false, &fns), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(alloc_fns__find(fns, names[i]));
	memset(forged, 'm', sizeof(forged));
	forged[sizeof(forged) - 2] = '@';
	forged[sizeof(forged) - 1] = '\0';
	assert_null(alloc_fns__find(fns, forged));
}

static void mappings_only_if_wanted(void **state)
{
	struct alloc_fns *fns __free(alloc_fns) = NULL, *plain __free(alloc_fns) = NULL;

	assert_int_equal(alloc_fns__new(NULL, 0, false, &plain), 0);
	assert_int_equal(alloc_fns__new(NULL, 0, true, &fns), 0);
	assert_null(alloc_fns__find(plain, "mmap"));
	assert_null(alloc_fns__find(plain, "munmap"));
	assert_string_equal(alloc_fns__find(fns, "mmap64@@GLIBC_2.2.5")->label, "mmap");
	assert_int_equal(alloc_fns__find(fns, "mremap")->probe.flags,
			 PROBE_ALLOC | PROBE_FREE | PROBE_MAPS);
	/* Others' evidence: anybody may have a function of that name. */
	assert_int_equal(alloc_fn__evidence(alloc_fns__find(fns, "mmap")), 0);
	assert_null(alloc_fns__find(fns, "je_mmap"));
	/* By their number the process that reads files knows which table is meant. */
	assert_int_not_equal(alloc_fns__cnt(fns), alloc_fns__cnt(plain));
}

static void a_prefix_of_the_user_s(void **state)
{
	const char *const prefixes[] = { "my_", "je_" }, *const empty[] = { "" };
	struct alloc_fns *fns __free(alloc_fns) = NULL, *plain __free(alloc_fns) = NULL;
	char forged[1000];
	const char *const too_long[] = { forged };

	assert_int_equal(alloc_fns__new(NULL, 0, false, &plain), 0);
	assert_null(alloc_fns__find(plain, "my_malloc"));
	assert_int_equal(alloc_fns__new(prefixes, 2, false, &fns), 0);
	assert_string_equal(alloc_fns__find(fns, "my_aligned_alloc")->label, "my_aligned_alloc");
	assert_int_equal(alloc_fns__find(fns, "my_malloc")->flags & ALLOC_FN_NEEDS_ANCHOR, 0);
	/* Rows keep their number: a recording means the same with and without the option. */
	assert_int_equal(alloc_fns__find(fns, "mi_pvalloc")->probe.fn,
			 alloc_fns__find(plain, "mi_pvalloc")->probe.fn);
	assert_true(alloc_fns__cnt(fns) < alloc_fns__cnt(plain) + 25);
	memset(forged, 'x', sizeof(forged));
	forged[sizeof(forged) - 1] = '\0';
	assert_int_equal(alloc_fns__new(empty, 1, false, &fns), -EINVAL);
	assert_int_equal(alloc_fns__new(too_long, 1, false, &fns), -EINVAL);
}

static void allocator_frames(void **state)
{
	static const char *const internal[] = {
		"malloc",
		"calloc@@GLIBC_2.2.5",
		"free",
		"_Znwm",
		"_ZnamRKSt9nothrow_t",
		"_ZdlPvm",
		"operator new(unsigned long)",
		"operator delete[](void*)",
		"__libc_malloc",
		"__libc_calloc2",
		"_int_malloc",
		"_int_free.part.0",
		"_int_realloc.cold",
		"sysmalloc",
		"tcache_init.part.0",
		"je_malloc",
		"je_arena_malloc_hard",
		"_rjem_je_tcache_alloc_small_hard",
		"_ZL7newImplILb0EEPvm",
		"mi_heap_malloc_aligned_at",
		"_mi_malloc_generic",
		"mi_new",
		"tc_malloc",
		"tc_newarray_nothrow",
		"_ZN8tcmalloc11ThreadCache21FetchFromCentralCacheEjiPFPvmE",
		"__rust_alloc",
		"__rdl_realloc",
		"__rg_alloc",
		"_RNvCs5QKde7ScR4H_7___rustc12___rust_alloc",
		"__rustc::__rust_dealloc",
		"_ZN5alloc5alloc15exchange_malloc17h0123456789abcdefE",
		"alloc::alloc::exchange_malloc",
		"_ZN61_$LT$tikv_jemallocator..Jemalloc$u20$as$u20$core..alloc..global..GlobalAlloc$"
		"GT$5alloc17hE",
		"_ZN63_$LT$alloc..alloc..Global$u20$as$u20$core..alloc..Allocator$GT$8allocate17hE",
		"__libc_malloc_impl",
		"mallocx",
		"_ZNSt15__new_allocatorIiE8allocateEmPKv",
		"_ZNSaIcE8allocateEm",
		"<alloc::alloc::Global>::alloc_impl_runtime",
		"std::allocator_traits<std::allocator<int> >::allocate",
	};
	static const char *const users[] = {
		"",
		"main",
		"allocate",
		"my_malloc_wrapper",
		"xmalloc",
		"g_malloc",
		"zmalloc",
		"sdsnewlen",
		"PyObject_Malloc",
		"malloc_wrapper",
		"mallocs",
		"freeaddrinfo",
		"free_list",
		"callocate",
		"_ZN3FoonwEm",
		"_ZN3Foo6mallocEm",
		"_ZnN3FooE",
		"operator+",
		"tc_handler",
		"mi_open",
		"tcache_user",
		"_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h0E",
		"alloc::vec::Vec<T>::push",
		"_ZNSt6vectorIiSaIiEE9push_backEOi",
		"_ZNSt12_Vector_baseIiSaIiEE11_M_allocateEm",
		"__rust_begin_short_backtrace",
		"__libc_start_main",
		"__libc_freeres",
		"moz_xmalloc",
		"je",
		"newImplementation",
		"do_mallocs",
		"_ZN4myns8tcmallocEv",
	};
	size_t i;

	for (i = 0; i < sizeof(internal) / sizeof(internal[0]); i++) {
		if (!alloc_fn__is_internal_name(internal[i]))
			fail_msg("%s is the allocator's", internal[i]);
	}
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if (alloc_fn__is_internal_name(users[i]))
			fail_msg("%s is not the allocator's", users[i]);
	}
}

/* Whatever can be probed is also the allocator's own. */
static void every_function_of_the_table_is_internal(void **state)
{
	struct alloc_fns *fns __free(alloc_fns) = NULL;
	size_t i;

	assert_int_equal(alloc_fns__new(NULL, 0, false, &fns), 0);
	for (i = 0; i < alloc_fns__cnt(fns); i++) {
		if (!alloc_fn__is_internal_name(alloc_fns__at(fns, i)->name))
			fail_msg("%s is in the table", alloc_fns__at(fns, i)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_makes_sense),
		cmocka_unit_test(arguments_are_where_the_manuals_say),
		cmocka_unit_test(labels_are_for_people),
		cmocka_unit_test(names_of_others_are_not_found),
		cmocka_unit_test(mappings_only_if_wanted),
		cmocka_unit_test(a_prefix_of_the_user_s),
		cmocka_unit_test(allocator_frames),
		cmocka_unit_test(every_function_of_the_table_is_internal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
