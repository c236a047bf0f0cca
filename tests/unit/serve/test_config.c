// SPDX-License-Identifier: Apache-2.0
#include "serve/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_fault(const char *text, size_t line, const char *part)
{
	struct serve_config config __serve_config;
	struct config_fault fault;
	int err;

	serve_config__init(&config);
	err = serve_config__parse(&config, text, &fault);
	if (!err)
		err = serve_config__check(&config, &fault);
	assert_int_equal(err, -EINVAL);
	assert_int_equal(fault.line, line);
	if (!strstr(fault.text, part))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, part);
}

static void test_defaults(void **state)
{
	struct serve_config config __serve_config;
	struct config_fault fault;

	serve_config__init(&config);
	assert_int_equal(serve_config__parse(&config, "", &fault), 0);
	assert_int_equal(serve_config__check(&config, &fault), 0);
	assert_int_equal(config.http.listen.cnt, 1);
	assert_true(serve_config_is_local(config.http.listen.at[0]));
	assert_null(config.dir);
}

static void test_all_kinds(void **state)
{
	static const char text[] =
		"# comment\n[trace]\n  name = redis-*\nname=node\nuser = 0\nlive = no\r\nmmap = "
		"yes\n"
		"sample = 512K\n; another\n\n[http]\nlisten = unix:/run/x\n"
		"[archive]\nwindow = 5m\nsize-max = 2M\ndir = /var/lib/x y\n"
		"[push one]\nurl = https://a/\nkind = parca\n[push two]\nurl = http://b/\n"
		"interval = 1m";
	struct serve_config config __serve_config;
	struct config_fault fault;

	serve_config__init(&config);
	assert_int_equal(serve_config__parse(&config, text, &fault), 0);
	assert_int_equal(serve_config__check(&config, &fault), 0);
	assert_int_equal(config.trace.names.cnt, 2);
	assert_string_equal(config.trace.names.at[0], "redis-*");
	assert_int_equal(config.trace.users.at[0], 0);
	assert_true(config.trace.no_live);
	assert_true(config.trace.maps);
	assert_int_equal(config.trace.sample_bytes, 512 << 10);
	assert_int_equal(config.http.listen.cnt, 1);
	assert_int_equal(config.window_ns, 300000000000);
	assert_string_equal(config.dir, "/var/lib/x y");
	assert_int_equal(config.pushes.cnt, 2);
	assert_string_equal(config.pushes.at[0].name, "one");
	assert_int_equal(config.pushes.at[0].kind, PUSH_PARCA);
	assert_int_equal(config.pushes.at[1].kind, PUSH_PYROSCOPE);
}

