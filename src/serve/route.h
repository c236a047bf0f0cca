/* SPDX-License-Identifier: Apache-2.0 */
/* What a request asks for, told from its path and parameters alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/writer.h"

enum route_kind {
	ROUTE_NOT_FOUND,
	ROUTE_STATUS,  /* "/" */
	ROUTE_FLAME,   /* "/flame" */
	ROUTE_INDEX,   /* "/debug/pprof/" */
	ROUTE_PROFILE, /* heap, allocs, delta_heap */
	ROUTE_CMDLINE,
	ROUTE_SYMBOL,
	ROUTE_METRICS,
	ROUTE_SD,
	ROUTE_HEALTHY,
	ROUTE_READY,
};

#define ROUTE_NAME_SIZE   256
#define ROUTE_SECONDS_MAX 3600u

struct route {
	enum route_kind kind;
	pid_t pid;                     /* "/pid/N/..."; 0: all */
	char service[ROUTE_NAME_SIZE]; /* "/service/NAME/..." or ?service=; "": all */
	bool allocs;                   /* alloc_space is what tools show first */
	bool delta;                    /* since this client's last call */
	uint32_t seconds;              /* 0: since the start */
	bool debug;                    /* the old text form */
	char format[16];               /* an encoder's name */
	char metric[24];
	const char *fault; /* what is wrong with the parameters, or NULL */
};

/* Is its answer in only after a time? */
static inline bool route_is_window(const struct route *route)
{
	return route->kind == ROUTE_PROFILE && route->seconds;
}

/* @path and parameters are as they were sent: '%2F' is no separator. Parameters follow by route__param(). */
void route_parse(const char *path, struct route *ret);
/* Unknown ones are passed over, as net/http/pprof does. @value may be NULL. */
void route__param(struct route *route, const char *name, const char *value);
/* What stands for @name behind "/service/". */
void route_write_service(struct writer *writer, const char *name);
/* Once all parameters are there: those that exclude each other. */
void route__check(struct route *route);
