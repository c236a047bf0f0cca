// SPDX-License-Identifier: Apache-2.0
#include "collect/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/units.h"
#include "collect/build_profile.h"

enum stat_class { EVENT, LOSS, NOTE, WALK };

static const struct {
	const char *id;
	enum stat_class class;
	const char *name;
	const char *meaning;
} stats[STAT_CNT] = {
#define STAT_ROW(id, class, name, meaning) { #id, class, name, meaning },
	STATS(STAT_ROW)
#undef STAT_ROW
};

const char *ledger_stat_id(enum stat_id stat)
{
	return stats[stat].id;
}

static uint64_t walk_cnt(const struct snapshot *snapshot)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < STAT_CNT; i++) {
		if (stats[i].class == WALK)
			sum += snapshot->stats[i];
	}
	return sum;
}

static uint64_t loss_cnt(const struct snapshot *snapshot)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < STAT_CNT; i++) {
		if (stats[i].class == LOSS)
			sum += snapshot->stats[i];
	}
	return sum;
}

bool ledger_is_complete(const struct snapshot *snapshot)
{
	return !loss_cnt(snapshot) && walk_cnt(snapshot) == snapshot->stats[STAT_WALK_ROOT] &&
	       !(snapshot->flags & SNAPSHOT_INCOMPLETE);
}

static const char *mode_text(const struct snapshot *snapshot, char out[static 64])
{
	char bytes[16];

	if (snapshot->flags & SNAPSHOT_SAMPLED)
		snprintf(out, 64, "sampled%s, one per %s on average",
			 snapshot->flags & SNAPSHOT_AUTO ? " at an adapted rate" : "",
			 units_format_bytes((int64_t)snapshot->period_bytes, bytes));
	else
		snprintf(out, 64, "every allocation recorded");
	return out;
}

/* Which images have counted anything, by their index; malloc'd. NULL: no memory. */
static bool *counting_images(const struct snapshot *snapshot)
{
	bool *counts = calloc(snapshot->images.cnt + 1, sizeof(*counts));
	const struct snapshot_image *image;
	size_t i;

	for (i = 0; counts && i < snapshot->sites.cnt; i++) {
		const struct alloc_site *site = &snapshot->sites.at[i];

		image = site->alloc_cnt || site->free_cnt ? snapshot__image(snapshot, site->image)
							  : NULL;
		if (image)
			counts[image - snapshot->images.at] = true;
	}
	return counts;
}

/*
 * How many processes there are, those that counted nothing left out if any did: a command's first image is ours, before
 * the exec. Programs that one process has run are one; @ret_last is the last of them. Ended processes that were taken
 * back have no number, and are as many as there are names.
 */
static int count_processes(const struct snapshot *snapshot, size_t *ret_cnt,
			   const struct snapshot_image **ret_last)
{
	struct hashmap *pids __free(hashmap) = hashmap__new();
	bool *counts __free_mem = counting_images(snapshot), is_new;
	size_t i, cnt = 0;
	bool any;

	if (!pids || !counts)
		return -ENOMEM;
	any = memchr(counts, 1, snapshot->images.cnt + 1);
	for (i = 0; i < snapshot->images.cnt; i++) {
		const struct snapshot_image *image = &snapshot->images.at[i];

		if (any && !counts[i])
			continue;
		if (!hashmap__slot(pids, image->tgid, 1, &is_new))
			return -ENOMEM;
		cnt += is_new || !image->tgid;
		*ret_last = image;
	}
	*ret_cnt = cnt;
	return 0;
}

/* view/heading.c reads the name back: an executable's file name says little where one file has many names. */
static int process_line(const struct snapshot *snapshot, struct buf *out)
{
	const struct snapshot_image *last = NULL;
	size_t cnt;
	int err = count_processes(snapshot, &cnt, &last);

	if (err)
		return err;
	if (cnt == 1 && last->tgid)
		buf__printf(out, "process: %s, pid %" PRIu32 "\n",
			    snapshot__str(snapshot, last->comm), last->tgid);
	else if (cnt)
		buf__printf(out, "processes: %zu\n", cnt);
	return 0;
}

static void stack_line(const struct snapshot *snapshot, struct buf *out)
{
	uint64_t walks = walk_cnt(snapshot), whole = snapshot->stats[STAT_WALK_ROOT];
	const char *sep = ": ";
	int i;

	if (!walks)
		return;
	/* Rounded down: "100 %" is said of nothing less. */
	buf__printf(out, "stacks: %.2f%% complete",
		    (double)(uint64_t)((double)whole / (double)walks * 10000) / 100);
	for (i = 0; i < STAT_CNT; i++) {
		if (stats[i].class != WALK || i == STAT_WALK_ROOT || !snapshot->stats[i])
			continue;
		buf__printf(out, "%s%" PRIu64 " %s", sep, snapshot->stats[i], stats[i].name);
		sep = ", ";
	}
	buf__append_char(out, '\n');
}

