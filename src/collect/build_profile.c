// SPDX-License-Identifier: Apache-2.0
/*
 * Each site becomes a sample: its frames locations, leaf first, its counts values.
 *
 * The allocator's own frames at the leaf end are left out, so that flat numbers name the function that asked for
 * memory; the outermost of them becomes the label alloc_fn. If one of them is a function that was probed itself, the
 * site's events were seen twice, once for the outer function and once for the inner: the inner is dropped (see
 * bpf/alloc.bpf.c for when BPF cannot tell).
 *
 * A stack that was cut keeps its leaf side and gets a root frame that says so; events without a stack get a single
 * frame with the reason as its name.
 */
#include "collect/build_profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/stack.h"
#include "base/hash.h"
#include "base/hashmap.h"
#include "collect/leaf.h"
#include "collect/ledger.h"

#define NO_NAME "[anon]"

struct builder {
	const struct snapshot *snapshot;
	const struct build_options *options;
	struct profile *profile;
	struct hashmap
		*locations; /* hash of (image, frame), or of (0, placed_frame()) -> location */
	bool many;          /* more than one image has samples: they need telling apart */
	struct build_totals totals;
};

static const char *stop_name(uint8_t stop)
{
	switch (stop) {
	case SITE_OVERFLOW:
		return "[stack lost: site table full]";
	case SITE_STACK_LOST:
		return "[stack lost: stack store full]";
	case SITE_EVICTED:
		return "[evicted]";
	case STAT_WALK_NO_SCRATCH - STAT_WALK_ROOT:
		return "[truncated: no scratch slot]";
	case STAT_WALK_NO_MAPPING - STAT_WALK_ROOT:
		return "[truncated: no mapping]";
	case STAT_WALK_NO_ROW - STAT_WALK_ROOT:
		return "[truncated: no unwind row]";
	case STAT_WALK_BAD_READ - STAT_WALK_ROOT:
		return "[truncated: stack unreadable]";
	case STAT_WALK_NOT_MONOTONIC - STAT_WALK_ROOT:
		return "[truncated: not monotonic]";
	case STAT_WALK_TOO_DEEP - STAT_WALK_ROOT:
		return "[truncated: too deep]";
	case STAT_WALK_VMA_BUSY - STAT_WALK_ROOT:
		return "[truncated: mappings busy]";
	default:
		return NULL;
	}
}

/* A location that is a name and nothing else, at an address nobody else can have. */
static int add_named(struct builder *b, const char *name, uint64_t number, uint32_t *ret)
{
	struct profile_line line = {};
	int err = profile__add_function(b->profile, name, name, NULL, 0, &line.function);

	if (err)
		return err;
	return profile__add_location(b->profile, 0, UINT64_MAX - number, &line, 1, false, ret);
}

static int add_mapping(struct builder *b, const struct snapshot_map *map, uint32_t *ret)
{
	const struct snapshot_file *file = snapshot__file(b->snapshot, map->file);
	uint32_t flags = PROFILE_HAS_FUNCTIONS;

	if (file && file->has_lines)
		flags |= PROFILE_HAS_FILENAMES | PROFILE_HAS_LINE_NUMBERS |
			 PROFILE_HAS_INLINE_FRAMES;
	return profile__add_mapping(b->profile, map->start, map->end, map->offset,
				    file ? snapshot__str(b->snapshot, file->path) : "//anon",
				    file ? snapshot__str(b->snapshot, file->build_id) : "", flags,
				    ret);
}

static const char *lasting_name(const struct builder *b, uint32_t image, uint64_t frame)
{
	const struct snapshot_symbol *symbol = snapshot__symbol(b->snapshot, image, frame);

	return symbol ? snapshot__str(b->snapshot, symbol->lasting) : "";
}

/* Placed: what @frame is whoever runs it, now and once he is gone. Equal code without a file is what has one name. */
static uint64_t placed_frame(const struct builder *b, uint32_t image, uint64_t frame)
{
	const char *name;

	if (!FRAME_IS_ANON(frame))
		return frame;
	name = lasting_name(b, image, frame);
	if (!*name) {
		frame = snapshot__file_frame(b->snapshot, image, frame);
		name = NO_NAME;
	}
	return FRAME_IS_ANON(frame) ? FRAME_ANON | hash_bytes(name, strlen(name)) >> 2 | 1 : frame;
}

