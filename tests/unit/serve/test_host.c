// SPDX-License-Identifier: Apache-2.0
#include "serve/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_local(void **state)
{
	static const char *const ours[] = { "localhost",      "LocalHost:6099", "127.0.0.1",
					    "127.1.2.3:6099", "[::1]",          "[::1]:6099" };
	static const char *const others[] = {
		"localhost.evil.com",
		"localhostx",
		"localhost:6099.evil.com",
		"127.0.0.1.evil.com",
		"[evil.com]",
		"[::1",
		"[::1]evil.com",
		"[::2]",
		"10.0.0.1",
		"0.0.0.0",
		"",
		":6099",
		"[]",
		"::1",
		"127.1",
		"evil.com:127",
		"localhost:123456",
		"localhost:x",
		"localhost@evil.com",
		"2130706433",
	};
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!host_is_local(ours[i]))
			fail_msg("\"%s\" is refused", ours[i]);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (host_is_local(others[i]))
			fail_msg("\"%s\" is taken", others[i]);
	}
}

static void test_one(void **state)
{
	assert_true(host_is_one("node-1.example.org:6099"));
	assert_true(host_is_one("10.0.0.1"));
	assert_true(host_is_one("[2001:db8::1]:6099"));
	assert_false(host_is_one(""));
	assert_false(host_is_one("a b"));
	assert_false(host_is_one("a/b"));
	assert_false(host_is_one("a\"b"));
	assert_false(host_is_one("[x]"));
	assert_false(host_is_one("user@host"));
	assert_false(host_is_one("a:b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
