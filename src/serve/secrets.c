// SPDX-License-Identifier: Apache-2.0
#include "serve/secrets.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define FILE_MAX_BYTES  ((size_t)1 << 20)
#define TOKEN_MIN_BYTES 16u

static int read_file(const char *key, const char *path, char **ret, struct config_fault *ret_fault)
{
	size_t len;
	int err = path ? fdio_read_file(path, FILE_MAX_BYTES, ret, &len) : 0;

	if (!err || err == -ENOMEM)
		return err;
	return config_fault__set(ret_fault, 0, "%s = %s cannot be read: %s", key, path,
				 strerror(-err));
}

static int read_token(const char *path, char **ret, struct config_fault *ret_fault)
{
	int err = read_file("token-file", path, ret, ret_fault);

	if (err || !path)
		return err;
	(*ret)[strcspn(*ret, "\r\n")] = '\0';
	if (strlen(*ret) >= TOKEN_MIN_BYTES)
		return 0;
	return config_fault__set(
		ret_fault, 0,
		"token-file = %s: its first line has %zu bytes, and must have %u at "
		"least: openssl rand -hex 32 makes one",
		path, strlen(*ret), TOKEN_MIN_BYTES);
}

int secrets_read(const struct http_config *config, struct secrets *ret,
		 struct config_fault *ret_fault)
{
	struct secrets secrets __secrets = {};
	int err = read_token(config->token_file, &secrets.token, ret_fault);

	if (!err)
		err = read_file("tls-cert", config->tls_cert, &secrets.tls_cert, ret_fault);
	if (!err)
		err = read_file("tls-key", config->tls_key, &secrets.tls_key, ret_fault);
	if (err)
		return err;
	ret->token = TAKE_PTR(secrets.token);
	ret->tls_cert = TAKE_PTR(secrets.tls_cert);
	ret->tls_key = TAKE_PTR(secrets.tls_key);
	return 0;
}

static int copy_text(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

int secrets__copy(const struct secrets *from, struct secrets *ret)
{
	struct secrets copy = {};

	if (copy_text(from->token, &copy.token) || copy_text(from->tls_cert, &copy.tls_cert) ||
	    copy_text(from->tls_key, &copy.tls_key)) {
		secrets__done(&copy);
		return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

void secrets__done(struct secrets *secrets)
{
	free(secrets->token);
	free(secrets->tls_cert);
	free(secrets->tls_key);
	*secrets = (struct secrets){};
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool secrets_same_tls(const struct secrets *a, const struct secrets *b)
{
	return same_text(a->tls_cert, b->tls_cert) && same_text(a->tls_key, b->tls_key);
}

static bool is_token(const char *have, const char *want)
{
	size_t len = strlen(want), i;
	unsigned char differ = strlen(have) != len;

	/* The time taken says nothing about where they differ. */
	for (i = 0; i < len; i++)
		differ |= (unsigned char)(want[i] ^ (strlen(have) == len ? have[i] : 0));
	return !differ;
}

bool secrets__allow(const struct secrets *secrets, const char *authorization)
{
	if (!secrets->token)
		return true;
	if (!authorization || strncasecmp(authorization, "Bearer ", 7))
		return false;
	authorization += 7;
	return is_token(authorization + strspn(authorization, " "), secrets->token);
}
