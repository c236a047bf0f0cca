// SPDX-License-Identifier: Apache-2.0
#include "serve/secrets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What becomes of a token file with @text in it. */
static int read_token(const char *text, struct secrets *ret, struct config_fault *fault)
{
	char path[] = "/tmp/heaptap-token-XXXXXX";
	struct http_config config = { .token_file = path };
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err = secrets_read(&config, ret, fault);
	unlink(path);
	return err;
}

static void test_token(void **state)
{
	struct secrets secrets __secrets = {};
	struct config_fault fault;

	assert_int_equal(read_token("", &secrets, &fault), -EINVAL);
	assert_int_equal(read_token("\n0123456789abcdef\n", &secrets, &fault), -EINVAL);
	assert_int_equal(read_token("0123456789abcde\n", &secrets, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "token-file = "));
	assert_non_null(strstr(fault.text, "openssl rand"));
	assert_null(secrets.token);
	assert_int_equal(read_token("0123456789abcdef\r\nmore", &secrets, &fault), 0);
	assert_true(secrets__allow(&secrets, "Bearer 0123456789abcdef"));
	assert_true(secrets__allow(&secrets, "bEARER  0123456789abcdef"));
	assert_false(secrets__allow(&secrets, "Bearer 0123456789abcdee"));
	assert_false(secrets__allow(&secrets, "Bearer 0123456789abcdef0"));
	assert_false(secrets__allow(&secrets, "Bearer "));
	assert_false(secrets__allow(&secrets, "Basic 0123456789abcdef"));
	assert_false(secrets__allow(&secrets, NULL));
}

static void test_none(void **state)
{
	struct secrets secrets __secrets = {}, other __secrets = {};
	struct http_config config = { .tls_cert = (char *)"/nonexistent" };
	struct config_fault fault;

	assert_true(secrets__allow(&secrets, NULL));
	assert_int_equal(secrets_read(&config, &secrets, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "tls-cert = /nonexistent"));
	assert_true(secrets_same_tls(&secrets, &other));
	secrets.tls_cert = strdup("a");
	assert_false(secrets_same_tls(&secrets, &other));
	assert_int_equal(secrets__copy(&secrets, &other), 0);
	assert_true(secrets_same_tls(&secrets, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
