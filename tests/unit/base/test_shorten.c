// SPDX-License-Identifier: Apache-2.0
#include "base/shorten.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define E "\xe2\x80\xa6"

static void test_names(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "", "" },
		{ "main", "main" },
		{ "runtime.mallocgc", "runtime.mallocgc" },
		{ "std::vector<int, std::allocator<int> >::push_back",
		  "std::vector<" E ">::push_back" },
		{ "std::max<int>", "std::max<int>" },
		{ "foo<a, b>", "foo<a, b>" },
		{ "a<std::pair<int, b<c> > >::d<std::set<int> >::e", "a<" E ">::d<" E ">::e" },
		{ "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> "
		  ">::_M_create",
		  "std::string::_M_create" },
		{ "std::__1::basic_string<char, std::__1::char_traits<char> >::append",
		  "std::string::append" },
		{ "std::basic_string<wchar_t, std::char_traits<wchar_t> >::append",
		  "std::basic_string<" E ">::append" },
		{ "foo[abi:cxx11]", "foo" },
		{ "ns::operator<< <std::char_traits<char> >", "ns::operator<< <" E ">" },
		{ "Foo::operator<", "Foo::operator<" },
		{ "Foo::operator><Bar<int, long, char> >", "Foo::operator><" E ">" },
		{ "Foo::operator->", "Foo::operator->" },
		{ "Foo::operator()", "Foo::operator()" },
		{ "Foo::operator<=>", "Foo::operator<=>" },
		{ "operator new", "operator new" },
		{ "my_operator<std::vector<int> >", "my_operator<" E ">" },
		{ "(anonymous namespace)::f<std::vector<int> >",
		  "(anonymous namespace)::f<" E ">" },
		{ "foo(int, std::map<int, int>)::{lambda(std::map<int, int>)#2}::operator()",
		  "foo::{lambda#2}::operator()" },
		{ "a<f(int)::{lambda(b<c>)#1}, (d)1>::e", "a<" E ">::e" },
		{ "a<(1>(2)), long_enough>::e", "a<" E ">::e" },
		/* Rust */
		{ "<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop",
		  "<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop" },
		{ "<alloc::vec::Vec<T,A> as core::iter::Extend<&'a mut T>>::extend",
		  "<alloc::vec::Vec<T,A> as core::iter::Extend<" E ">>::extend" },
		{ "core::ptr::drop_in_place<alloc::string::String>",
		  "core::ptr::drop_in_place<" E ">" },
		/* No brackets that match */
		{ "a<b", "a<b" },
		{ "a>b", "a>b" },
		{ "a<b(c>d", "a<b(c>d" },
		{ "{lambda(", "{lambda(" },
		{ "std::basic_string<char, ", "std::basic_string<char, " },
		{ "[abi:", "[abi:" },
		{ "operator", "operator" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *got __free_mem = shorten(cases[i].name);

		assert_non_null(got);
		assert_string_equal(got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
