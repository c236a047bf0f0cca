// SPDX-License-Identifier: Apache-2.0
#include "serve/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct route parsed(const char *path)
{
	struct route route;

	route_parse(path, &route);
	return route;
}

static void test_paths(void **state)
{
	assert_int_equal(parsed("/").kind, ROUTE_STATUS);
	assert_int_equal(parsed("/metrics").kind, ROUTE_METRICS);
	assert_int_equal(parsed("/sd").kind, ROUTE_SD);
	assert_int_equal(parsed("/-/healthy").kind, ROUTE_HEALTHY);
	assert_int_equal(parsed("/-/ready").kind, ROUTE_READY);
	assert_int_equal(parsed("/debug/pprof").kind, ROUTE_INDEX);
	assert_int_equal(parsed("/debug/pprof/").kind, ROUTE_INDEX);
	assert_int_equal(parsed("/debug/pprof/heap").kind, ROUTE_PROFILE);
	assert_false(parsed("/debug/pprof/heap").allocs);
	assert_true(parsed("/debug/pprof/allocs").allocs);
	assert_true(parsed("/debug/pprof/delta_heap").delta);
	assert_int_equal(parsed("/debug/pprof/cmdline").kind, ROUTE_CMDLINE);
	assert_int_equal(parsed("/debug/pprof/symbol").kind, ROUTE_SYMBOL);
	assert_int_equal(parsed("/debug/pprof/profile").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/debug/pprof/heap/").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/../etc/passwd").kind, ROUTE_NOT_FOUND);
}

static void test_parts(void **state)
{
	char longest[600] = "/service/";

	assert_int_equal(parsed("/pid/42/debug/pprof/heap").pid, 42);
	assert_int_equal(parsed("/pid/42/debug/pprof/heap").kind, ROUTE_PROFILE);
	assert_string_equal(parsed("/service/my cart/debug/pprof/allocs").service, "my cart");
	assert_int_equal(parsed("/pid/0/debug/pprof/heap").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/pid/-1/debug/pprof/heap").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/pid/99999999999999999999/debug/pprof/heap").kind,
			 ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/pid/42").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/pid/42/metrics").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/service//debug/pprof/heap").kind, ROUTE_NOT_FOUND);
	memset(longest + 9, 'a', 500);
	assert_int_equal(parsed(longest).kind, ROUTE_NOT_FOUND);
}

static void expect_service(const char *name, const char *segment)
{
	struct buf *out __free(buf) = buf__new(1000);
	struct writer *writer __free(writer) = writer__new_buf(out);
	struct route route;

	writer__str(writer, "/service/");
	route_write_service(writer, name);
	writer__str(writer, "/debug/pprof/heap");
	assert_int_equal(writer__finish(writer), 0);
	buf__append_char(out, '\0');
	assert_non_null(strstr(buf__data(out), segment));
	route_parse(buf__data(out), &route);
	assert_int_equal(route.kind, ROUTE_PROFILE);
	assert_string_equal(route.service, name);
}

/* Whatever a service is called, the path that we print leads to it. */
static void test_any_service(void **state)
{
	expect_service("cart", "/cart/");
	expect_service("team/a", "/team%2Fa/");
	expect_service("..", "/..;/");
	expect_service(".", "/.;/");
	expect_service("..;", "/..%3B/");
	expect_service("a b%2F?#&+\"", "/a%20b%252F%3F%23%26%2B%22/");
	expect_service("caf\xc3\xa9", "/caf%C3%A9/");
	assert_int_equal(parsed("/service/a%/debug/pprof/heap").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/service/a%0/debug/pprof/heap").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/service/a%zz/debug/pprof/heap").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/service/a%00b/debug/pprof/heap").kind, ROUTE_NOT_FOUND);
	assert_int_equal(parsed("/service/;/debug/pprof/heap").kind, ROUTE_NOT_FOUND);
}

static void test_params(void **state)
{
	struct route route = parsed("/debug/pprof/heap");

	route__param(&route, "seconds", "5");
	route__param(&route, "gc", "1");
	route__param(&route, "unknown", NULL);
	route__check(&route);
	assert_null(route.fault);
	assert_int_equal(route.seconds, 5);
	route__param(&route, "debug", "1");
	route__check(&route);
	assert_non_null(route.fault);
}

static void test_bad_params(void **state)
{
	static const char *const seconds[] = {
		"", "0", "-1", "1.5", "x", "3601", "99999999999999999999"
	};
	struct route route;
	size_t i;

	for (i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		route = parsed("/debug/pprof/heap");
		route__param(&route, "seconds", seconds[i]);
		assert_non_null(route.fault);
	}
	route = parsed("/debug/pprof/heap");
	route__param(&route, "format", "a-name-that-no-encoder-has");
	assert_non_null(route.fault);
	route = parsed("/debug/pprof/delta_heap");
	route__param(&route, "seconds", "1");
	route__check(&route);
	assert_non_null(route.fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),       cmocka_unit_test(test_parts),
		cmocka_unit_test(test_any_service), cmocka_unit_test(test_params),
		cmocka_unit_test(test_bad_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
