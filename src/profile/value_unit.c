// SPDX-License-Identifier: Apache-2.0
#include "profile/value_unit.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name; /* without the plural's s */
	struct value_unit unit;
} known[] = {
	{ "b", { VALUE_BYTES, 1 } },
	{ "byte", { VALUE_BYTES, 1 } },
	{ "kb", { VALUE_BYTES, 0x1p10 } },
	{ "kib", { VALUE_BYTES, 0x1p10 } },
	{ "kilobyte", { VALUE_BYTES, 0x1p10 } },
	{ "mb", { VALUE_BYTES, 0x1p20 } },
	{ "mib", { VALUE_BYTES, 0x1p20 } },
	{ "megabyte", { VALUE_BYTES, 0x1p20 } },
	{ "gb", { VALUE_BYTES, 0x1p30 } },
	{ "gib", { VALUE_BYTES, 0x1p30 } },
	{ "gigabyte", { VALUE_BYTES, 0x1p30 } },
	{ "ns", { VALUE_TIME, 1 } },
	{ "nanosecond", { VALUE_TIME, 1 } },
	{ "us", { VALUE_TIME, 1e3 } },
	{ "microsecond", { VALUE_TIME, 1e3 } },
	{ "ms", { VALUE_TIME, 1e6 } },
	{ "millisecond", { VALUE_TIME, 1e6 } },
	{ "s", { VALUE_TIME, 1e9 } },
	{ "sec", { VALUE_TIME, 1e9 } },
	{ "second", { VALUE_TIME, 1e9 } },
};

static size_t singular_len(const char *name)
{
	size_t len = strlen(name);

	return len > 2 && (name[len - 1] == 's' || name[len - 1] == 'S') ? len - 1 : len;
}

struct value_unit value_unit_of(const char *name)
{
	size_t len = singular_len(name), i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len && !strncasecmp(known[i].name, name, len))
			return known[i].unit;
	return (struct value_unit){ VALUE_OTHER, 1 };
}

bool value_unit_compatible(const char *a, const char *b)
{
	enum value_kind kind = value_unit_of(a).kind;
	size_t len = singular_len(a);

	if (kind != value_unit_of(b).kind)
		return false;
	return kind != VALUE_OTHER || (singular_len(b) == len && !strncasecmp(a, b, len));
}
