/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other model, beside the profile: not who allocates, but what becomes of it. A place is one
 * line of source (or one function, where lines are not known) that asks for memory, in whatever
 * stacks; library code that does so on behalf of others (std::vector, g_malloc, strdup) is not a
 * place, its caller is.
 *
 * Counts are sums of sampling weights, so they are no integers. Strings are numbers in
 * places.strings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/vec.h"

/* Class 0 is below 1024 ns, class i below twice as much as i - 1. */
#define PLACE_AGE_CNT 32
/* The upper end of a class, in seconds. */
double place_age_s(size_t age_class);

struct place_spot {
	uint32_t function;
	uint32_t file;
	uint32_t line; /* 0: unknown */
	uint32_t via;  /* the library function it calls, that asks for the memory or frees it; "":
			  none */
};

struct place_size {
	uint64_t bytes; /* the largest of the class */
	double cnt;
	uint32_t size_class;
};

struct place_sizes {
	struct place_size *at; /* in no order until places__finish() */
	size_t cnt;
	size_t room;
};

/* What was in use at a moment. */
struct place_point {
	double time_s; /* since the recording began */
	double objects;
	double bytes;
};

/* How far up from the place one must go to find a function that also leads to the free. */
enum { PLACE_NEAR_SAME, PLACE_NEAR_CALLER, PLACE_NEAR_CALLER2, PLACE_NEAR_FAR, PLACE_NEAR_CNT };

struct place {
	struct place_spot spot;
	uint32_t alloc_fn;
	double objects, bytes;             /* allocated, all calls */
	double inuse_objects, inuse_bytes; /* at the end, or when its process ended */
	struct place_sizes sizes;          /* of all calls */

	double ages[PLACE_AGE_CNT];      /* frees */
	double live_ages[PLACE_AGE_CNT]; /* not freed */
	double freed;                    /* sum of ages */
	double other_thread;
	double near[PLACE_NEAR_CNT]; /* frees whose stack is known */
	struct place_spot freer;     /* who frees most */
	double freer_cnt;
	uint32_t meeting; /* function: the nearest that leads to both, of most frees */
	double meeting_cnt;

	double grows, resizes, moves, moved_bytes; /* realloc calls that are this place */
	double grown; /* blocks that had grown when they were freed or the recording ended */
	double grown_steps, grown_first_bytes; /* their sums */
	struct place_sizes grown_sizes;        /* what they had become */

	VEC(struct place_point) points;
};

struct places {
	struct intern *strings;
	VEC(struct place) rows;
	double objects, bytes; /* sums over the rows */
	double inuse_bytes;
	double duration_s;
	bool has_stories; /* else only objects, bytes and in-use are known */
};

struct places *places__new(void);
void places__free(struct places *places);
DEFINE_CLEANUP(places);

/* Sort sizes, sum up what is a sum; call it once when all is in. */
void places__finish(struct places *places);

const char *places__str(const struct places *places, uint32_t string);

/* 0 or -ENOMEM. */
int place_sizes__add(struct place_sizes *sizes, uint32_t size_class, uint64_t bytes, double cnt);
/* The least size that covers @share of the counts; 0 if there are none. Sorted. */
uint64_t place_sizes__covering(const struct place_sizes *sizes, double share);

/* The share of @ages below @age_s; 0 if there are none. Classes across it do not count. */
double place_ages_below(const double ages[PLACE_AGE_CNT], double age_s);
/* An upper bound of the age that @share of them do not exceed. */
double place_ages_covering(const double ages[PLACE_AGE_CNT], double share);
