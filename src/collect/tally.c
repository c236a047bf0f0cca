// SPDX-License-Identifier: Apache-2.0
#include "collect/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/stack.h"
#include "base/hash.h"
#include "base/hashmap.h"
#include "base/intern.h"
#include "base/vec.h"

#define NONE UINT32_MAX

struct group { /* strings */
	uint32_t comm, exe, service, container, pod, unit;
	uint32_t uid;
	uint32_t evicted; /* its "[evicted]" site, or NONE */
	uint32_t next;    /* with the same hash */
};

struct stack_entry {
	uint64_t hash, check;
	uint32_t frame_start, frame_cnt;
	uint32_t next;
};

struct site_entry {
	struct alloc_site site; /* .image is the group, .frame_start unused */
	uint32_t stack;         /* or NONE */
	uint32_t next;
};

struct tally {
	size_t max_bytes;
	struct intern *strings;
	VEC(struct group) groups;
	VEC(struct stack_entry) stacks;
	VEC(struct site_entry) sites;
	VEC(uint64_t) frames;
	struct hashmap *group_index, *stack_index, *site_index; /* hash -> first of a chain */
	uint64_t evicted_cnt;
};

struct tally *tally__new(size_t max_bytes)
{
	struct tally *tally __free(tally) = calloc(1, sizeof(*tally));

	if (!tally)
		return NULL;
	tally->max_bytes = max_bytes;
	tally->strings = intern__new();
	tally->group_index = hashmap__new();
	tally->stack_index = hashmap__new();
	tally->site_index = hashmap__new();
	if (!tally->strings || !tally->group_index || !tally->stack_index || !tally->site_index)
		return NULL;
	return TAKE_PTR(tally);
}

static void free_index(struct hashmap *index)
{
	if (index)
		hashmap__free(index);
}

void tally__free(struct tally *tally)
{
	if (!tally)
		return;
	if (tally->strings)
		intern__free(tally->strings);
	vec__done(&tally->groups);
	vec__done(&tally->stacks);
	vec__done(&tally->sites);
	vec__done(&tally->frames);
	free_index(tally->group_index);
	free_index(tally->stack_index);
	free_index(tally->site_index);
	free(tally);
}

/* --- groups --- */

static int make_group(struct tally *tally, const struct image *image,
		      const struct process_info *info, struct group *ret)
{
	struct intern *strings = tally->strings;
	char service[PROCESS_SERVICE_SIZE];
	struct group group = { .uid = image->uid, .evicted = NONE, .next = NONE };
	int err = intern__add_n(strings, image->comm, strnlen(image->comm, sizeof(image->comm)),
				&group.comm);

	if (!err)
		err = intern__add(strings, info->exe, &group.exe);
	if (!err)
		err = intern__add(strings, process_service(info, image->comm, service),
				  &group.service);
	if (!err)
		err = intern__add(strings, info->owner.container, &group.container);
	if (!err)
		err = intern__add(strings, info->owner.pod, &group.pod);
	if (!err)
		err = intern__add(strings, info->owner.unit, &group.unit);
	*ret = group;
	return err;
}

static bool same_group(const struct group *a, const struct group *b)
{
	return a->comm == b->comm && a->exe == b->exe && a->service == b->service &&
	       a->container == b->container && a->pod == b->pod && a->unit == b->unit &&
	       a->uid == b->uid;
}

int tally__group(struct tally *tally, const struct image *image, const struct process_info *info,
		 uint32_t *ret)
{
	struct group group;
	uint64_t hash, *first;
	uint32_t i;
	int err = make_group(tally, image, info, &group);

	if (err)
		return err;
	hash = hash_combine(hash_combine(group.comm, group.exe),
			    hash_combine(group.service, group.container));
	hash = hash_combine(hash_combine(hash, group.uid), hash_combine(group.pod, group.unit));
	first = hashmap__slot(tally->group_index, hash, NONE, NULL);
	if (!first)
		return -ENOMEM;
	for (i = (uint32_t)*first; i != NONE; i = tally->groups.at[i].next) {
		if (same_group(&tally->groups.at[i], &group)) {
			*ret = i;
			return 0;
		}
	}
	group.next = (uint32_t)*first;
	err = vec__push(&tally->groups, group);
	if (err)
		return err;
	*first = *ret = (uint32_t)tally->groups.cnt - 1;
	return 0;
}

/* --- stacks --- */

