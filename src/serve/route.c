// SPDX-License-Identifier: Apache-2.0
#include "serve/route.h"

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
		if (!len || len >= sizeof(route->service))
			return NULL;
		snprintf(route->service, sizeof(route->service), "%.*s", (int)len, path);
		return path + len;
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
	if (strlen(value) >= size)
		route->fault = "a parameter is too long";
	else
		snprintf(to, size, "%s", value);
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

void route__check(struct route *route)
{
	if (!route->fault && route->seconds && route->debug)
		route->fault = "seconds and debug params are incompatible";
	if (!route->fault && route->seconds && route->delta)
		route->fault = "delta_heap does not wait: it takes no seconds";
}
