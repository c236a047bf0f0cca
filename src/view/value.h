/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a profile as people read them: bytes, counts and times with a fitting unit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VALUE_TEXT_MAX 48

/* @unit as in a sample type: "bytes", "count", "nanoseconds", …; an unknown one follows the number.
 * With @exact nothing is rounded and no unit is shown. Returns @out. */
const char *value_format(int64_t value, const char *unit, bool exact,
			 char out[static VALUE_TEXT_MAX]);

/* The same with a sign for every value but 0. */
const char *value_format_delta(int64_t value, const char *unit, bool exact,
			       char out[static VALUE_TEXT_MAX]);

/* @part of @whole as "41.2%"; "" if there is no whole. Returns @out. */
const char *value_format_share(int64_t part, int64_t whole, char out[static VALUE_TEXT_MAX]);

/* @part / @whole, 0 if there is no whole. */
double value_share(int64_t part, int64_t whole);

/* Sums that stay at the ends of int64_t instead of wrapping: files lie. */
static inline int64_t value_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

static inline int64_t value_sub(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_sub_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}
