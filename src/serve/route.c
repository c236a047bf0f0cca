// SPDX-License-Identifier: Apache-2.0
#include "serve/route.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

static const struct {
	const char *path;
	enum route_kind kind;
} paths[] = {
	{ "/", ROUTE_STATUS }, { "/flame", ROUTE_FLAME },       { "/metrics", ROUTE_METRICS },
	{ "/sd", ROUTE_SD },   { "/-/healthy", ROUTE_HEALTHY }, { "/-/ready", ROUTE_READY },
};

static const struct {
	const char *name;
	enum route_kind kind;
	bool allocs, delta;
} profiles[] = {
	{ "", ROUTE_INDEX, false, false },          { "heap", ROUTE_PROFILE, false, false },
	{ "allocs", ROUTE_PROFILE, true, false },   { "delta_heap", ROUTE_PROFILE, false, true },
	{ "cmdline", ROUTE_CMDLINE, false, false }, { "symbol", ROUTE_SYMBOL, false, false },
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first @len bytes of @from without percent signs. False: they make no sense, or too much. */
static bool decode(const char *from, size_t len, char *out, size_t size)
{
	const char *end = from + len;
	char c;

	for (; from < end; from++, out++, size--) {
		c = *from;
		if (c == '%') {
			if (end - from < 3 || hex(from[1]) < 0 || hex(from[2]) < 0)
				return false;
			c = (char)(hex(from[1]) << 4 | hex(from[2]));
			from += 2;
		}
		if (!c || size < 2)
			return false;
		*out = c;
	}
	*out = '\0';
	return true;
}

/*
 * Browsers and tools make the path shorter where a segment is "." or "..", escaped or not. With a ";", which begins the
 * parameters of a segment (RFC 3986, 3.3) and which a name has escaped, it is neither.
 */
static bool take_service(const char *segment, size_t len, struct route *route)
{
	if (len && segment[len - 1] == ';')
		len--;
	return len && decode(segment, len, route->service, sizeof(route->service));
}

/* "/pid/N" or "/service/NAME" in front: whose. What follows, or NULL if it makes no sense. */
static const char *take_prefix(const char *path, struct route *route)
{
	char number[16];
	uint64_t pid;
	size_t len;

	if (!strncmp(path, "/pid/", 5)) {
		path += 5;
		len = strcspn(path, "/");
		if (len >= sizeof(number))
			return NULL;
		snprintf(number, sizeof(number), "%.*s", (int)len, path);
		if (units_parse_u64(number, &pid) || !pid || pid > INT32_MAX)
			return NULL;
		route->pid = (pid_t)pid;
		return path + len;
	}
	if (!strncmp(path, "/service/", 9)) {
		path += 9;
		len = strcspn(path, "/");
		return take_service(path, len, route) ? path + len : NULL;
	}
	return path;
}

static void find_profile(const char *name, struct route *route)
{
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].name, name))
			continue;
		route->kind = profiles[i].kind;
		route->allocs = profiles[i].allocs;
		route->delta = profiles[i].delta;
	}
}

void route_parse(const char *path, struct route *ret)
{
	const char *rest;
	size_t i;

	*ret = (struct route){ .kind = ROUTE_NOT_FOUND,
			       .format = "pprof",
			       .metric = "alloc_space" };
	rest = take_prefix(path, ret);
	if (!rest)
		return;
	if (!strcmp(rest, "/debug/pprof"))
		ret->kind = ROUTE_INDEX;
	else if (!strncmp(rest, "/debug/pprof/", 13))
		find_profile(rest + 13, ret);
	for (i = 0; rest == path && i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!strcmp(paths[i].path, path))
			ret->kind = paths[i].kind;
	}
}

static void set_name(struct route *route, char *to, size_t size, const char *value)
{
	if (!decode(value, strlen(value), to, size))
		route->fault = "a parameter is too long, or not escaped well";
}

void route__param(struct route *route, const char *name, const char *value)
{
	uint64_t number;

	value = value ? value : "";
	if (!strcmp(name, "seconds")) {
		if (units_parse_u64(value, &number) || !number || number > ROUTE_SECONDS_MAX)
			route->fault = "invalid value for seconds: a whole number from 1 to 3600";
		else
			route->seconds = (uint32_t)number;
	} else if (!strcmp(name, "debug")) {
		route->debug = *value && strcmp(value, "0") != 0;
	} else if (!strcmp(name, "format")) {
		set_name(route, route->format, sizeof(route->format), value);
	} else if (!strcmp(name, "metric")) {
		set_name(route, route->metric, sizeof(route->metric), value);
	} else if (!strcmp(name, "service")) {
		set_name(route, route->service, sizeof(route->service), value);
	} else if (!strcmp(name, "pid")) {
		if (units_parse_u64(value, &number) || !number || number > INT32_MAX)
			route->fault = "invalid value for pid";
		else
			route->pid = (pid_t)number;
	}
}

void route_write_service(struct writer *writer, const char *name)
{
	const char *at;

	for (at = name; *at; at++) {
		if (isalnum((unsigned char)*at) || strchr("-._~", *at))
			writer__char(writer, *at);
		else
			writer__printf(writer, "%%%02X", (unsigned char)*at);
	}
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		writer__char(writer, ';');
}

void route__check(struct route *route)
{
	if (!route->fault && route->seconds && route->debug)
		route->fault = "seconds and debug params are incompatible";
	if (!route->fault && route->seconds && route->delta)
		route->fault = "delta_heap does not wait: it takes no seconds";
}