/* Where the frame's code lies in its process; a frame whose mapping was never seen keeps file and offset apart. */
static int frame_address(struct builder *b, uint32_t image, uint64_t frame, uint64_t *ret_address,
			 uint32_t *ret_mapping)
{
	const struct snapshot_map *map = snapshot__map(b->snapshot, image, frame);

	*ret_mapping = 0;
	*ret_address = FRAME_IS_ANON(frame) ? FRAME_ADDR(frame) : frame;
	if (!map)
		return 0;
	if (!FRAME_IS_ANON(frame))
		*ret_address = map->start + (FRAME_OFF(frame) - map->offset);
	return add_mapping(b, map, ret_mapping);
}

/* Those of @symbol from the @first on. */
static int add_lines(struct builder *b, const struct snapshot_symbol *symbol, uint32_t first,
		     struct profile_line *lines)
{
	uint32_t i;
	int err;

	for (i = 0; i < symbol->line_cnt - first; i++) {
		const struct snapshot_line *from =
			&b->snapshot->lines.at[symbol->line_start + first + i];

		lines[i] = (struct profile_line){ .line = (int32_t)from->line };
		err = profile__add_function(b->profile, snapshot__str(b->snapshot, from->name),
					    snapshot__str(b->snapshot, from->system_name),
					    snapshot__str(b->snapshot, from->path),
					    (int32_t)from->start_line, &lines[i].function);
		if (err)
			return err;
	}
	return 0;
}

#define LINES_MAX 256

/* @symbol: what it is called. */
static int make_location(struct builder *b, uint32_t image, uint64_t frame,
			 const struct snapshot_symbol *symbol, uint32_t *ret)
{
	struct profile_line lines[LINES_MAX];
	uint32_t mapping, first;
	uint64_t address;
	int err = frame_address(b, image, frame, &address, &mapping);

	if (err)
		return err;
	if (!symbol || symbol->line_cnt > LINES_MAX)
		return profile__add_location(b->profile, mapping, address, NULL, 0, false, ret);
	/* Only what calls the allocator has it inlined, so it is always at the leaf. */
	first = b->options->allocator_frames ? 0 : leaf_inlined_cnt(b->snapshot, symbol);
	err = add_lines(b, symbol, first, lines);
	if (err)
		return err;
	return profile__add_location(b->profile, mapping, address, lines, symbol->line_cnt - first,
				     false, ret);
}

static int make_lasting(struct builder *b, uint64_t address, const char *name, uint32_t *ret)
{
	struct profile_line line = {};
	int err = profile__add_function(b->profile, *name ? name : NO_NAME, NULL, NULL, 0,
					&line.function);

	return err ? err : profile__add_location(b->profile, 0, address, &line, 1, false, ret);
}

static int location_of(struct builder *b, uint32_t image, uint64_t frame, uint32_t *ret)
{
	bool placed = b->options->placed;
	uint64_t place = placed ? placed_frame(b, image, frame) : frame;
	uint32_t owner = placed ? 0 : image, location;
	uint64_t *slot = hashmap__slot(b->locations, hash_combine(owner, place), 0, NULL);
	int err;

	if (!slot)
		return -ENOMEM;
	if (!*slot) {
		if (placed && FRAME_IS_ANON(place))
			err = make_lasting(b, place, lasting_name(b, image, frame), &location);
		else
			err = make_location(b, owner, place,
					    snapshot__symbol(b->snapshot, image, frame), &location);
		if (err)
			return err;
		*slot = location;
	}
	*ret = (uint32_t)*slot;
	return 0;
}

static int64_t whole(uint64_t weighted)
{
	return (int64_t)((weighted + WEIGHT_ONE / 2) >> WEIGHT_SHIFT);
}

static int64_t weighted(uint64_t cnt)
{
	return cnt < INT64_MAX ? (int64_t)cnt : INT64_MAX;
}

static int64_t at_least_zero(int64_t value)
{
	return value > 0 ? value : 0;
}

/* Counts are still weighted: see round_counts(). */
static void site_values(const struct builder *b, const struct alloc_site *site, int64_t *values)
{
	bool live = snapshot__site_is_live(b->snapshot, site);
	uint64_t inuse = site->alloc_cnt - site->free_cnt;

	values[PROFILE_ALLOC_OBJECTS] = weighted(site->alloc_cnt);
	values[PROFILE_ALLOC_SPACE] = (int64_t)site->alloc_bytes;
	values[PROFILE_INUSE_OBJECTS] = live && (int64_t)inuse > 0 ? weighted(inuse) : 0;
	values[PROFILE_INUSE_SPACE] =
		live ? at_least_zero((int64_t)(site->alloc_bytes - site->free_bytes)) : 0;
}

/*
 * BPF has summed up the variances of the counts (abi/alloc.h); sizes within a site are alike, so bytes vary as the count
 * does, times the mean size.
 */