/* Every key with a value that is wrong for it. */
static void test_every_key_wrong(void **state)
{
	static const char *const rows[] = {
		"[trace]\nname =",
		"[trace]\nexclude =",
		"[trace]\nuser = no-such-user",
		"[trace]\ncgroup =",
		"[trace]\nsample = often",
		"[trace]\nlive = maybe",
		"[trace]\nmmap = 1",
		"[trace]\nmax-overhead = 101",
		"[trace]\nmax-overhead-total = -1",
		"[trace]\nlive-max = 0",
		"[trace]\nsites-max = -1",
		"[trace]\nstacks-max = x",
		"[trace]\nended-max = 0",
		"[http]\nlisten =",
		"[http]\ntoken-file =",
		"[http]\ntls-cert =",
		"[http]\ntls-key =",
		"[http]\nlisten = nowhere",
		"[http]\nlisten = 127.0.0.1:99999",
		"[http]\nlisten = unix:relative",
		"[http]\ntoken-file = /nonexistent",
		"[http]\nclients-max = many",
		"[archive]\ndir =",
		"[archive]\nwindow = 0",
		"[archive]\nage-max = ever",
		"[archive]\nsize-max = big",
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_fault(rows[i], 2, " must be ");
	expect_fault("[push a]\nurl = ftp://x", 2, "url must be http");
	expect_fault("[push a]\nkind = statsd", 2, "pyroscope");
	expect_fault("[push a]\ntoken-file = /nonexistent", 2, "token-file must be a file");
	expect_fault("[push a]\nca-file = /nonexistent", 2, "ca-file must be a file");
	expect_fault("[push a]\nheader = no colon", 2, "Name: value");
	expect_fault("[push a]\nheader = two words: x", 2, "Name: value");
	expect_fault("[push a]\nheader = X: a\tb", 2, "Name: value");
	expect_fault("[push a]\nspool =", 2, "a directory");
	expect_fault("[push a]\ninterval = 0", 2, "a time");
	expect_fault("[push a]\nqueue-max = 0", 2, "a size");
	expect_fault("[push a]\nspool-max = 0", 2, "a size");
}

static void test_structure(void **state)
{
	expect_fault("name = x", 1, "before any [section]");
	expect_fault("[trace]\nnmae = x", 2, "no key nmae in [trace]");
	expect_fault("[trade]", 1, "no section [trade]");
	expect_fault("\n\n[trace", 3, "[name]");
	expect_fault("[]", 1, "[name]");
	expect_fault("[push]", 1, "[push NAME]");
	expect_fault("[http x]", 1, "no name");
	expect_fault("[trace]\njust words", 2, "key = value");
}

static void test_open_listeners_need_a_secret(void **state)
{
	expect_fault("[http]\nlisten = 0.0.0.0:6099", 2, "token-file");
	expect_fault("[http]\nlisten = 127.0.0.1:1\nlisten = [::]:6099", 3, "token-file");
	expect_fault("[http]\nlisten = 10.0.0.1:6099", 2, "token-file");
	expect_fault("[http]\ntls-cert = /dev/null", 0, "tls-cert needs tls-key");
	expect_fault("[http]\ntls-key = /dev/null", 0, "tls-key needs tls-cert");
	assert_false(serve_config_is_local("0.0.0.0:6099"));
	assert_true(serve_config_is_local("[::1]:6099"));
}

static void test_pushes(void **state)
{
	static const char text[] = "[push a]\nurl = http://x\nkind = otlp\ntoken-file = /dev/null\n"
				   "ca-file = /dev/null\nspool = /s\nheader = X-Scope-OrgID: t\n"
				   "header = B:\ninterval = 3s\nqueue-max = 1K\nspool-max = 2K\n";
	struct serve_config config __serve_config;
	struct push_config copy;
	struct config_fault fault;

	expect_fault("\n[push a]\nkind = otlp", 2, "[push a] needs url");
	expect_fault("[push a]\nurl = http://x\n[push a]\nurl = http://y", 3, "twice");
	expect_fault("[push a]\nurl = http://x\nspool = /s\n[push b]\nurl = http://y\nspool = /s",
		     4, "[push a] and [push b]");
	serve_config__init(&config);
	assert_int_equal(serve_config__parse(&config, text, &fault), 0);
	assert_int_equal(serve_config__check(&config, &fault), 0);
	assert_int_equal(config.pushes.at[0].kind, PUSH_OTLP);
	assert_string_equal(config.pushes.at[0].headers.at[0], "X-Scope-OrgID: t");
	assert_int_equal(push_config__copy(&config.pushes.at[0], &copy), 0);
	assert_true(push_config__equals(&config.pushes.at[0], &copy));
	copy.interval_ns++;
	assert_false(push_config__equals(&config.pushes.at[0], &copy));
	copy.interval_ns--;
	copy.headers.cnt--;
	assert_false(push_config__equals(&config.pushes.at[0], &copy));
	copy.headers.cnt++;
	free(copy.token_file);
	copy.token_file = NULL;
	assert_false(push_config__equals(&config.pushes.at[0], &copy));
	push_config__done(&copy);
}

static bool goes_on(const char *from, const char *to)
{
	struct serve_config a __serve_config, b __serve_config;
	struct config_fault fault;
	char text[64];

	serve_config__init(&a);
	serve_config__init(&b);
	snprintf(text, sizeof(text), "[trace]\n%s", from);
	assert_int_equal(serve_config__parse(&a, text, &fault), 0);
	snprintf(text, sizeof(text), "[trace]\n%s", to);
	assert_int_equal(serve_config__parse(&b, text, &fault), 0);
	return trace_config__goes_on(&a.trace, &b.trace);
}

static void test_goes_on(void **state)
{
	static const char *const rows[] = {
		"",
		"name = a",
		"name = b",
		"exclude = a",
		"user = 0",
		"user = 1",
		"sample = exact",
		"live = no",
		"mmap = yes",
		"max-overhead = 0",
		"live-max = 9999",
		"ended-max = 9M",
		"sites-max = 9999",
		"stacks-max = 9M",
		"file-age-max = 9s",
	};
	size_t i, j;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			assert_int_equal(goes_on(rows[i], rows[j]), i == j);
	}
	/* The default is a budget. */
	assert_true(goes_on("", "max-overhead = 5"));
	assert_true(goes_on("", "max-overhead-total = 5"));
	assert_true(goes_on("max-overhead = 1", "max-overhead = 0\nmax-overhead-total = 5"));
	assert_false(goes_on("max-overhead = 0\nmax-overhead-total = 5", "max-overhead = 0"));
}

