/* SPDX-License-Identifier: Apache-2.0 */
/* What struct profile is made of. For the files of this folder alone. */
#pragma once

#include "base/intern.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "base/seq_table.h"

struct profile_sample {
	uint32_t stack;
	uint32_t labels;
};

/* How a comment that is about one service ends; that one's name and "]" follow. */
#define PROFILE_OF_SERVICE " [service_name="

struct profile_comment {
	uint32_t text; /* string */
	bool warns;
};

/* The same in another profile. */
int profile__copy_comment(struct profile *profile, const struct profile *from, size_t index);

struct profile {
	struct intern *strings;
	struct profile_type types[PROFILE_TYPES_MAX];
	size_t type_cnt;
	struct profile_meta meta;
	VEC(struct profile_comment) comments;
	struct seq_table mappings; /* row 0 of this and the next three is "none" */
	struct seq_table functions;
	struct seq_table lines; /* runs of struct profile_line */
	struct seq_table locations;
	struct seq_table stacks;  /* runs of location numbers */
	struct seq_table labels;  /* runs of struct profile_label, sorted */
	struct seq_table samples; /* struct profile_sample */
	VEC(int64_t) values;      /* type_cnt for each sample */
	VEC(double) variances;    /* empty, or as many as values */
};

/* What saturates instead of wrapping. */
static inline int64_t profile_sum(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

/* The name of a place without symbols, as a function number. @mapping and @address as of the
 * location. */
int profile__add_fallback_function(struct profile *profile, uint32_t mapping, uint64_t address,
				   uint32_t *ret);
void profile_sort_labels(struct profile_label *labels, size_t cnt);
/* Add @values to the sample of (stack, labels), made if it is new. 0 or -errno. */
int profile__add_to_sample(struct profile *profile, const struct profile_sample *row,
			   const int64_t *values, uint32_t *ret);
