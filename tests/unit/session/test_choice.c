// SPDX-License-Identifier: Apache-2.0
#include "session/choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = { "redis-*", "node" };
static const char *const excludes[] = { "*-cli" };
static const uid_t users[] = { 0, 1000 };

static void test_all(void **state)
{
	struct choice choice = {};

	assert_true(choice__is_all(&choice));
	assert_true(choice__wants(&choice, "x", "", 5));
}

static void test_names(void **state)
{
	struct choice choice = { .names = names, .name_cnt = 2 };

	assert_false(choice__is_all(&choice));
	assert_true(choice__wants(&choice, "redis-server", "", 0));
	/* The kernel cuts names to 15 bytes, threads rename themselves: the program's own name
	 * counts too. */
	assert_true(choice__wants(&choice, "MainThread", "/usr/bin/node", 0));
	assert_false(choice__wants(&choice, "bash", "/usr/bin/bash", 0));
	/* Folders are no part of a name. */
	assert_false(choice__wants(&choice, "bash", "/node/bash", 0));
	assert_false(choice__wants(&choice, "bash", "", 0));
}

static void test_excludes_win(void **state)
{
	struct choice choice = {
		.names = names, .name_cnt = 2, .excludes = excludes, .exclude_cnt = 1
	};

	assert_false(choice__wants(&choice, "redis-cli", "/usr/bin/redis-cli", 0));
	assert_true(choice__wants(&choice, "redis-server", "/usr/bin/redis-check-rdb", 0));
}

static void test_users(void **state)
{
	struct choice choice = { .users = users, .user_cnt = 2 };

	assert_true(choice__wants(&choice, "x", "", 1000));
	assert_true(choice__wants(&choice, "x", "", 0));
	assert_false(choice__wants(&choice, "x", "", 1001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_excludes_win),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