static void test_bounds(void **state)
{
	expect_fault("[trace]\nsample = 2G", 2, "sample must be 1G at most");
	expect_fault("[trace]\nlive-max = 99999999999", 2, "live-max must be 134217728 at most");
	expect_fault("[trace]\nsites-max = 1", 2, "sites-max must be 1024 at least");
	expect_fault("[trace]\nstacks-max = 1T", 2, "stacks-max must be 2G at most");
	expect_fault("[trace]\nended-max = 1", 2, "ended-max must be 1M at least");
	expect_fault("[trace]\nfile-age-max = 1ms", 2, "file-age-max must be 1s at least");
	expect_fault("[http]\nclients-max = 1000000", 2, "clients-max must be 4096 at most");
	expect_fault("[archive]\nwindow = 1ms", 2, "window must be 1s at least");
	expect_fault("[archive]\nwindow = 999h", 2, "window must be 24h at most");
	expect_fault("[push a]\ninterval = 1ms", 2, "interval must be 1s at least");
	expect_fault("[push a]\nqueue-max = 1T", 2, "queue-max must be 4G at most");
}

static void test_once(void **state)
{
	static const char text[] = "[trace]\nname = a\nname = a\n[push a]\nurl = http://x\n"
				   "[push b]\nurl = http://y\nheader = A: b\nheader = A: c\n";
	struct serve_config config __serve_config;
	struct config_fault fault;

	expect_fault("[trace]\nlive = yes\n[http]\n[trace]\nlive = no", 5, "line 2 already");
	expect_fault("[push a]\nurl = http://x\nurl = http://y", 3, "url is in line 2 already");
	expect_fault("[http]\nlisten = 127.0.0.1:1\nlisten = 127.0.0.1:1", 3, "is there twice");
	expect_fault("[http]\nlisten = 127.0.0.1:1\nlisten = 0.0.0.0:1", 3,
		     "one has the other's port");
	expect_fault("[http]\nlisten = [::]:1\nlisten = [::1]:1", 3, "one has the other's port");
	serve_config__init(&config);
	assert_int_equal(serve_config__parse(&config, text, &fault), 0);
	assert_int_equal(serve_config__check(&config, &fault), 0);
}

static void test_addresses(void **state)
{
	static const char *const wrong[] = { "127.foo:1",  "127.1:1",       "localhostx:1",
					     "[::1:1",     "[localhost]:1", "::1:1",
					     "127.0.0.1:", "127.0.0.1:0",   "node:1",
					     "[::g]:1" };
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "[http]\nlisten = %s", wrong[i]);
		expect_fault(text, 2, "listen must be HOST:PORT");
	}
	snprintf(text, sizeof(text), "[http]\nlisten = unix:/%0200d", 0);
	expect_fault(text, 2, "107 bytes");
	expect_fault("[push a]\nurl = http://", 2, "url must be");
	expect_fault("[push a]\nurl = http:///path", 2, "url must be");
	expect_fault("[push a]\nurl = https://:80/", 2, "url must be");
	expect_fault("[push a]\nurl = http://a b/", 2, "url must be");
	expect_fault("[http]\nadvertise = http://x", 2, "advertise must be HOST");
	expect_fault("[http]\ntoken-file = /", 2, "token-file must be a file");
}

static void test_what_is_there(void **state)
{
	expect_fault("[trace]\ncgroup = /proc", 2, "cgroup must be a control group");
	expect_fault("[trace]\ncgroup = /nonexistent", 2, "cgroup must be a control group");
	expect_fault("[archive]\ndir = /dev/null", 2, "dir must be a directory");
	expect_fault("[archive]\ndir = /nonexistent/a", 2, "dir must be a directory");
	expect_fault("[archive]\ndir = var", 2, "dir must be a directory");
	expect_fault("[push a]\nspool = /dev/null", 2, "spool must be a directory");
	expect_fault(
		"[push a]\nurl = http://x\nspool = /tmp\n[push b]\nurl = http://x\nspool = /tmp/.",
		4, "a spool each");
	expect_fault("[archive]\ndir = /tmp\n[push a]\nurl = http://x\nspool = /tmp/", 3,
		     "the archive's dir");
}

static void test_long_line(void **state)
{
	static char text[8192];

	memset(text, 'x', sizeof(text) - 1);
	expect_fault(text, 1, "too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_every_key_wrong),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_open_listeners_need_a_secret),
		cmocka_unit_test(test_pushes),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_what_is_there),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
