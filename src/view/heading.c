// SPDX-License-Identifier: Apache-2.0
#include "view/heading.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "view/table.h"
#include "view/text.h"
#include "view/value.h"

#define NS_PER_SEC  1000000000LL
#define SYSTEM_WIDE "[system-wide]" /* stands for the main binary where there is not one */

/* The name may hold commas, and whatever else stands before the number. */
bool heading_process(const struct profile *profile, const char **ret_name, size_t *ret_len_bytes,
		     int64_t *ret_pid)
{
	static const char start[] = "process: ", end[] = ", pid ";
	const char *comment, *last, *next;
	size_t i;

	for (i = 0; i < profile__comment_cnt(profile); i++) {
		comment = profile__comment(profile, i);
		if (strncmp(comment, start, strlen(start)))
			continue;
		comment += strlen(start);
		for (last = NULL, next = comment; (next = strstr(next, end)); next++)
			last = next;
		if (!last || last == comment)
			continue;
		*ret_name = comment;
		*ret_len_bytes = (size_t)(last - comment);
		*ret_pid = strtoll(last + strlen(end), NULL, 10);
		return true;
	}
	return false;
}

static bool write_process(const struct profile *profile, struct buf *line)
{
	const char *name;
	int64_t pid;
	size_t len;

	if (!heading_process(profile, &name, &len, &pid))
		return false;
	buf__append_str(line, " of ");
	text_append_safe(line, name, len);
	return true;
}

static void write_kind(const struct profile *profile, struct buf *line)
{
	size_t heap[PROFILE_METRIC_CNT];
	const char *file = "", *slash;

	buf__append_str(line, profile__heap_types(profile, heap) ? "heap profile" : "profile");
	if (write_process(profile, line))
		return;
	if (profile__mapping_cnt(profile))
		file = profile__str(profile, profile__mapping(profile, 1)->filename);
	slash = strrchr(file, '/');
	if (!strcmp(file, SYSTEM_WIDE)) {
		buf__append_str(line, " of several processes");
	} else if (*file) {
		buf__append_str(line, " of ");
		file = slash && slash[1] ? slash + 1 : file;
		text_append_safe(line, file, strlen(file));
	}
}

static void write_time(const struct profile_meta *meta, struct buf *line)
{
	time_t begin = (time_t)(meta->time_ns / NS_PER_SEC);
	char text[64], duration[16];
	struct tm tm;

	if (meta->duration_ns > 0)
		buf__printf(line, ", %s",
			    units_format_duration((uint64_t)meta->duration_ns, duration));
	if (meta->time_ns > 0 && localtime_r(&begin, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &tm))
		buf__printf(line, "%s %s", meta->duration_ns > 0 ? " from" : ",", text);
}

static void write_sampling(const struct profile *profile, struct buf *line)
{
	const struct profile_meta *meta = profile__meta(profile);
	const char *unit = profile__str(profile, meta->period_unit);
	char period[VALUE_TEXT_MAX];

	if (meta->period > 1)
		buf__printf(line, ", one sample per %s",
			    value_format(meta->period, unit, false, period));
	else if (!strcmp(profile__str(profile, meta->period_type), "space"))
		buf__append_str(line, ", every allocation counted");
}

void heading_write(const struct profile *profile, const char *name, const struct view_style *style,
		   struct buf *out)
{
	struct buf *line __free(buf) = buf__new(0);
	size_t i;

	if (!line)
		return;
	text_append_safe(line, name, strlen(name));
	table_styled(out, buf__data(line), TABLE_BOLD, style->colored);
	buf__reset(line);
	buf__append_str(line, ": ");
	write_kind(profile, line);
	write_time(profile__meta(profile), line);
	write_sampling(profile, line);
	buf__append_str(out, buf__data(line));
	buf__append_char(out, '\n');
	for (i = 0; i < profile__comment_cnt(profile); i++) {
		const char *comment = profile__comment(profile, i);

		buf__reset(line);
		buf__append_str(line, "  ");
		text_append_safe(line, comment, strlen(comment));
		table_styled(out, buf__data(line), TABLE_DIM, style->colored);
		buf__append_char(out, '\n');
	}
}