static int find_stack(struct tally *tally, const struct alloc_site *site, const uint64_t *frames,
		      uint32_t *ret)
{
	struct stack_entry stack = { site->stack_hash, site->stack_check,
				     (uint32_t)tally->frames.cnt, site->frame_cnt, NONE };
	uint64_t *first;
	uint32_t i;
	int err;

	*ret = NONE;
	if (!site->frame_cnt)
		return 0;
	first = hashmap__slot(tally->stack_index, site->stack_hash, NONE, NULL);
	if (!first)
		return -ENOMEM;
	for (i = (uint32_t)*first; i != NONE; i = tally->stacks.at[i].next) {
		if (tally->stacks.at[i].check == site->stack_check &&
		    tally->stacks.at[i].frame_cnt == site->frame_cnt) {
			*ret = i;
			return 0;
		}
	}
	stack.next = (uint32_t)*first;
	err = vec__reserve(&tally->frames, tally->frames.cnt + site->frame_cnt);
	if (!err)
		err = vec__push(&tally->stacks, stack);
	if (err)
		return err;
	memcpy(tally->frames.at + tally->frames.cnt, frames, site->frame_cnt * sizeof(*frames));
	tally->frames.cnt += site->frame_cnt;
	*first = *ret = (uint32_t)tally->stacks.cnt - 1;
	return 0;
}

/* --- sites --- */

static uint64_t site_hash(const struct alloc_site *site, uint32_t stack)
{
	uint64_t kind = (uint64_t)site->fn << 16 | (uint64_t)site->size_class << 8 | site->stop;

	return hash_combine(hash_combine(site->image, stack), kind);
}

static bool same_site(const struct site_entry *entry, const struct alloc_site *site, uint32_t stack)
{
	return entry->stack == stack && entry->site.image == site->image &&
	       entry->site.fn == site->fn && entry->site.size_class == site->size_class &&
	       entry->site.stop == site->stop;
}

