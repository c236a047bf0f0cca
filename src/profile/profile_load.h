/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a profile that comes with numbers of its own, in any order: samples refer to locations
 * not seen yet, ids may be anything. Rows are taken as they come and everything is resolved at the
 * end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

/* As found in the message; ids and string numbers are unchecked. */
struct raw_type {
	uint64_t name;
	uint64_t unit;
};

struct raw_mapping {
	uint64_t id;
	uint64_t start;
	uint64_t limit;
	uint64_t file_offset;
	uint64_t filename;
	uint64_t build_id;
	uint32_t flags;
};

struct raw_function {
	uint64_t id;
	uint64_t name;
	uint64_t system_name;
	uint64_t filename;
	int64_t start_line;
};

struct raw_line {
	uint64_t function;
	int64_t line;
	int64_t column;
};

struct raw_location {
	uint64_t id;
	uint64_t mapping;
	uint64_t address;
	const struct raw_line *lines;
	size_t line_cnt;
	bool is_folded;
};

struct raw_label {
	uint64_t key;
	uint64_t str;
	uint64_t unit;
	int64_t num;
};

struct raw_sample {
	const uint64_t *locs;
	size_t loc_cnt;
	const int64_t *values;
	size_t value_cnt;
	const struct raw_label *labels;
	size_t label_cnt;
};

struct raw_header {
	uint64_t drop_frames; /* string numbers */
	uint64_t keep_frames;
	uint64_t default_type;
	uint64_t doc_url;
	struct raw_type period_type;
	int64_t period;
	int64_t time_ns;
	int64_t duration_ns;
};

enum profile_load_outcome { /* positive returns */
			    PROFILE_LOAD_OK = 0,
			    PROFILE_LOAD_TOO_BIG,
			    PROFILE_LOAD_BAD_REFERENCE,
			    PROFILE_LOAD_BAD_TYPES,
};

struct profile_load;

/* NULL if out of memory. @row_limit as in struct pprof_limits. */
struct profile_load *profile_load__new(uint64_t row_limit);
void profile_load__free(struct profile_load *load);
DEFINE_CLEANUP(profile_load);

/* All: 0, an outcome, or -errno. */
int profile_load__string(struct profile_load *load, const char *str, size_t len_bytes);
int profile_load__type(struct profile_load *load, const struct raw_type *raw);
int profile_load__mapping(struct profile_load *load, const struct raw_mapping *raw);
int profile_load__function(struct profile_load *load, const struct raw_function *raw);
int profile_load__location(struct profile_load *load, const struct raw_location *raw);
int profile_load__sample(struct profile_load *load, const struct raw_sample *raw);
int profile_load__comment(struct profile_load *load, uint64_t string);
/* Resolve everything. The loader is of no use afterwards, but to be freed. */
int profile_load__finish(struct profile_load *load, const struct raw_header *header,
			 struct profile **ret);
