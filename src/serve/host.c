// SPDX-License-Identifier: Apache-2.0
#include "serve/host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE  256
#define PORT_WIDTH 5u

/* "NAME", "NAME:PORT", "[V6]" or "[V6]:PORT": the name without brackets. False: it is none of these. */
static bool split(const char *host, char name[NAME_SIZE], bool *ret_is_v6)
{
	size_t len = strcspn(host, *host == '[' ? "]" : ":"), skip = *host == '[';
	const char *port = host + len;

	*ret_is_v6 = skip;
	if (skip && *port++ != ']')
		return false;
	if (len <= skip || len - skip >= NAME_SIZE)
		return false;
	if (*port == ':' && strspn(port + 1, "0123456789") <= PORT_WIDTH)
		port += 1 + strspn(port + 1, "0123456789");
	if (*port)
		return false;
	snprintf(name, NAME_SIZE, "%.*s", (int)(len - skip), host + skip);
	return true;
}

bool host_is_local(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;
	char name[NAME_SIZE];
	bool is_v6;

	if (!split(host, name, &is_v6))
		return false;
	if (is_v6)
		return inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	if (!strcasecmp(name, "localhost"))
		return true;
	return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool host_is_one(const char *host)
{
	struct in6_addr v6;
	char name[NAME_SIZE];
	const char *at;
	bool is_v6;

	if (!split(host, name, &is_v6))
		return false;
	for (at = name; isalnum((unsigned char)*at) || (*at && strchr("-._", *at)); at++)
		;
	return is_v6 ? inet_pton(AF_INET6, name, &v6) == 1 : !*at;
}
