// SPDX-License-Identifier: Apache-2.0
#include "view/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

#define UNIT_MAX 20 /* bytes of a unit that is not ours; shown in ASCII */

/* Units whose values become nanoseconds or bytes when multiplied; names as pprof knows them. */
static const struct {
	const char *name;
	double factor;
	bool is_time;
} scaled_units[] = {
	{ "bytes", 1, false },
	{ "byte", 1, false },
	{ "b", 1, false },
	{ "kb", 1 << 10, false },
	{ "kilobytes", 1 << 10, false },
	{ "mb", 1 << 20, false },
	{ "megabytes", 1 << 20, false },
	{ "nanoseconds", 1, true },
	{ "nanosecond", 1, true },
	{ "ns", 1, true },
	{ "microseconds", 1e3, true },
	{ "us", 1e3, true },
	{ "milliseconds", 1e6, true },
	{ "ms", 1e6, true },
	{ "seconds", 1e9, true },
	{ "s", 1e9, true },
};

static const char *format_time(double ns, char out[static VALUE_TEXT_MAX])
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 }, { "µs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "h", 3600e9 } };
	size_t i = 0;
	double value;

	while (i + 1 < sizeof(units) / sizeof(units[0]) && fabs(ns) >= units[i + 1].ns)
		i++;
	value = ns / units[i].ns;
	snprintf(out, VALUE_TEXT_MAX, "%.*f %s",
		 !i || fabs(value) >= 100 ? 0
		 : fabs(value) < 10       ? 2
					  : 1,
		 value, units[i].name);
	return out;
}

const char *value_format(int64_t value, const char *unit, bool exact,
			 char out[static VALUE_TEXT_MAX])
{
	char number[16];
	size_t i, len;

	if (exact) {
		snprintf(out, VALUE_TEXT_MAX, "%" PRId64, value);
		return out;
	}
	for (i = 0; i < sizeof(scaled_units) / sizeof(scaled_units[0]); i++) {
		double scaled = (double)value * scaled_units[i].factor;

		if (strcmp(unit, scaled_units[i].name))
			continue;
		if (scaled_units[i].is_time)
			return format_time(scaled, out);
		scaled = fmin(fmax(scaled, -0x1p62), 0x1p62);
		snprintf(out, VALUE_TEXT_MAX, "%s", units_format_bytes((int64_t)scaled, number));
		return out;
	}
	units_format_cnt(value, number);
	if (!*unit || !strcmp(unit, "count") || !strcmp(unit, "objects")) {
		snprintf(out, VALUE_TEXT_MAX, "%s", number);
		return out;
	}
	len = (size_t)snprintf(out, VALUE_TEXT_MAX, "%s ", number);
	for (i = 0; i < UNIT_MAX && unit[i]; i++)
		out[len++] = isgraph((unsigned char)unit[i]) || unit[i] == ' ' ? unit[i] : '?';
	out[len] = '\0';
	return out;
}

const char *value_format_delta(int64_t value, const char *unit, bool exact,
			       char out[static VALUE_TEXT_MAX])
{
	char text[VALUE_TEXT_MAX];

	value_format(value, unit, exact, text);
	snprintf(out, VALUE_TEXT_MAX, "%s%.*s", value > 0 ? "+" : "", VALUE_TEXT_MAX - 2, text);
	return out;
}

double value_share(int64_t part, int64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

const char *value_format_share(int64_t part, int64_t whole, char out[static VALUE_TEXT_MAX])
{
	if (whole)
		snprintf(out, VALUE_TEXT_MAX, "%.1f%%", 100 * value_share(part, whole));
	else
		out[0] = '\0';
	return out;
}
