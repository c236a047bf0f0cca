// SPDX-License-Identifier: Apache-2.0
#include "profile/wrapper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_functions(void **state)
{
	assert_true(wrapper_is_function("xmalloc"));
	assert_true(wrapper_is_function("std::vector<int, std::allocator<int> >::push_back"));
	assert_true(wrapper_is_function("alloc::vec::Vec<T,A>::push"));
	assert_false(wrapper_is_function("main"));
	assert_false(wrapper_is_function("my_xmalloc_user"));
	assert_false(wrapper_is_function("app::std::thing"));
	assert_false(wrapper_is_function(""));
}

static void test_files(void **state)
{
	assert_true(wrapper_is_file("/usr/lib/x86_64-linux-gnu/libc.so.6"));
	assert_true(wrapper_is_file("libstdc++.so.6.0.30"));
	assert_false(wrapper_is_file("/opt/libc.so.d/libapp.so"));
	assert_false(wrapper_is_file("/usr/lib/libcurl.so.4"));
	assert_false(wrapper_is_file(""));
}

static void test_what_grows(void **state)
{
	assert_true(wrapper_grows("std::vector<int, std::allocator<int> >::push_back"));
	assert_true(wrapper_grows("std::vector<int>::emplace_back<int>"));
	assert_true(wrapper_grows("std::string::append"));
	assert_false(wrapper_grows("std::vector<foo::append>::begin"));
	assert_false(wrapper_grows("std::vector<int>::reserve"));
	assert_false(wrapper_grows("push_back"));
	assert_false(wrapper_grows(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_what_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