static int add_variances(struct builder *b, const struct alloc_site *site, const int64_t *values,
			 uint32_t sample)
{
	const struct snapshot_image *image = snapshot__image(b->snapshot, site->image);
	double cnt = (double)site->alloc_cnt / WEIGHT_ONE, size, all, left = 0;
	double variances[PROFILE_METRIC_CNT];

	all = (double)site->variance / VARIANCE_ONE + (image ? image->variance_each * cnt : 0);
	if (!(b->snapshot->flags & SNAPSHOT_SAMPLED) || all <= 0 || cnt <= 0)
		return 0;
	size = (double)values[PROFILE_ALLOC_SPACE] / cnt;
	if (values[PROFILE_INUSE_OBJECTS] && site->variance > site->free_variance)
		left = (double)(site->variance - site->free_variance) / VARIANCE_ONE;
	variances[PROFILE_ALLOC_OBJECTS] = all;
	variances[PROFILE_ALLOC_SPACE] = all * size * size;
	variances[PROFILE_INUSE_OBJECTS] = left;
	variances[PROFILE_INUSE_SPACE] = left * size * size;
	return profile__add_variances(b->profile, sample, variances);
}

#define SITE_LABELS_MAX 8

/* Of several functions and sizes, which therefore are no labels. */
static bool site_is_sum(const struct alloc_site *site)
{
	return site->stop == SITE_OVERFLOW || site->stop == SITE_EVICTED;
}

/* Whose it is, where there is more than one: the keys are those that fleets group by. */
static int owner_labels(struct builder *b, const struct snapshot_image *image,
			struct profile_label *labels, size_t *cnt)
{
	const struct {
		const char *key;
		uint32_t value;
	} rows[] = {
		{ "comm", image->comm },
		{ "service_name", image->service },
		{ "container_id", image->container },
		{ "pod_uid", image->pod },
		{ "systemd_unit", image->unit },
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value)
			err = profile__label_str(b->profile, rows[i].key,
						 snapshot__str(b->snapshot, rows[i].value),
						 &labels[(*cnt)++]);
	}
	return err;
}

/* A mean changes as more is counted, and with it the sample would become another one: placed ones have the class. */
static int64_t size_label(const struct builder *b, const struct alloc_site *site,
			  const int64_t *values)
{
	uint64_t least = size_class_bytes(site->size_class);
	int64_t cnt = whole(site->alloc_cnt);

	if (b->options->placed || !cnt)
		return least < INT64_MAX ? (int64_t)least : INT64_MAX;
	return values[PROFILE_ALLOC_SPACE] / cnt;
}

static int site_labels(struct builder *b, const struct alloc_site *site, const struct leaf *leaf,
		       const int64_t *values, struct profile_label labels[SITE_LABELS_MAX],
		       size_t *ret_cnt)
{
	const struct snapshot_image *image = snapshot__image(b->snapshot, site->image);
	const char *fn = site_is_sum(site) ? ""
			 : leaf->alloc_fn  ? leaf->alloc_fn
					   : leaf_fn_name(b->snapshot, site->fn);
	size_t cnt = 0;
	int err = 0;

	if (*fn)
		err = profile__label_str(b->profile, "alloc_fn", fn, &labels[cnt++]);
	if (!err && values[PROFILE_ALLOC_OBJECTS] && !site_is_sum(site))
		err = profile__label_num(b->profile, "bytes", size_label(b, site, values), "bytes",
					 &labels[cnt++]);
	if (!err && b->many && image)
		err = owner_labels(b, image, labels, &cnt);
	if (!err && image && image->tgid && !b->options->placed)
		err = profile__label_num(b->profile, "pid", image->tgid, "", &labels[cnt++]);
	*ret_cnt = cnt;
	return err;
}

