// SPDX-License-Identifier: Apache-2.0
/*
 * The whole model as JSON, one row per line: for scripts. Numbers are those of the model:
 * functions, mappings and locations count from 1 (their "id"), 0 means none; stacks are locations,
 * leaf first; lines are [function, line, column], innermost first. Addresses are strings, for they
 * do not fit a double. A sampled profile has "stderr" beside "values": one standard error per
 * value, which no other format holds.
 */
#include "encode/encoder.h"

#include <inttypes.h>
#include <math.h>

#include "encode/text_escape.h"

static void write_key(struct writer *writer, const char *key, const char *value)
{
	writer__printf(writer, ",\"%s\":", key);
	escape_json(writer, value);
}

/* "," before all but the first row, and each on its own line. */
static void next_row(struct writer *writer, size_t index)
{
	writer__str(writer, index ? ",\n" : "\n");
}

static void write_header(const struct profile *profile, const struct encode_options *options,
			 struct writer *writer)
{
	const struct profile_meta *meta = profile__meta(profile);
	size_t i;

	writer__str(writer, "{\"format\":\"heaptap-profile\",\"version\":1");
	if (options->title)
		write_key(writer, "title", options->title);
	writer__printf(writer,
		       ",\n\"time_ns\":%" PRId64 ",\"duration_ns\":%" PRId64 ",\"period\":%" PRId64,
		       meta->time_ns, meta->duration_ns, meta->period);
	write_key(writer, "period_type", profile__str(profile, meta->period_type));
	write_key(writer, "period_unit", profile__str(profile, meta->period_unit));
	write_key(writer, "default_type",
		  profile__type_name(profile, profile__default_type(profile)));
	writer__str(writer, ",\n\"comments\":[");
	for (i = 0; i < profile__comment_cnt(profile); i++) {
		next_row(writer, i);
		escape_json(writer, profile__comment(profile, i));
	}
	writer__str(writer, "],\n\"sample_types\":[");
	for (i = 0; i < profile__type_cnt(profile); i++) {
		next_row(writer, i);
		writer__str(writer, "{\"name\":");
		escape_json(writer, profile__type_name(profile, i));
		write_key(writer, "unit", profile__type_unit(profile, i));
		writer__char(writer, '}');
	}
	writer__str(writer, "]");
}

static void write_mappings(const struct profile *profile, struct writer *writer)
{
	size_t i;

	writer__str(writer, ",\n\"mappings\":[");
	for (i = 1; i <= profile__mapping_cnt(profile); i++) {
		const struct profile_mapping *map = profile__mapping(profile, (uint32_t)i);

		next_row(writer, i - 1);
		writer__printf(writer,
			       "{\"id\":%zu,\"start\":\"0x%" PRIx64 "\",\"limit\":\"0x%" PRIx64
			       "\",\"file_offset\":\"0x%" PRIx64 "\"",
			       i, map->start, map->limit, map->file_offset);
		write_key(writer, "file", profile__str(profile, map->filename));
		write_key(writer, "build_id", profile__str(profile, map->build_id));
		writer__char(writer, '}');
	}
	writer__char(writer, ']');
}

static void write_functions(const struct profile *profile, struct writer *writer)
{
	size_t i;

	writer__str(writer, ",\n\"functions\":[");
	for (i = 1; i <= profile__function_cnt(profile); i++) {
		const struct profile_function *fn = profile__function(profile, (uint32_t)i);

		next_row(writer, i - 1);
		writer__printf(writer, "{\"id\":%zu", i);
		write_key(writer, "name", profile__str(profile, fn->name));
		if (fn->system_name != fn->name)
			write_key(writer, "system_name", profile__str(profile, fn->system_name));
		if (fn->filename)
			write_key(writer, "file", profile__str(profile, fn->filename));
		if (fn->start_line)
			writer__printf(writer, ",\"start_line\":%" PRId32, fn->start_line);
		writer__char(writer, '}');
	}
	writer__char(writer, ']');
}

static void write_locations(const struct profile *profile, struct writer *writer)
{
	const struct profile_line *lines;
	size_t cnt, i, j;

	writer__str(writer, ",\n\"locations\":[");
	for (i = 1; i <= profile__location_cnt(profile); i++) {
		const struct profile_location *loc = profile__location(profile, (uint32_t)i);

		next_row(writer, i - 1);
		writer__printf(writer,
			       "{\"id\":%zu,\"address\":\"0x%" PRIx64 "\",\"mapping\":%" PRIu32
			       ",\"lines\":[",
			       i, loc->address, loc->mapping);
		lines = profile__lines(profile, (uint32_t)i, &cnt);
		for (j = 0; j < cnt; j++)
			writer__printf(writer, "%s[%" PRIu32 ",%" PRId32 ",%" PRId32 "]",
				       j ? "," : "", lines[j].function, lines[j].line,
				       lines[j].column);
		writer__str(writer, "]}");
	}
	writer__char(writer, ']');
}

static void write_labels(const struct profile *profile, uint32_t sample, struct writer *writer)
{
	const struct profile_label *labels;
	size_t cnt, i;

	labels = profile__labels(profile, sample, &cnt);
	if (!cnt)
		return;
	writer__str(writer, ",\"labels\":[");
	for (i = 0; i < cnt; i++) {
		writer__str(writer, i ? ",{\"key\":" : "{\"key\":");
		escape_json(writer, profile__str(profile, labels[i].key));
		if (labels[i].str) {
			write_key(writer, "value", profile__str(profile, labels[i].str));
		} else {
			writer__printf(writer, ",\"value\":%" PRId64, labels[i].num);
			write_key(writer, "unit", profile__str(profile, labels[i].unit));
		}
		writer__char(writer, '}');
	}
	writer__char(writer, ']');
}

static void write_sample(const struct profile *profile, uint32_t sample, struct writer *writer)
{
	const int64_t *values = profile__values(profile, sample);
	const double *variances = profile__variances(profile, sample);
	size_t cnt, i;
	const uint32_t *locs = profile__stack(profile, sample, &cnt);

	writer__str(writer, "{\"stack\":[");
	for (i = 0; i < cnt; i++) {
		if (i)
			writer__char(writer, ',');
		writer__i64(writer, locs[i]);
	}
	writer__str(writer, "],\"values\":[");
	for (i = 0; i < profile__type_cnt(profile); i++) {
		if (i)
			writer__char(writer, ',');
		writer__i64(writer, values[i]);
	}
	writer__char(writer, ']');
	if (variances) {
		writer__str(writer, ",\"stderr\":[");
		for (i = 0; i < profile__type_cnt(profile); i++)
			writer__printf(writer, "%s%.6g", i ? "," : "", sqrt(variances[i]));
		writer__char(writer, ']');
	}
	write_labels(profile, sample, writer);
	writer__char(writer, '}');
}

int encode_json(const struct profile *profile, const struct encode_options *options,
		struct writer *writer)
{
	size_t i;

	write_header(profile, options, writer);
	write_mappings(profile, writer);
	write_functions(profile, writer);
	write_locations(profile, writer);
	writer__str(writer, ",\n\"samples\":[");
	for (i = 0; i < profile__sample_cnt(profile) && !writer__error(writer); i++) {
		next_row(writer, i);
		write_sample(profile, (uint32_t)i, writer);
	}
	writer__str(writer, "]}\n");
	return writer__error(writer);
}
