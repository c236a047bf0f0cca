/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one internal model of a profile: what collect/ builds, what encode/ and view/ read. No I/O.
 *
 * The shape is that of pprof's profile.proto, flattened: every kind of thing is a row in an array
 * and refers to others by number. Mappings, functions and locations are numbered 1..cnt, 0 means
 * "none" (its row is all zero and safe to look at); strings are numbered by base/intern.h, 0 is "";
 * sample types and samples are numbered from 0. Nothing is ever deleted; numbers are given in the
 * order of first adding and stay. Pointers returned here are valid until the next add of that kind.
 *
 * Invariants every reader may rely on:
 *  - all strings are valid UTF-8 (bytes that are not become U+FFFD), no NUL inside. They may
 * contain control characters and anything else a hostile process can put into a name;
 *  - every number refers to something that exists;
 *  - every location has at least one line, and its function has a name: one without symbols is
 * named "libfoo.so+0x1234" (file offset), "[anon]+0x…" or "0x…";
 *  - sums saturate at the limits of int64_t.
 *
 * Size: a sample is 8 bytes + 8 per sample type, a distinct stack 4 + 4 per frame, a location 24.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define PROFILE_TYPES_MAX  16
#define PROFILE_LABELS_MAX 128   /* of one sample */
#define PROFILE_FRAMES_MAX 65536 /* of one stack */

/* The standard four, in pprof's order; indices into a sample's values for profiles from
 * profile__new_heap(). */
enum profile_metric {
	PROFILE_ALLOC_OBJECTS,
	PROFILE_ALLOC_SPACE,
	PROFILE_INUSE_OBJECTS,
	PROFILE_INUSE_SPACE,
	PROFILE_METRIC_CNT
};

struct profile_type { /* strings */
	uint32_t name;
	uint32_t unit;
};

enum { /* profile_mapping.flags: what has been looked up already, so that nobody does it again */
       PROFILE_HAS_FUNCTIONS = 1,
       PROFILE_HAS_FILENAMES = 2,
       PROFILE_HAS_LINE_NUMBERS = 4,
       PROFILE_HAS_INLINE_FRAMES = 8,
};

struct profile_mapping {
	uint64_t start;
	uint64_t limit;
	uint64_t file_offset;
	uint32_t filename; /* string */
	uint32_t build_id; /* string, lower-case hex */
	uint32_t flags;
	uint32_t reserved; /* 0 */
};

struct profile_function { /* strings but for the last */
	uint32_t name;
	uint32_t system_name; /* as in the symbol table (mangled) */
	uint32_t filename;
	int32_t start_line; /* 0: unknown */
};

struct profile_line {
	uint32_t function;
	int32_t line;   /* 0: unknown */
	int32_t column; /* 0: unknown */
};

struct profile_location {
	uint64_t address; /* of the call: return address - 1 */
	uint32_t mapping;
	uint32_t lines; /* use profile__lines() */
	uint32_t is_folded;
	uint32_t reserved; /* 0 */
};

/* A string label if @str is not 0, else a numeric one. */
struct profile_label {
	uint32_t key; /* string */
	uint32_t str; /* string */
	int64_t num;
	uint32_t unit;     /* string, of @num */
	uint32_t reserved; /* 0 */
};

struct profile_meta {
	int64_t time_ns;     /* since 1970 */
	int64_t duration_ns; /* 0: cumulative */
	int64_t period; /* mean number of period_units between samples; 1: everything was recorded
			 */
	uint32_t period_type; /* strings */
	uint32_t period_unit;
	uint32_t default_type; /* a sample type's name or "" */
	uint32_t drop_frames;
	uint32_t keep_frames;
	uint32_t doc_url;
};

struct profile;

/* Without sample types. NULL if out of memory. */
struct profile *profile__new(void);
/* With the standard four types and period 1 space/bytes. NULL if out of memory. */
struct profile *profile__new_heap(void);
void profile__free(struct profile *profile);
DEFINE_CLEANUP(profile);

/* --- strings --- */
/* The number of @str, made valid UTF-8. 0 or -ENOMEM. */
int profile__add_string(struct profile *profile, const char *str, uint32_t *ret);
int profile__add_string_n(struct profile *profile, const char *str, size_t len_bytes,
			  uint32_t *ret);
/* Never NULL; "" for numbers that do not exist. Valid for the life of the profile. */
const char *profile__str(const struct profile *profile, uint32_t string);
/* Numbers are 0..cnt-1. */
size_t profile__string_cnt(const struct profile *profile);

/* --- sample types: 1..PROFILE_TYPES_MAX, all of them before the first sample --- */
/* 0, -EBUSY after the first sample, -E2BIG, -ENOMEM. */
int profile__add_type(struct profile *profile, const char *name, const char *unit);
size_t profile__type_cnt(const struct profile *profile);
const struct profile_type *profile__type(const struct profile *profile, size_t index);
const char *profile__type_name(const struct profile *profile, size_t index);
const char *profile__type_unit(const struct profile *profile, size_t index);
/* 0 or -ENOENT. */
int profile__find_type(const struct profile *profile, const char *name, size_t *ret);
/* What tools show when not told: meta.default_type, or the last type. 0 if there are no types. */
size_t profile__default_type(const struct profile *profile);
/* Does it have the standard four, by name? Fills their indices, in the order of enum
 * profile_metric. */
