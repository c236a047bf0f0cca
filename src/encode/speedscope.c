// SPDX-License-Identifier: Apache-2.0
/*
 * speedscope's own format (speedscope.app/file-format-schema.json): one "sampled" profile per
 * metric over shared frames. Its pprof import shows one metric and loses inlined functions; this
 * does not. A frame is a function, with the line it starts at or the first line seen in it, for the
 * viewer merges nothing that has different lines. Weights cannot be negative there.
 */
#include "encode/encoder.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "encode/text_escape.h"

struct frames {                  /* functions as frames */
	uint32_t *numbers;       /* by function; number + 1, 0: not used */
	int32_t *lines;          /* by function: the smallest seen */
	VEC(uint32_t) functions; /* by frame */
};

static void frames__free(struct frames *frames)
{
	free(frames->numbers);
	free(frames->lines);
	vec__done(&frames->functions);
	free(frames);
}
DEFINE_CLEANUP(frames);

static int add_frame(struct frames *frames, const struct profile_line *line)
{
	uint32_t function = line->function;
	int err;

	if (!frames->numbers[function]) {
		err = vec__push(&frames->functions, function);
		if (err)
			return err;
		frames->numbers[function] = (uint32_t)frames->functions.cnt;
	}
	if (line->line && (!frames->lines[function] || line->line < frames->lines[function]))
		frames->lines[function] = line->line;
	return 0;
}

static int find_frames(const struct profile *profile, struct frames *frames)
{
	size_t function_cnt = profile__function_cnt(profile), i, j, cnt;
	const struct profile_line *lines;
	int err = 0;

	frames->numbers = calloc(function_cnt + 1, sizeof(*frames->numbers));
	frames->lines = calloc(function_cnt + 1, sizeof(*frames->lines));
	if (!frames->numbers || !frames->lines)
		return -ENOMEM;
	for (i = 1; i <= profile__location_cnt(profile); i++) {
		lines = profile__lines(profile, (uint32_t)i, &cnt);
		for (j = 0; !err && j < cnt; j++)
			err = add_frame(frames, &lines[j]);
	}
	return err;
}

static void write_frames(const struct profile *profile, const struct frames *frames,
			 struct writer *writer)
{
	const struct profile_function *fn;
	int32_t line;
	size_t i;

	writer__str(writer, "\"shared\":{\"frames\":[");
	for (i = 0; i < frames->functions.cnt; i++) {
		fn = profile__function(profile, frames->functions.at[i]);
		line = fn->start_line ? fn->start_line : frames->lines[frames->functions.at[i]];
		writer__str(writer, i ? ",\n{\"name\":" : "\n{\"name\":");
		escape_json(writer, profile__str(profile, fn->name));
		if (fn->filename) {
			writer__str(writer, ",\"file\":");
			escape_json(writer, profile__str(profile, fn->filename));
		}
		if (line) {
			writer__str(writer, ",\"line\":");
			writer__i64(writer, line);
		}
		writer__char(writer, '}');
	}
	writer__str(writer, "\n]}");
}

/* Outermost first. */
static void write_stack(const struct profile *profile, const struct frames *frames, uint32_t sample,
			struct writer *writer)
{
	const struct profile_line *lines;
	const uint32_t *locs;
	size_t loc_cnt, line_cnt, i, j;
	bool first = true;

	locs = profile__stack(profile, sample, &loc_cnt);
	writer__char(writer, '[');
	for (i = loc_cnt; i-- > 0;) {
		lines = profile__lines(profile, locs[i], &line_cnt);
		for (j = line_cnt; j-- > 0; first = false) {
			if (!first)
				writer__char(writer, ',');
			writer__i64(writer, frames->numbers[lines[j].function] - 1);
		}
	}
	writer__char(writer, ']');
}

static const char *unit_of(const struct profile *profile, size_t metric)
{
	static const char *const known[] = { "bytes", "nanoseconds", "microseconds", "milliseconds",
					     "seconds" };
	const char *unit = profile__type_unit(profile, metric);
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(unit, known[i]))
			return unit;
	return "none";
}

static void write_profile(const struct profile *profile, const struct frames *frames, size_t metric,
			  struct writer *writer)
{
	size_t sample_cnt = profile__sample_cnt(profile), i;
	int64_t value, total = 0;
	const char *comma = "";

	writer__str(writer, "\n{\"type\":\"sampled\",\"name\":");
	escape_json(writer, profile__type_name(profile, metric));
	writer__printf(writer, ",\"unit\":\"%s\",\"startValue\":0,\"samples\":[",
		       unit_of(profile, metric));
	for (i = 0; i < sample_cnt && !writer__error(writer); i++) {
		value = profile__values(profile, (uint32_t)i)[metric];
		if (value <= 0)
			continue;
		writer__str(writer, comma);
		write_stack(profile, frames, (uint32_t)i, writer);
		comma = ",\n";
	}
	writer__str(writer, "],\"weights\":[");
	for (comma = "", i = 0; i < sample_cnt; i++) {
		value = profile__values(profile, (uint32_t)i)[metric];
		if (value <= 0)
			continue;
		writer__str(writer, comma);
		writer__i64(writer, value);
		comma = ",";
		if (__builtin_add_overflow(total, value, &total))
			total = INT64_MAX;
	}
	writer__str(writer, "],\"endValue\":");
	writer__i64(writer, total);
	writer__char(writer, '}');
}

int encode_speedscope(const struct profile *profile, const struct encode_options *options,
		      struct writer *writer)
{
	struct frames *frames __free(frames) = calloc(1, sizeof(*frames));
	size_t i;
	int err = frames ? find_frames(profile, frames) : -ENOMEM;

	if (err)
		return err;
	writer__str(writer, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
			    "\"exporter\":\"heaptap@" HEAPTAP_VERSION "\",\n\"name\":");
	escape_json(writer, options->title ? options->title : "heaptap");
	writer__printf(writer, ",\n\"activeProfileIndex\":%zu,\n", options->metric);
	write_frames(profile, frames, writer);
	writer__str(writer, ",\n\"profiles\":[");
	for (i = 0; i < profile__type_cnt(profile); i++) {
		if (i)
			writer__char(writer, ',');
		write_profile(profile, frames, i, writer);
	}
	writer__str(writer, "\n]}\n");
	return writer__error(writer);
}
