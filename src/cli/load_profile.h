/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles from wherever the user points: a file, "-", or the URL of a /debug/pprof endpoint. */
#pragma once

#include <stddef.h>

#include "encode/pprof_read.h"
#include "profile/place.h"
#include "profile/profile.h"
#include "session/replay.h"

/* 0, or -errno after one line on stderr that says what is wrong with @source. */
int load_profile(const char *source, struct profile **ret);

/* The same as places; with life stories if it is a recording that has them. */
int load_places(const char *source, struct places **ret);

/* The source files inside a recording; NULL if @source is none or has none. Says nothing. */
struct replay_sources *load_sources(const char *source);

/* A source opened but not read. Files of the user's choice may be bigger than what a server sends.
 */
struct load_source {
	int fd;           /* the caller closes it */
	const char *name; /* for messages */
	const struct pprof_limits *limits;
};

/* 0, or -errno after one line on stderr. */
int load_open(const char *source, struct load_source *ret);

/* One line on stderr for what a reader of @source returned; 0 or -errno. */
int load_report(const struct load_source *source, int outcome);

/*
 * Which sample type @text means: its name or an unambiguous part of it; NULL: alloc_space, or what
 * the profile shows by default. 0, or -EINVAL after one line on stderr.
 */
int load_metric(const struct profile *profile, const char *text, size_t *ret);