/* What makes room for that which found none, as `record` and a daemon's configuration call it; NULL if nothing does. */
static const char *room_option(int stat)
{
	switch (stat) {
	case STAT_SITE_FULL:
		return "sites-max";
	case STAT_STACK_FULL:
		return "stacks-max";
	case STAT_LIVE_FULL:
		return "live-max";
	default:
		return NULL;
	}
}

/* "3 programs ran without probes for 12.3 ms in all (1 of them ended so)" */
static void late_words(const struct snapshot *snapshot, struct buf *out)
{
	char duration[16];

	buf__printf(out, "program%s ran without probes for %s in all",
		    snapshot->stats[STAT_LATE_PROGRAM] == 1 ? "" : "s",
		    units_format_duration(snapshot->stats[STAT_LATE_US] * 1000, duration));
	if (snapshot->stats[STAT_LATE_ENDED])
		buf__printf(out, " (%" PRIu64 " of them ended so)",
			    snapshot->stats[STAT_LATE_ENDED]);
}

/* "lost: 5 site table full, 7 returns missed (more room: --sites-max)" */
static void loss_line(const struct snapshot *snapshot, struct buf *out)
{
	const char *sep = "lost: ", *option;
	int i;

	for (i = 0; i < STAT_CNT; i++) {
		if (stats[i].class != LOSS || !snapshot->stats[i])
			continue;
		buf__printf(out, "%s%" PRIu64 " ", sep, snapshot->stats[i]);
		if (i == STAT_LATE_PROGRAM)
			late_words(snapshot, out);
		else
			buf__append_str(out, stats[i].name);
		sep = ", ";
	}
	if (!strcmp(sep, "lost: "))
		buf__append_str(out, "lost: nothing");
	sep = " (more room: --";
	for (i = 0; i < STAT_CNT; i++) {
		option = snapshot->stats[i] ? room_option(i) : NULL;
		if (!option)
			continue;
		buf__printf(out, "%s%s", sep, option);
		sep = ", --";
	}
	if (!strcmp(sep, ", --"))
		buf__append_char(out, ')');
	buf__append_char(out, '\n');
}

static void counted_line(const struct snapshot *snapshot, const struct build_totals *totals,
			 struct buf *out)
{
	char bytes[16], live[16];

	buf__printf(out, "counted: %" PRId64 " allocations, %s",
		    totals->values[PROFILE_ALLOC_OBJECTS],
		    units_format_bytes(totals->values[PROFILE_ALLOC_SPACE], bytes));
	if (snapshot->flags & SNAPSHOT_LIVE)
		buf__printf(out, "; in use: %" PRId64 " objects, %s",
			    totals->values[PROFILE_INUSE_OBJECTS],
			    units_format_bytes(totals->values[PROFILE_INUSE_SPACE], live));
	else
		buf__append_str(out, "; in use: not tracked");
	buf__append_char(out, '\n');
}

static void note_lines(const struct snapshot *snapshot, const struct build_totals *totals,
		       struct buf *out)
{
	int i;

	for (i = 0; i < STAT_CNT; i++) {
		if (stats[i].class == NOTE && snapshot->stats[i] && i != STAT_LATE_US &&
		    i != STAT_LATE_ENDED)
			buf__printf(out, "note: %" PRIu64 " %s (%s)\n", snapshot->stats[i],
				    stats[i].name, stats[i].meaning);
	}
	if (totals->nested_cnt)
		buf__printf(out, "note: %" PRIu64 " nested calls left out\n", totals->nested_cnt);
}

/* What an image still held when it ended: dropped from the in-use numbers, but a leak hunter wants to know. */
static void exit_line(const struct snapshot *snapshot, struct buf *out)
{
	uint64_t objects = 0, space = 0;
	char bytes[16];
	size_t i;

	if (!(snapshot->flags & SNAPSHOT_LIVE))
		return;
	for (i = 0; i < snapshot->sites.cnt; i++) {
		const struct alloc_site *site = &snapshot->sites.at[i];

		if (snapshot__site_is_live(snapshot, site) || site->alloc_cnt < site->free_cnt)
			continue;
		objects += (site->alloc_cnt - site->free_cnt) >> WEIGHT_SHIFT;
		space += site->alloc_bytes - site->free_bytes;
	}
	if (objects)
		buf__printf(out,
			    "note: %" PRIu64
			    " objects, %s were live in processes when they ended\n",
			    objects, units_format_bytes((int64_t)space, bytes));
}

