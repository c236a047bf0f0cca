/* SPDX-License-Identifier: Apache-2.0 */
/* The units of sample types, as far as they can be turned into each other. */
#pragma once

#include <stdbool.h>

enum value_kind { VALUE_OTHER, VALUE_BYTES, VALUE_TIME };

struct value_unit {
	enum value_kind kind;
	double size; /* in bytes or nanoseconds */
};

/* Unknown units are VALUE_OTHER of size 1. Plural and upper case do not matter. */
struct value_unit value_unit_of(const char *name);
/* Can values in @a be turned into @b: the same kind, or the same word. */
bool value_unit_compatible(const char *a, const char *b);