static int add_site(struct builder *b, const struct alloc_site *site)
{
	/* There may be none at all. */
	const uint64_t *frames =
		site->frame_cnt ? b->snapshot->frames.at + site->frame_start : NULL;
	struct leaf leaf = leaf_find(b->snapshot, site);
	uint32_t locs[STACK_DEPTH_MAX + 2], skip = b->options->allocator_frames ? 0 : leaf.skip_cnt,
					    i;
	const char *stop = stop_name(site->stop);
	int64_t values[PROFILE_METRIC_CNT];
	struct profile_label labels[SITE_LABELS_MAX];
	size_t cnt = 0, label_cnt;
	uint32_t sample;
	int err = 0;

	if (leaf.nested) {
		b->totals.nested_cnt += (uint64_t)whole(site->alloc_cnt);
		return 0;
	}
	site_values(b, site, values);
	if (b->options->allocator_frames && site->stop < SITE_OVERFLOW)
		err = add_named(b, leaf_fn_name(b->snapshot, site->fn), 64u + site->fn,
				&locs[cnt++]);
	/* A stack of allocator frames alone keeps them: a sample without frames would vanish in most viewers. */
	for (i = skip < site->frame_cnt ? skip : 0; !err && i < site->frame_cnt; i++)
		err = location_of(b, site->image, frames[i], &locs[cnt++]);
	if (!err && (stop || !cnt))
		err = add_named(b, stop ? stop : "[no stack]", site->stop, &locs[cnt++]);
	if (!err)
		err = site_labels(b, site, &leaf, values, labels, &label_cnt);
	if (!err)
		err = profile__add_sample(b->profile, locs, cnt, values, labels, label_cnt,
					  &sample);
	return err ? err : add_variances(b, site, values, sample);
}

/*
 * Once for each sample, when all is summed up: were each site rounded, a sample would go backwards when a process ends and
 * is taken together with others.
 */
static int round_counts(struct builder *b)
{
	static const enum profile_metric counts[] = { PROFILE_ALLOC_OBJECTS,
						      PROFILE_INUSE_OBJECTS };
	size_t cnt = profile__sample_cnt(b->profile), i;
	int err = 0;

	for (i = 0; !err && i < 2 * cnt; i++) {
		uint32_t sample = (uint32_t)(i / 2);
		enum profile_metric metric = counts[i % 2];
		int64_t sum = profile__values(b->profile, sample)[metric];

		err = profile__set_value(b->profile, sample, metric, whole((uint64_t)sum));
	}
	profile__totals(b->profile, b->totals.values);
	return err;
}

/* pprof takes the first mapping for the main binary. */
static int add_main_mapping(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	const struct snapshot_image *image;
	const struct snapshot_file *file;
	uint32_t id;
	size_t i;

	if (b->many)
		return profile__add_mapping(b->profile, 0, 0, 0, "[system-wide]", "",
					    PROFILE_HAS_FUNCTIONS, &id);
	for (i = 0; i < s->maps.cnt; i++) {
		image = snapshot__image(s, s->maps.at[i].image);
		file = snapshot__file(s, s->maps.at[i].file);
		if (image && file && image->exe && image->exe == file->path)
			return add_mapping(b, &s->maps.at[i], &id);
	}
	return 0;
}

static int add_meta(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	struct profile_meta meta = *profile__meta(b->profile);
	int err;

	meta.time_ns = (int64_t)s->time_ns;
	meta.duration_ns = (int64_t)s->duration_ns;
	meta.period = (int64_t)s->period_bytes;
	err = profile__add_string(b->profile, "alloc_space", &meta.default_type);
	if (err)
		return err;
	profile__set_meta(b->profile, &meta);
	return ledger_comments(s, &b->totals, b->many, b->profile);
}

static bool site_counts(const struct alloc_site *site)
{
	return site->alloc_cnt || site->free_cnt;
}

static bool has_many_images(const struct snapshot *snapshot)
{
	uint32_t first = 0;
	size_t i;

	for (i = 0; i < snapshot->sites.cnt; i++) {
		if (!site_counts(&snapshot->sites.at[i]))
			continue;
		if (first && snapshot->sites.at[i].image != first)
			return true;
		first = snapshot->sites.at[i].image;
	}
	return false;
}

int build_profile(const struct snapshot *snapshot, const struct build_options *options,
		  struct profile **ret, struct build_totals *ret_totals)
{
	struct profile *profile __free(profile) = profile__new_heap();
	struct hashmap *locations __free(hashmap) = hashmap__new();
	struct builder b = { .snapshot = snapshot,
			     .options = options,
			     .profile = profile,
			     .locations = locations,
			     .many = options->placed || has_many_images(snapshot) };
	size_t i;
	int err;

	if (!profile || !locations)
		return -ENOMEM;
	err = add_main_mapping(&b);
	for (i = 0; !err && i < snapshot->sites.cnt; i++) {
		if (site_counts(&snapshot->sites.at[i]))
			err = add_site(&b, &snapshot->sites.at[i]);
	}
	if (!err)
		err = round_counts(&b);
	if (!err)
		err = add_meta(&b);
	if (!err)
		err = profile__sort(profile);
	if (err)
		return err;
	if (ret_totals)
		*ret_totals = b.totals;
	*ret = TAKE_PTR(profile);
	return 0;
}
