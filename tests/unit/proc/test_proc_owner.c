// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *path, const char *container, const char *pod, const char *unit)
{
	struct proc_owner owner;

	proc_owner__parse(path, &owner);
	assert_string_equal(owner.container, container);
	assert_string_equal(owner.pod, pod);
	assert_string_equal(owner.unit, unit);
}

static void test_containers(void **state)
{
	expect("/docker/" HEX64, HEX64, "", "");
	expect("/system.slice/docker-" HEX64 ".scope", HEX64, "", "");
	expect("/machine.slice/libpod-" HEX64 ".scope/container", HEX64, "", "");
	expect("/system.slice/containerd.service/kubepods:cri-containerd:" HEX64, HEX64, "",
	       "containerd.service");
}

static void test_pods(void **state)
{
	expect("/kubepods.slice/kubepods-besteffort.slice/"
	       "kubepods-besteffort-pod01234567_89ab_cdef_0123_456789abcdef.slice/"
	       "cri-containerd-" HEX64 ".scope",
	       HEX64, "01234567-89ab-cdef-0123-456789abcdef", "");
	expect("/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/" HEX64, HEX64,
	       "01234567-89ab-cdef-0123-456789abcdef", "");
}

static void test_units(void **state)
{
	expect("/system.slice/nginx.service", "", "", "nginx.service");
	expect("/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.scope", "", "",
	       "firefox.scope");
	expect("/", "", "", "");
	expect("", "", "", "");
}

/* Names that only look like one: 63 and 65 digits, a pod that is a word, a part that is too long.
 */
static void test_lookalikes(void **state)
{
	char path[2048] = "/";
	struct proc_owner owner;

	expect("/x/" HEX64 "0", "", "", "");
	expect("/podium/tripod.slice", "", "", "");
	memset(path + 1, 'a', 1000);
	memcpy(path + 1001, ".service", sizeof(".service"));
	proc_owner__parse(path, &owner);
	assert_int_equal(strlen(owner.unit), PROC_UNIT_SIZE - 1);
}

static void test_environ(void **state)
{
	static const char text[] = "A=1\0OTEL_SERVICE_NAME=cart\0B=";

	assert_string_equal(proc_environ_find(text, sizeof(text), "OTEL_SERVICE_NAME"), "cart");
	assert_string_equal(proc_environ_find(text, sizeof(text), "A"), "1");
	assert_null(proc_environ_find(text, sizeof(text), "OTEL"));
	assert_null(proc_environ_find(text, 0, "A"));
	/* The last one has no end. */
	assert_null(proc_environ_find(text, sizeof(text) - 1, "B"));
	assert_null(proc_environ_find("A=1", 3, "A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_containers), cmocka_unit_test(test_pods),
		cmocka_unit_test(test_units),      cmocka_unit_test(test_lookalikes),
		cmocka_unit_test(test_environ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
