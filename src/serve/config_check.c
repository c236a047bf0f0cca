// SPDX-License-Identifier: Apache-2.0
/* What one key alone cannot tell. */
#include <string.h>

#include "serve/config.h"

bool serve_config_is_local(const char *listen)
{
	if (!strncmp(listen, "unix:", 5))
		return true;
	return !strncmp(listen, "127.", 4) || !strncmp(listen, "[::1]:", 6) ||
	       !strncmp(listen, "localhost:", 10);
}

static int check_listeners(const struct http_config *http, struct config_fault *fault)
{
	size_t i;

	for (i = 0; i < http->listen.cnt; i++) {
		if (serve_config_is_local(http->listen.at[i]) || http->token_file || http->tls_cert)
			continue;
		return config_fault__set(
			fault, i < http->listen_lines.cnt ? http->listen_lines.at[i] : 0,
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

static int check_push(const struct serve_config *config, size_t nth, struct config_fault *fault)
{
	const struct push_config *push = &config->pushes.at[nth];
	size_t i;

	if (!push->url)
		return config_fault__set(fault, push->line,
					 "[push %.40s] needs url = http://... or https://...",
					 push->name);
	for (i = 0; i < nth; i++) {
		const struct push_config *other = &config->pushes.at[i];

		if (!strcmp(other->name, push->name))
			return config_fault__set(
				fault, push->line,
				"[push %.40s] is there twice: give each its own name", push->name);
		/* Each would send what the other has put there. */
		if (push->spool && other->spool && !strcmp(push->spool, other->spool))
			return config_fault__set(fault, push->line,
						 "[push %.40s] and [push %.40s] need a spool each",
						 other->name, push->name);
	}
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
