// SPDX-License-Identifier: Apache-2.0
/* What one key alone cannot tell. */
#include <string.h>
#include <sys/stat.h>

#include "serve/config.h"

bool serve_config_is_local(const char *listen)
{
	if (!strncmp(listen, "unix:", 5))
		return true;
	return !strncmp(listen, "127.", 4) || !strncmp(listen, "[::1]:", 6) ||
	       !strncmp(listen, "localhost:", 10);
}

static size_t line_of(const struct http_config *http, size_t nth)
{
	return nth < http->listen_lines.cnt ? http->listen_lines.at[nth] : 0;
}

/* Is @every all addresses of a kind, and @listen one of them at the same port? */
static bool covers(const char *every, const char *listen)
{
	const char *any = *listen == '[' ? "[::]:" : "0.0.0.0:";

	return !strncmp(every, any, strlen(any)) && strncmp(listen, "unix:", 5) != 0 &&
	       !strcmp(strrchr(every, ':'), strrchr(listen, ':'));
}

/* Two that cannot both be had: a reload, by which a port may change hands, must not do what a start could not. */
static int check_pair(const struct http_config *http, size_t nth, const char *before,
		      struct config_fault *fault)
{
	const char *listen = http->listen.at[nth];

	if (!strcmp(before, listen))
		return config_fault__set(fault, line_of(http, nth),
					 "listen = %.60s is there twice: remove one", listen);
	if (covers(before, listen) || covers(listen, before))
		return config_fault__set(
			fault, line_of(http, nth),
			"listen = %.60s and listen = %.60s: one has the other's port; remove one",
			before, listen);
	return 0;
}

static int check_listeners(const struct http_config *http, struct config_fault *fault)
{
	size_t i, j;
	int err;

	for (i = 1; i < http->listen.cnt; i++) {
		for (j = 0; j < i; j++) {
			err = check_pair(http, i, http->listen.at[j], fault);
			if (err)
				return err;
		}
	}
	for (i = 0; i < http->listen.cnt; i++) {
		if (serve_config_is_local(http->listen.at[i]) || http->token_file || http->tls_cert)
			continue;
		return config_fault__set(
			fault, line_of(http, i),
			"listen = %.60s is open to others: it needs token-file, or tls-cert "
			"and tls-key",
			http->listen.at[i]);
	}
	if (!http->tls_cert == !http->tls_key)
		return 0;
	return config_fault__set(fault, 0, "%s needs %s as well",
				 http->tls_cert ? "tls-cert" : "tls-key",
				 http->tls_cert ? "tls-key" : "tls-cert");
}

static bool is_same_dir(const char *a, const char *b)
{
	struct stat x, y;

	if (!a || !b)
		return false;
	return !strcmp(a, b) ||
	       (!stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

static int check_push(const struct serve_config *config, size_t nth, struct config_fault *fault)
{
	const struct push_config *push = &config->pushes.at[nth];
	size_t i;

	if (!push->url)
		return config_fault__set(
			fault, push->line,
			"[push %.40s] needs url = http://HOST... or https://HOST...", push->name);
	for (i = 0; i < nth; i++) {
		const struct push_config *other = &config->pushes.at[i];

		if (!strcmp(other->name, push->name))
			return config_fault__set(
				fault, push->line,
				"[push %.40s] is there twice: give each its own name", push->name);
		/* Each would send what the other has put there. */
		if (is_same_dir(push->spool, other->spool))
			return config_fault__set(fault, push->line,
						 "[push %.40s] and [push %.40s] need a spool each",
						 other->name, push->name);
	}
	if (is_same_dir(push->spool, config->dir))
		return config_fault__set(
			fault, push->line,
			"[push %.40s] spool = %.100s is the archive's dir: give it one "
			"of its own",
			push->name, push->spool);
	return 0;
}

int serve_config__check(const struct serve_config *config, struct config_fault *ret_fault)
{
	size_t i;
	int err = check_listeners(&config->http, ret_fault);

	for (i = 0; !err && i < config->pushes.cnt; i++)
		err = check_push(config, i, ret_fault);
	return err;
}
