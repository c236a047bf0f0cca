// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "proc/proc_cgroup.h"

static void two_versions(void **state)
{
	struct proc_cgroup cgroup __proc_cgroup = {};

	assert_int_equal(
		proc_cgroup__parse("9:name=systemd:/s\n4:cpu,memory:/a:b/c\n0::/x/y", &cgroup), 0);
	assert_string_equal(cgroup.v2, "/x/y");
	assert_string_equal(cgroup.v1, "/a:b/c");
}

static void one_version_or_none(void **state)
{
	struct proc_cgroup cgroup __proc_cgroup = {}, old __proc_cgroup = {},
				  none __proc_cgroup = {};

	assert_int_equal(proc_cgroup__parse("0::/\n", &cgroup), 0);
	assert_string_equal(cgroup.v2, "/");
	assert_null(cgroup.v1);
	assert_int_equal(proc_cgroup__parse("3:xmemory:/no\n2:memory_:/b\n", &old), 0);
	assert_string_equal(old.v1, "/no");
	assert_null(old.v2);
	assert_int_equal(proc_cgroup__parse("\n:\n::\n4:memory\n0:::\n:::/\n", &none), 0);
	assert_null(none.v1);
	assert_null(none.v2);
}

/* Whoever is in a cgroup is found in the directory its path leads to. */
static void members_of_my_own(void **state)
{
	struct proc_cgroup cgroup __proc_cgroup = {};
	struct cgroup_dir dir __cgroup_dir = {};
	struct proc_pids pids __proc_pids = {};
	bool found = false;
	size_t i;

	assert_int_equal(proc_cgroup__read(getpid(), &cgroup), 0);
	if (cgroup_dir__open(cgroup.v1 ? cgroup.v1 : cgroup.v2, &dir))
		skip();
	assert_int_equal(cgroup_dir__members(&dir, &pids), 0);
	for (i = 0; i < pids.cnt; i++)
		found |= pids.at[i] == getpid();
	assert_true(found);
}

static void no_such_cgroup(void **state)
{
	struct cgroup_dir dir __cgroup_dir = {};

	assert_int_equal(cgroup_dir__open("", &dir), -ENOENT);
	assert_int_equal(cgroup_dir__open("/tmp", &dir), -ENOENT);
	assert_int_equal(cgroup_dir__open("/no/such/cgroup", &dir), -ENOENT);
	assert_int_equal(proc_cgroup__read(0x7ffffff0, &(struct proc_cgroup){}), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_versions),
		cmocka_unit_test(one_version_or_none),
		cmocka_unit_test(members_of_my_own),
		cmocka_unit_test(no_such_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