/* Large errors must not wrap and become small ones. */
static uint64_t add_variances(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static void sum(struct alloc_site *to, const struct alloc_site *from)
{
	to->alloc_cnt += from->alloc_cnt;
	to->alloc_bytes += from->alloc_bytes;
	to->free_cnt += from->free_cnt;
	to->free_bytes += from->free_bytes;
	to->sample_cnt += from->sample_cnt;
	to->variance = add_variances(to->variance, from->variance);
	to->free_variance = add_variances(to->free_variance, from->free_variance);
}

static int add_site(struct tally *tally, const struct alloc_site *site, uint32_t stack,
		    uint32_t *ret)
{
	struct site_entry entry = { .site = *site, .stack = stack, .next = NONE };
	uint64_t *first = hashmap__slot(tally->site_index, site_hash(site, stack), NONE, NULL);
	uint32_t i;
	int err;

	if (!first)
		return -ENOMEM;
	for (i = (uint32_t)*first; i != NONE; i = tally->sites.at[i].next) {
		if (same_site(&tally->sites.at[i], site, stack)) {
			sum(&tally->sites.at[i].site, site);
			*ret = i;
			return 0;
		}
	}
	entry.next = (uint32_t)*first;
	err = vec__push(&tally->sites, entry);
	if (err)
		return err;
	*first = *ret = (uint32_t)tally->sites.cnt - 1;
	return 0;
}

/* --- eviction --- */

static int by_bytes(const void *a, const void *b)
{
	const struct site_entry *x = a, *y = b;

	if (x->site.alloc_bytes != y->site.alloc_bytes)
		return x->site.alloc_bytes > y->site.alloc_bytes ? -1 : 1;
	return 0;
}

static void clear(struct tally *tally, struct hashmap *sites, struct hashmap *stacks)
{
	hashmap__free(tally->site_index);
	hashmap__free(tally->stack_index);
	tally->site_index = sites;
	tally->stack_index = stacks;
	tally->sites.at = NULL;
	tally->stacks.at = NULL;
	tally->frames.at = NULL;
	tally->sites.cnt = tally->sites.room = 0;
	tally->stacks.cnt = tally->stacks.room = 0;
	tally->frames.cnt = tally->frames.room = 0;
}

/* Start over with the larger half; the smaller one adds up in a site per group. */
static int evict(struct tally *tally)
{
	struct hashmap *sites __free(hashmap) = hashmap__new(),
			      *stacks __free(hashmap) = hashmap__new();
	struct site_entry *old __free_mem = tally->sites.at;
	struct stack_entry *old_stacks __free_mem = tally->stacks.at;
	uint64_t *old_frames __free_mem = tally->frames.at;
	size_t cnt = tally->sites.cnt, i;
	uint32_t stack, at;
	int err = 0;

	if (!sites || !stacks) {
		/* Nothing has happened yet. */
		old = NULL;
		old_stacks = NULL;
		old_frames = NULL;
		return -ENOMEM;
	}
	qsort(old, cnt, sizeof(*old), by_bytes);
	clear(tally, TAKE_PTR(sites), TAKE_PTR(stacks));
	for (i = 0; !err && i < cnt; i++) {
		struct alloc_site *site = &old[i].site;
		const struct stack_entry *from =
			old[i].stack == NONE ? NULL : &old_stacks[old[i].stack];

		if (i >= cnt / 2 && site->stop != SITE_EVICTED) {
			*site = (struct alloc_site){ .image = site->image,
						     .stop = SITE_EVICTED,
						     .alloc_cnt = site->alloc_cnt,
						     .alloc_bytes = site->alloc_bytes,
						     .free_cnt = site->free_cnt,
						     .free_bytes = site->free_bytes,
						     .sample_cnt = site->sample_cnt,
						     .variance = site->variance,
						     .free_variance = site->free_variance };
			from = NULL;
			tally->evicted_cnt++;
		}
		err = find_stack(tally, site, from ? old_frames + from->frame_start : NULL, &stack);
		if (!err)
			err = add_site(tally, site, stack, &at);
	}
	return err;
}

size_t tally__bytes(const struct tally *tally)
{
	return tally->sites.cnt * sizeof(*tally->sites.at) +
	       tally->stacks.cnt * sizeof(*tally->stacks.at) +
	       tally->frames.cnt * sizeof(*tally->frames.at) +
	       (hashmap__cnt(tally->site_index) + hashmap__cnt(tally->stack_index)) * 32;
}

/* BPF's are of the frames as they were; stacks that differed in addresses alone are equal now. */
static void hash_again(struct alloc_site *site, const uint64_t *frames)
{
	uint32_t i;

	site->stack_hash = hash_bytes(frames, site->frame_cnt * sizeof(*frames));
	site->stack_check = ~0ull;
	for (i = 0; i < site->frame_cnt; i++)
		site->stack_check = hash_combine(site->stack_check, frames[i]);
}

int tally__add(struct tally *tally, uint32_t group, const struct alloc_site *site,
	       const uint64_t *frames)
{
	struct alloc_site own = *site;
	uint32_t stack, at;
	int err;

	own.image = group;
	if (own.frame_cnt > STACK_DEPTH_MAX)
		return -EINVAL;
	hash_again(&own, frames);
	err = find_stack(tally, &own, frames, &stack);
	if (!err)
		err = add_site(tally, &own, stack, &at);
	if (!err && tally->max_bytes && tally__bytes(tally) > tally->max_bytes &&
	    tally->sites.cnt > 64)
		err = evict(tally);
	return err;
}

size_t tally__group_cnt(const struct tally *tally)
{
	return tally->groups.cnt;
}

size_t tally__site_cnt(const struct tally *tally)
{
	return tally->sites.cnt;
}

uint64_t tally__evicted_cnt(const struct tally *tally)
{
	return tally->evicted_cnt;
}

/* --- into a snapshot --- */

static int copy_str(const struct tally *tally, uint32_t str, struct snapshot *snapshot,
		    uint32_t *ret)
{
	return intern__add(snapshot->strings, intern__str(tally->strings, str), ret);
}

static int append_image(const struct tally *tally, uint32_t group, uint32_t id,
			struct snapshot *snapshot)
{
	const struct group *from = &tally->groups.at[group];
	struct snapshot_image image = { .id = id, .start_ns = 1, .end_ns = 1, .uid = from->uid };
	int err = copy_str(tally, from->comm, snapshot, &image.comm);

	if (!err)
		err = copy_str(tally, from->exe, snapshot, &image.exe);
	if (!err)
		err = copy_str(tally, from->service, snapshot, &image.service);
	if (!err)
		err = copy_str(tally, from->container, snapshot, &image.container);
	if (!err)
		err = copy_str(tally, from->pod, snapshot, &image.pod);
	if (!err)
		err = copy_str(tally, from->unit, snapshot, &image.unit);
	return err ? err : vec__push(&snapshot->images, image);
}

static bool is_of(const struct tally *tally, uint32_t group, const char *service)
{
	return !service ||
	       !strcmp(intern__str(tally->strings, tally->groups.at[group].service), service);
}

int tally__append(const struct tally *tally, uint32_t first_image, const char *service,
		  struct snapshot *snapshot)
{
	uint32_t shift = (uint32_t)snapshot->frames.cnt, i;
	size_t frame_cnt = tally->frames.cnt;
	int err = vec__reserve(&snapshot->frames, snapshot->frames.cnt + frame_cnt + 1);

	if (err)
		return err;
	if (frame_cnt)
		memcpy(snapshot->frames.at + shift, tally->frames.at,
		       frame_cnt * sizeof(*tally->frames.at));
	snapshot->frames.cnt += frame_cnt;
	for (i = 0; !err && i < tally->groups.cnt; i++) {
		if (is_of(tally, i, service))
			err = append_image(tally, i, first_image + i, snapshot);
	}
	for (i = 0; !err && i < tally->sites.cnt; i++) {
		struct alloc_site site = tally->sites.at[i].site;
		uint32_t stack = tally->sites.at[i].stack;

		if (!is_of(tally, site.image, service))
			continue;
		site.image = first_image + site.image;
		site.frame_start = stack == NONE ? 0 : shift + tally->stacks.at[stack].frame_start;
		err = vec__push(&snapshot->sites, site);
	}
	return err;
}
