// SPDX-License-Identifier: Apache-2.0
#include "view/advice.h"

#include <errno.h>
#include <string.h>

#include "base/hashmap.h"
#include "view/short_name.h"
#include "view/table.h"
#include "view/value.h"

#define SITES_PER_KIND 2
#define NAME_COLS      60

/* What the numbers of one site say. Shares are of the profile's total. */
struct site {
	int64_t objects;
	int64_t bytes;
	double mean_bytes;
	double object_share;
	double byte_share;
};

struct advice {
	const char *title;
	enum table_style style;
	bool (*applies)(const struct site *site);
	double (*weight)(const struct site *site); /* the heaviest are named */
	const char *cure;
};

static bool is_many_small(const struct site *site)
{
	return site->object_share >= 0.05 && site->mean_bytes <= 256 &&
	       site->object_share >= 2 * site->byte_share;
}

static bool is_few_big(const struct site *site)
{
	return site->byte_share >= 0.05 && site->mean_bytes >= 32 << 10 &&
	       site->byte_share >= 4 * site->object_share;
}

static double by_object_share(const struct site *site)
{
	return site->object_share;
}

static double by_byte_share(const struct site *site)
{
	return site->byte_share;
}

static const struct advice advices[] = {
	{ "Many small", TABLE_CYAN, is_many_small, by_object_share,
	  "cure the count: reuse, batch or embed them" },
	{ "Few big", TABLE_YELLOW, is_few_big, by_byte_share,
	  "cure the size: smaller, shared or streamed" },
};

struct context {
	const struct profile *profile;
	const struct groups *groups;
	const struct view_style *style;
	size_t objects_type;
	size_t bytes_type;
};

static void look_at(const struct context *ctx, size_t group, struct site *ret)
{
	const int64_t *flat = groups__flat(ctx->groups, group);
	const int64_t *totals = groups__totals(ctx->groups);

	ret->objects = flat[ctx->objects_type];
	ret->bytes = flat[ctx->bytes_type];
	ret->mean_bytes = ret->objects > 0 ? (double)ret->bytes / (double)ret->objects : 0;
	ret->object_share = value_share(ret->objects, totals[ctx->objects_type]);
	ret->byte_share = value_share(ret->bytes, totals[ctx->bytes_type]);
}

/* The sites that @advice fits, heaviest first. Returns how many. */
static size_t pick(const struct context *ctx, const struct advice *advice,
		   size_t ret[SITES_PER_KIND])
{
	double weights[SITES_PER_KIND] = {}, weight;
	size_t i, j, cnt = 0;
	struct site site;

	for (i = 0; i < groups__cnt(ctx->groups); i++) {
		look_at(ctx, i, &site);
		if (site.objects <= 0 || site.bytes <= 0 || !advice->applies(&site))
			continue;
		weight = advice->weight(&site);
		for (j = cnt; j && weights[j - 1] < weight; j--) {
			if (j < SITES_PER_KIND) {
				weights[j] = weights[j - 1];
				ret[j] = ret[j - 1];
			}
		}
		if (j < SITES_PER_KIND) {
			weights[j] = weight;
			ret[j] = i;
			cnt += cnt < SITES_PER_KIND;
		}
	}
	return cnt;
}

/* Objects by some number, and who has most. */
struct tally {
	struct hashmap *objects;
	uint64_t total;
	uint64_t most;
	uint64_t winner;
};

static void tally__done(struct tally *tally)
{
	hashmap__free(tally->objects);
}

static int tally__add(struct tally *tally, uint64_t key, int64_t objects)
{
	uint64_t *sum = hashmap__slot(tally->objects, key, 0, NULL);

	if (!sum)
		return -ENOMEM;
	if (objects <= 0)
		return 0;
	*sum += (uint64_t)objects;
	tally->total += (uint64_t)objects;
	if (*sum > tally->most) {
		tally->most = *sum;
		tally->winner = key;
	}
	return 0;
}

/* Who calls the site, and what it calls: the allocating function (label alloc_fn). */
static int look_around(const struct context *ctx, size_t group, struct tally *allocators,
		       struct tally *callers)
{
	size_t i, sample_cnt = profile__sample_cnt(ctx->profile);

