// SPDX-License-Identifier: Apache-2.0
/* What comes from outside into the daemon: request lines, addresses, and its configuration. The first byte picks. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "serve/config.h"
#include "serve/route.h"
#include "serve/symbol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_config(const char *text)
{
	struct serve_config config __serve_config;
	struct config_fault fault;

	serve_config__init(&config);
	if (!serve_config__parse(&config, text, &fault))
		serve_config__check(&config, &fault);
	if (strnlen(fault.text, sizeof(fault.text)) == sizeof(fault.text))
		__builtin_trap();
}

/* "PATH?NAME=VALUE&..." without the decoding, which is libmicrohttpd's. */
static void parse_request(char *text)
{
	char *query = strchr(text, '?'), *name, *value, *rest;
	struct route route;

	if (query)
		*query++ = '\0';
	route_parse(text, &route);
	for (name = query; name && *name; name = rest) {
		rest = strchr(name, '&');
		if (rest)
			*rest++ = '\0';
		value = strchr(name, '=');
		if (value)
			*value++ = '\0';
		route__param(&route, name, value);
	}
	route__check(&route);
	if (route.seconds > ROUTE_SECONDS_MAX || route.pid < 0)
		__builtin_trap();
}

static void parse_addresses(const char *text)
{
	struct addresses addresses = {};

	if (!addresses__parse(&addresses, text) && addresses.list.cnt > strlen(text))
		__builtin_trap();
	addresses__done(&addresses);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (!text)
		return 0;
	if (data[0] & 1)
		parse_config(text);
	else if (data[0] & 2)
		parse_addresses(text);
	else
		parse_request(text);
	free(text);
	return 0;
}
