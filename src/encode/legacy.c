// SPDX-License-Identifier: Apache-2.0
#include "encode/legacy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void write_counts(struct writer *writer, const int64_t *values, const size_t *types)
{
	writer__printf(writer, "%" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "] @",
		       values[types[PROFILE_INUSE_OBJECTS]], values[types[PROFILE_INUSE_SPACE]],
		       values[types[PROFILE_ALLOC_OBJECTS]], values[types[PROFILE_ALLOC_SPACE]]);
}

/* Names may hold anything; a line must stay one. */
static void write_safe(struct writer *writer, const char *text)
{
	for (; *text; text++)
		writer__char(writer,
			     (char)((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text));
}

static void write_names(struct writer *writer, const struct profile *profile, uint32_t loc)
{
	const struct profile_line *lines;
	const struct profile_function *function;
	size_t cnt, i;

	lines = profile__lines(profile, loc, &cnt);
	for (i = 0; i < cnt; i++) {
		function = profile__function(profile, lines[i].function);
		writer__printf(writer, "#\t0x%" PRIx64 "\t",
			       profile__location(profile, loc)->address);
		write_safe(writer, profile__line_name(profile, &lines[i]));
		if (function->filename) {
			writer__char(writer, '\t');
			write_safe(writer, profile__str(profile, function->filename));
			writer__printf(writer, ":%d", (int)lines[i].line);
		}
		writer__char(writer, '\n');
	}
}

static void write_sample(struct writer *writer, const struct profile *profile, uint32_t sample,
			 const size_t *types)
{
	const uint32_t *stack;
	size_t cnt, i;

	stack = profile__stack(profile, sample, &cnt);
	write_counts(writer, profile__values(profile, sample), types);
	for (i = 0; i < cnt; i++)
		writer__printf(writer, " 0x%" PRIx64,
			       profile__location(profile, stack[i])->address + 1);
	writer__char(writer, '\n');
	for (i = 0; i < cnt; i++)
		write_names(writer, profile, stack[i]);
	writer__char(writer, '\n');
}

static void write_mappings(struct writer *writer, const struct profile *profile)
{
	size_t i;

	writer__str(writer, "MAPPED_LIBRARIES:\n");
	for (i = 1; i <= profile__mapping_cnt(profile); i++) {
		const struct profile_mapping *map = profile__mapping(profile, (uint32_t)i);

		if (map->limit <= map->start)
			continue;
		writer__printf(writer, "%08" PRIx64 "-%08" PRIx64 " r-xp %08" PRIx64 " 00:00 0 ",
			       map->start, map->limit, map->file_offset);
		write_safe(writer, profile__str(profile, map->filename));
		writer__char(writer, '\n');
	}
}

int encode_legacy(const struct profile *profile, bool mapped, struct writer *writer)
{
	int64_t totals[PROFILE_TYPES_MAX];
	size_t types[PROFILE_METRIC_CNT], i;

	if (!profile__heap_types(profile, types))
		return -EINVAL;
	profile__totals(profile, totals);
	writer__str(writer, "heap profile: ");
	write_counts(writer, totals, types);
	writer__str(writer, " heap/2\n");
	for (i = 0; i < profile__sample_cnt(profile) && !writer__error(writer); i++)
		write_sample(writer, profile, (uint32_t)i, types);
	if (mapped)
		write_mappings(writer, profile);
	return writer__finish(writer);
}
