// SPDX-License-Identifier: Apache-2.0
#include "encode/flame_about.h"

#include <string.h>
#include <time.h>

#include "base/units.h"

static const char *program_name(const struct profile *profile)
{
	const char *path = profile__str(profile, profile__mapping(profile, 1)->filename);
	const char *slash = strrchr(path, '/');

	if (!profile__mapping_cnt(profile) || !path[0])
		return "heap profile";
	return slash ? slash + 1 : path;
}

void flame_about_title(const struct profile *before, const struct profile *after,
		       const struct encode_options *options, struct buf *ret)
{
	if (options && options->title) {
		buf__append_str(ret, options->title);
		return;
	}
	buf__append_str(ret, program_name(after));
	if (before)
		buf__append_str(ret, ": before and after");
}

static char *next_fact(struct flame_facts *facts)
{
	return facts->text[facts->cnt++];
}

#define FACT(facts, ...) snprintf(next_fact(facts), sizeof((facts)->text[0]), __VA_ARGS__)

/* The one process, or how many there are. */
static void add_processes(const struct profile *profile, struct flame_facts *facts)
{
	size_t changes = 0;
	int64_t pid = -1;

	for (size_t i = 0; i < profile__sample_cnt(profile); i++) {
		const struct profile_label *label =
			profile__find_label(profile, (uint32_t)i, "pid");

		if (!label || label->str || label->num == pid)
			continue;
		pid = label->num;
		changes++;
	}
	if (changes == 1)
		FACT(facts, "pid %lld", (long long)pid);
	else if (changes > 1)
		FACT(facts, "several processes");
}

static void add_time(const struct profile_meta *meta, struct flame_facts *facts)
{
	time_t seconds = meta->time_ns / 1000000000;
	struct tm utc;
	char text[16];

	if (meta->time_ns > 0 && gmtime_r(&seconds, &utc))
		strftime(next_fact(facts), sizeof(facts->text[0]), "%Y-%m-%d %H:%M:%S UTC", &utc);
	if (meta->duration_ns > 0)
		FACT(facts, "%s", units_format_duration((uint64_t)meta->duration_ns, text));
}

static void sampling_text(const struct profile *profile, char *out, size_t out_bytes)
{
	const struct profile_meta *meta = profile__meta(profile);
	const char *unit = profile__str(profile, meta->period_unit);
	char text[32];

	if (meta->period <= 0)
		out[0] = '\0';
	else if (meta->period == 1)
		snprintf(out, out_bytes, "every allocation recorded");
	else
		snprintf(out, out_bytes, "sampled every %s on average",
			 flame_about_value(meta->period, unit, text));
}

static void add_sampling(const struct profile *before, const struct profile *after,
			 struct flame_facts *facts)
{
	char now[80], then[80] = "";

	sampling_text(after, now, sizeof(now));
	if (before)
		sampling_text(before, then, sizeof(then));
	if (then[0] && strcmp(then, now) != 0)
		FACT(facts, "before: %s", then);
	if (now[0])
		FACT(facts, "%s%s", then[0] && strcmp(then, now) != 0 ? "after: " : "", now);
}

void flame_about_facts(const struct profile *before, const struct profile *after,
		       struct flame_facts *ret)
{
	ret->cnt = 0;
	if (!before)
		add_processes(after, ret);
	add_time(profile__meta(after), ret);
	add_sampling(before, after, ret);
}

const char *flame_about_value(int64_t value, const char *unit, char out[static 32])
{
	char text[16];

	if (!strcmp(unit, "bytes"))
		snprintf(out, 32, "%s", units_format_bytes(value, text));
	else if (!strcmp(unit, "count") || !unit[0])
		snprintf(out, 32, "%s", units_format_cnt(value, text));
	else
		snprintf(out, 32, "%s %.12s", units_format_cnt(value, text), unit);
	return out;
}
