// SPDX-License-Identifier: Apache-2.0
#include "symbolize/demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"

static void expect(const char *name, const char *want)
{
	char *got __free_mem = demangle(name);

	assert_non_null(got);
	assert_string_equal(got, want);
}

static void test_cxx(void **state)
{
	expect("_ZN3foo3barEi", "foo::bar");
	expect("_ZNKSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int> >::size");
	expect("_ZNSt6vectorIiSaIiEE9push_backEOi",
	       "std::vector<int, std::allocator<int> >::push_back");
	expect("_Znwm", "operator new");
	expect("_ZdlPvm", "operator delete");
	expect("_ZN1AC2Ev", "A::A");
	expect("_ZN1AC4Ev", "A::A");
	expect("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo");
	expect("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()");
}

static void test_rust(void **state)
{
	expect("_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h0123456789abcdefE",
	       "alloc::vec::Vec<T,A>::push");
	expect("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function");
	expect("_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3new", "<std::path::PathBuf>::new");
}

static void test_plain(void **state)
{
	expect("malloc", "malloc");
	expect("", "");
	expect("main.main.func1", "main.main.func1");
	expect("runtime.mallocgc", "runtime.mallocgc");
	expect("_ZNot a name", "_ZNot a name");
	expect("_Rubbish", "_Rubbish");
	expect("\xff\x01", "\xff\x01");
	expect("Foo::bar.part", "Foo::bar.part");
}

static void test_clones(void **state)
{
	expect("foo.constprop.0", "foo");
	expect("foo.part.12", "foo");
	expect("foo.isra.0.constprop.1.cold", "foo");
	expect("foo.cold", "foo");
	expect("foo.llvm.1234567890", "foo");
	expect("_ZN3foo3barEi.isra.0", "foo::bar");
	expect("_ZN3foo3barEi.cold", "foo::bar");
	expect("foo.17", "foo.17");
	expect(".cold", ".cold");
	expect("a.b.0", "a.b.0");
}

/* f<pair<int, int>, …> where each of @cnt further arguments is a pair of two of the one before. */
static char *doubling(int cnt)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct buf *name __free(buf) = buf__new(0);
	char seq[4];
	int i;

	buf__append_str(name, "_Z1fISt4pairIiiE");
	for (i = 1; i <= cnt; i++) {
		snprintf(seq, sizeof(seq), i < 36 ? "%.0d%c" : "%d%c", i / 36, digits[i % 36]);
		buf__printf(name, "S0_IS%s_S%s_E", seq, seq);
	}
	buf__append_str(name, "EvT_");
	return buf__take(name, NULL);
}

/* 2^60 times what one pair takes must not be printed. */
static void test_bomb(void **state)
{
	char *small __free_mem = doubling(1), *big __free_mem = doubling(60);

	assert_true(small && big);
	expect(small,
	       "f<std::pair<int, int>, std::pair<std::pair<int, int>, std::pair<int, int> > >");
	expect(big, big);
}

static void test_long(void **state)
{
	struct buf *name __free(buf) = buf__new(0);
	char *got __free_mem = NULL;
	int i;

	buf__append_str(name, "_Z");
	for (i = 0; i < 100000; i++)
		buf__append_str(name, "N1a");
	got = demangle(buf__data(name));
	assert_string_equal(got, buf__data(name));
	free(TAKE_PTR(got));
	buf__reset(name);
	buf__append_str(name, "_Z1f");
	for (i = 0; i < 8000; i++)
		buf__append_char(name, 'P');
	buf__append_char(name, 'i');
	got = demangle(buf__data(name));
	assert_non_null(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cxx),   cmocka_unit_test(test_rust),
		cmocka_unit_test(test_plain), cmocka_unit_test(test_clones),
		cmocka_unit_test(test_bomb),  cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