	for (i = 0; i < sample_cnt; i++) {
		uint32_t sample = (uint32_t)i;
		int64_t objects = profile__values(ctx->profile, sample)[ctx->objects_type];
		const struct profile_label *label;

		if (groups__leaf(ctx->groups, sample) != group)
			continue;
		label = profile__find_label(ctx->profile, sample, "alloc_fn");
		if (label && label->str && tally__add(allocators, label->str, objects))
			return -ENOMEM;
		if (tally__add(callers, groups__caller(ctx->groups, sample), objects))
			return -ENOMEM;
	}
	return 0;
}

/* "malloc in xmalloc (mostly from parse)" */
static int write_place(const struct context *ctx, size_t group, struct buf *out)
{
	struct tally allocators __attribute__((cleanup(tally__done))) = { hashmap__new() };
	struct tally callers __attribute__((cleanup(tally__done))) = { hashmap__new() };
	struct buf *name __free(buf) = buf__new(0);

	if (!name || !allocators.objects || !callers.objects ||
	    look_around(ctx, group, &allocators, &callers))
		return -ENOMEM;
	if (allocators.most) {
		short_name_append(out, profile__str(ctx->profile, (uint32_t)allocators.winner),
				  NAME_COLS);
		buf__append_str(out, " in ");
	}
	groups__name(ctx->groups, group, true, name);
	short_name_append(out, buf__data(name), NAME_COLS);
	if (callers.winner == SIZE_MAX || callers.most <= callers.total / 2)
		return 0;
	buf__reset(name);
	groups__name(ctx->groups, callers.winner, true, name);
	buf__append_str(out,
			callers.most == callers.total ? " (called from " : " (mostly called from ");
	short_name_append(out, buf__data(name), NAME_COLS);
	buf__append_char(out, ')');
	return 0;
}

/* Shares that are not nothing are not called 0%. */
static const char *format_share(double share, char out[static VALUE_TEXT_MAX])
{
	if (share > 0 && share < 0.01)
		snprintf(out, VALUE_TEXT_MAX, "under 1%%");
	else
		snprintf(out, VALUE_TEXT_MAX, "%.0f%%", 100 * share);
	return out;
}

static int write_site(const struct context *ctx, const struct advice *advice, size_t group,
		      struct buf *out)
{
	char objects[VALUE_TEXT_MAX], mean[VALUE_TEXT_MAX];
	char object_share[VALUE_TEXT_MAX], byte_share[VALUE_TEXT_MAX];
	struct site site;

	look_at(ctx, group, &site);
	table_styled(out, advice->title, advice->style, ctx->style->colored);
	buf__append_str(out, ": ");
	if (write_place(ctx, group, out))
		return -ENOMEM;
	value_format(site.objects, "count", ctx->style->exact, objects);
	value_format((int64_t)(site.mean_bytes + 0.5), "bytes", false, mean);
	buf__printf(out, ": %s object%s %s %s, %s of all objects, %s of all bytes; %s.\n", objects,
		    site.objects == 1 ? "" : "s", site.objects == 1 ? "of" : "averaging", mean,
		    format_share(site.object_share, object_share),
		    format_share(site.byte_share, byte_share), advice->cure);
	return 0;
}

int advice_write(const struct profile *profile, const struct groups *groups,
		 const struct view_style *style, struct buf *out)
{
	struct context ctx = { .profile = profile, .groups = groups, .style = style };
	size_t heap[PROFILE_METRIC_CNT], sites[SITES_PER_KIND], cnt, i, j;
	bool any = false;

	if (!profile__heap_types(profile, heap))
		return 0;
	ctx.objects_type = heap[PROFILE_ALLOC_OBJECTS];
	ctx.bytes_type = heap[PROFILE_ALLOC_SPACE];
	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		cnt = pick(&ctx, &advices[i], sites);
		for (j = 0; j < cnt; j++) {
			if (!any)
				buf__append_char(out, '\n');
			any = true;
			if (write_site(&ctx, &advices[i], sites[j], out))
				return -ENOMEM;
		}
	}
	return 0;
}