bool profile__heap_types(const struct profile *profile, size_t ret[PROFILE_METRIC_CNT]);

/* --- header --- */
const struct profile_meta *profile__meta(const struct profile *profile);
/* Copies; its strings are numbers from this profile. */
void profile__set_meta(struct profile *profile, const struct profile_meta *meta);
/* Short human lines, printed by pprof in every report. Equal ones are kept once. */
int profile__add_comment(struct profile *profile, const char *text);
/*
 * A comment that holds for any stretch of the time that the profile is of: estimates, what is missing. Of samples with the
 * label service_name=@service alone, unless that is "": it ends in " [service_name=...]" then, as it does in files, and
 * where they are not, it is not (profile_take()).
 */
int profile__add_warning(struct profile *profile, const char *text, const char *service);
int profile__copy_warnings(struct profile *profile, const struct profile *from);
void profile__drop_comments(struct profile *profile);
size_t profile__comment_cnt(const struct profile *profile);
const char *profile__comment(const struct profile *profile, size_t index);
uint32_t profile__comment_id(const struct profile *profile, size_t index);

/* --- adders: an equal row gets its old number. All: 0, -EINVAL for numbers that do not exist,
 * -ENOMEM --- */
int profile__add_mapping(struct profile *profile, uint64_t start, uint64_t limit,
			 uint64_t file_offset, const char *filename, const char *build_id,
			 uint32_t flags, uint32_t *ret);
/* @name "" becomes "[unknown]"; NULL @system_name means @name, NULL @filename "". */
int profile__add_function(struct profile *profile, const char *name, const char *system_name,
			  const char *filename, int32_t start_line, uint32_t *ret);
/*
 * @lines innermost (inlined) first, the last is the function that has the code. Without lines the
 * location is named after its mapping and address.
 */
int profile__add_location(struct profile *profile, uint32_t mapping, uint64_t address,
			  const struct profile_line *lines, size_t line_cnt, bool is_folded,
			  uint32_t *ret);
/* Flags are raised, never cleared: e.g. once symbols have been found. */
int profile__add_mapping_flags(struct profile *profile, uint32_t mapping, uint32_t flags);

int profile__label_str(struct profile *profile, const char *key, const char *value,
		       struct profile_label *ret);
/* @unit may be "". */
int profile__label_num(struct profile *profile, const char *key, int64_t num, const char *unit,
		       struct profile_label *ret);

/*
 * @locs leaf first; one value per sample type; labels in any order. If (stack, labels) exists the
 * values are added to it. @ret_sample may be NULL. -E2BIG past PROFILE_FRAMES_MAX or
 * PROFILE_LABELS_MAX.
 */
int profile__add_sample(struct profile *profile, const uint32_t *locs, size_t loc_cnt,
			const int64_t *values, const struct profile_label *labels, size_t label_cnt,
			uint32_t *ret_sample);
/*
 * Sampled profiles: add to the variance of each value of @sample. Variances of independent
 * estimates add up, so a standard error of any sum of samples is sqrt(sum of variances).
 */
int profile__add_variances(struct profile *profile, uint32_t sample, const double *variances);

/* Replace a value. 0, or -EINVAL: there is no such sample or type. */
int profile__set_value(struct profile *profile, uint32_t sample, size_t type, int64_t value);

/* --- reading --- */
size_t profile__mapping_cnt(const struct profile *profile);
size_t profile__function_cnt(const struct profile *profile);
size_t profile__location_cnt(const struct profile *profile);
size_t profile__sample_cnt(const struct profile *profile);

const struct profile_mapping *profile__mapping(const struct profile *profile, uint32_t mapping);
const struct profile_function *profile__function(const struct profile *profile, uint32_t function);
const struct profile_location *profile__location(const struct profile *profile, uint32_t location);
/* Innermost first; at least one for every location but 0. */
const struct profile_line *profile__lines(const struct profile *profile, uint32_t location,
					  size_t *ret_cnt);

/* Locations, leaf first; samples with the same stack get the same pointer. */
const uint32_t *profile__stack(const struct profile *profile, uint32_t sample, size_t *ret_cnt);
/* Distinct stacks are numbered: readers may work once per stack rather than once per sample. */
uint32_t profile__stack_id(const struct profile *profile, uint32_t sample);
size_t profile__stack_cnt(const struct profile *profile);
/* profile__type_cnt() of them. */
const int64_t *profile__values(const struct profile *profile, uint32_t sample);
/* NULL if the profile has no variances at all. */
const double *profile__variances(const struct profile *profile, uint32_t sample);
/* Sorted by key number. */
const struct profile_label *profile__labels(const struct profile *profile, uint32_t sample,
					    size_t *ret_cnt);
/* The first label of that key, or NULL. */
const struct profile_label *profile__find_label(const struct profile *profile, uint32_t sample,
						const char *key);
/* Names for convenience: of the function of one line; never "". */
const char *profile__line_name(const struct profile *profile, const struct profile_line *line);

/* Sum over all samples, one per sample type. */
void profile__totals(const struct profile *profile, int64_t *ret);

/*
 * Put the samples into an order that depends on their contents alone, not on the order of adding:
 * biggest value first (of the default type, then the others), then by stack and labels as text.
 * Call it once after building from anything unordered (a BPF map). 0 or -ENOMEM.
 */
int profile__sort(struct profile *profile);
/* Free what only adding needs; adding later builds it anew. */
void profile__compact(struct profile *profile);