static void cost_line(const struct snapshot *snapshot, struct buf *out)
{
	const struct snapshot_cost *cost = &snapshot->cost;
	char cpu[16], own[16], rss[16], maps[16];
	uint64_t own_work = cost->cpu_ns > cost->trace_ns ? cost->cpu_ns - cost->trace_ns : 0;

	/* What is left when tracing took nearly all of it is the error of its measurement. */
	if (own_work > cost->cpu_ns / 100)
		buf__printf(out, "cost: +%.1f%% on %s of CPU time",
			    100 * (double)cost->trace_ns / (double)own_work,
			    units_format_duration(own_work, cpu));
	else if (cost->own_cpu_ns)
		buf__append_str(out, own_work ? "cost: more than a hundred times the work itself"
					      : "cost: too short to tell");
	else
		return;
	buf__printf(out, "; heaptap itself: %s of CPU time, %s of memory, %s of maps\n",
		    units_format_duration(cost->own_cpu_ns, own),
		    units_format_bytes((int64_t)cost->own_rss_bytes, rss),
		    units_format_bytes((int64_t)cost->map_bytes, maps));
}

/* Those about names and programs say so; the others are about the budget. */
static void remark_line(const struct snapshot *snapshot, size_t index, struct buf *out)
{
	const char *text = snapshot__str(snapshot, snapshot->remarks.at[index]);

	bool says_so = !strncmp(text, "names: ", 7) || !strncmp(text, "programs: ", 10);

	buf__printf(out, "%s%s\n", says_so ? "" : "budget: ", text);
}

static void remark_lines(const struct snapshot *snapshot, struct buf *out)
{
	size_t i;

	for (i = 0; i < snapshot->remarks.cnt; i++)
		remark_line(snapshot, i, out);
}

void ledger_text(const struct snapshot *snapshot, const struct build_totals *totals,
		 struct buf *out)
{
	char mode[64], duration[16];

	buf__printf(out, "recorded: %s, %s\n",
		    units_format_duration(snapshot->duration_ns, duration),
		    mode_text(snapshot, mode));
	counted_line(snapshot, totals, out);
	stack_line(snapshot, out);
	loss_line(snapshot, out);
	note_lines(snapshot, totals, out);
	exit_line(snapshot, out);
	remark_lines(snapshot, out);
	cost_line(snapshot, out);
}

static int add_comment(struct profile *profile, struct buf *line)
{
	int err = buf__error(line);

	if (!err && buf__len(line)) {
		buf__truncate(line, buf__len(line) - 1);
		err = profile__add_comment(profile, buf__data(line));
	}
	buf__reset(line);
	return err;
}

static int add_remark(const struct snapshot *snapshot, size_t index, bool owned,
		      struct profile *profile, struct buf *line)
{
	const struct snapshot_image *image = NULL;
	int err;

	remark_line(snapshot, index, line);
	err = buf__error(line);
	if (owned && index < snapshot->remark_images.cnt)
		image = snapshot__image(snapshot, snapshot->remark_images.at[index]);
	if (!err) {
		buf__truncate(line, buf__len(line) - 1);
		err = profile__add_warning(profile, buf__data(line),
					   image ? snapshot__str(snapshot, image->service) : "");
	}
	buf__reset(line);
	return err;
}

int ledger_comments(const struct snapshot *snapshot, const struct build_totals *totals, bool owned,
		    struct profile *profile)
{
	struct buf *line __free(buf) = buf__new(4096);
	char mode[64];
	size_t i;
	int err;

	if (!line)
		return -ENOMEM;
	buf__printf(line, "heaptap " HEAPTAP_VERSION ": %s\n", mode_text(snapshot, mode));
	err = add_comment(profile, line);
	if (!err)
		err = process_line(snapshot, line);
	if (!err)
		err = add_comment(profile, line);
	if (!err) {
		counted_line(snapshot, totals, line);
		err = add_comment(profile, line);
	}
	if (!err) {
		stack_line(snapshot, line);
		err = add_comment(profile, line);
	}
	if (!err) {
		loss_line(snapshot, line);
		err = add_comment(profile, line);
	}
	for (i = 0; !err && i < snapshot->remarks.cnt; i++)
		err = add_remark(snapshot, i, owned, profile, line);
	return err;
}
