// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_SEC 1000000000.0

int units_parse_u64(const char *text, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* A non-negative decimal number without sign, exponent or hex form, and where its unit starts. */
static int parse_number(const char *text, double *ret, const char **ret_unit)
{
	size_t len = strspn(text, "0123456789.");
	char *end;

	if (!len || !isdigit((unsigned char)text[0]))
		return -EINVAL;
	*ret = strtod(text, &end);
	if (end != text + len)
		return -EINVAL;
	*ret_unit = end;
	return 0;
}

int units_parse_bytes(const char *text, uint64_t *ret_bytes)
{
	static const char letters[] = "KMGT";
	const char *unit, *letter;
	double number;
	int shift = 0;

	if (!units_parse_u64(text, ret_bytes))
		return 0;
	if (parse_number(text, &number, &unit))
		return -EINVAL;
	if (*unit && *unit != 'B' && *unit != 'b') {
		letter = strchr(letters, toupper((unsigned char)*unit));
		if (!letter)
			return -EINVAL;
		shift = 10 * (int)(letter - letters + 1);
		unit++;
	}
	if (*unit && strcasecmp(unit, "b") && strcasecmp(unit, "ib"))
		return -EINVAL;
	number = ldexp(number, shift);
	if (number >= 0x1p63)
		return -ERANGE;
	*ret_bytes = (uint64_t)number;
	return 0;
}

int units_parse_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "", NS_PER_SEC },
		{ "ns", 1 },
		{ "us", 1e3 },
		{ "ms", 1e6 },
		{ "s", NS_PER_SEC },
		{ "m", 60 * NS_PER_SEC },
		{ "h", 3600 * NS_PER_SEC },
		{ "d", 86400 * NS_PER_SEC },
	};
	const char *unit;
	double number;
	size_t i;

	if (parse_number(text, &number, &unit))
		return -EINVAL;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name))
			continue;
		number *= units[i].ns;
		if (number >= 0x1p63)
			return -ERANGE;
		*ret_ns = (uint64_t)number;
		return 0;
	}
	return -EINVAL;
}

const char *units_format_bytes(int64_t bytes, char out[static 16])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	int i = 0;

	while (fabs(value) >= 1024 && i < 6) {
		value /= 1024;
		i++;
	}
	if (!i)
		snprintf(out, 16, "%d B", (int)bytes);
	else
		snprintf(out, 16, "%.*f %s",
			 fabs(value) < 10    ? 2
			 : fabs(value) < 100 ? 1
					     : 0,
			 value, names[i]);
	return out;
}

const char *units_format_cnt(int64_t cnt, char out[static 16])
{
	static const char letters[] = " kMGTPE";
	double value = (double)cnt;
	int i = 0;

	while (fabs(value) >= 1000 && i < 6) {
		value /= 1000;
		i++;
	}
	if (!i)
		snprintf(out, 16, "%d", (int)cnt);
	else
		snprintf(out, 16, "%.*f%c",
			 fabs(value) < 10    ? 2
			 : fabs(value) < 100 ? 1
					     : 0,
			 value, letters[i]);
	return out;
}

const char *units_format_duration(uint64_t ns, char out[static 16])
{
	double sec = (double)ns / NS_PER_SEC;

	if (sec < 1)
		snprintf(out, 16, "%dms", (int)(sec * 1000));
	else if (sec < 100)
		snprintf(out, 16, "%.1fs", sec);
	else
		snprintf(out, 16, "%dm%02ds", (int)(sec / 60), (int)fmod(sec, 60));
	return out;
}
