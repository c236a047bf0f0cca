// SPDX-License-Identifier: Apache-2.0
/*
 * Flattening is a sweep over the ranges by start: a max-heap by id holds those that began and may
 * not have ended; its top, once the ended ones are popped, is the winner. n ranges give at most
 * 2n + 1 pieces in O(n log n), whatever they look like.
 */
#include "symbolize/ranges.h"

struct heap {
	struct range *at;
	size_t cnt;
};

static void heap_push(struct heap *heap, struct range range)
{
	size_t i = heap->cnt++, parent;

	for (; i; i = parent) {
		parent = (i - 1) / 2;
		if (heap->at[parent].id >= range.id)
			break;
		heap->at[i] = heap->at[parent];
	}
	heap->at[i] = range;
}

static void heap_pop(struct heap *heap)
{
	struct range last = heap->at[--heap->cnt];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < heap->cnt) {
		if (child + 1 < heap->cnt && heap->at[child + 1].id > heap->at[child].id)
			child++;
		if (last.id >= heap->at[child].id)
			break;
		heap->at[i] = heap->at[child];
		i = child;
	}
	heap->at[i] = last;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

int ranges_add(struct ranges *ranges, uint64_t lo, uint64_t hi, uint32_t id)
{
	if (lo >= hi)
		return 0;
	return vec__push(&ranges->list, (struct range){ lo, hi, id });
}

/* Append [lo, hi) to the flat list, as part of the last piece where it continues it. */
static int emit(struct ranges *flat, uint64_t lo, uint64_t hi, uint32_t id)
{
	struct range *last = flat->list.cnt ? &flat->list.at[flat->list.cnt - 1] : NULL;

	if (last && last->hi == lo && last->id == id) {
		last->hi = hi;
		return 0;
	}
	return ranges_add(flat, lo, hi, id);
}

/* Emit the winners from @from up to @to; what has ended leaves the heap on the way. */
static int sweep(struct heap *active, struct ranges *flat, uint64_t from, uint64_t to)
{
	uint64_t end;
	int err;

	while (active->cnt && from < to) {
		struct range top = active->at[0];

		if (top.hi <= from) {
			heap_pop(active);
			continue;
		}
		end = top.hi < to ? top.hi : to;
		err = emit(flat, from, end, top.id);
		if (err)
			return err;
		from = end;
	}
	return 0;
}

int ranges_seal(struct ranges *ranges)
{
	struct heap active = {};
	struct ranges flat = {};
	uint64_t next;
	size_t i;
	int err = 0;

	if (!ranges->list.cnt)
		return 0;
	active.at = malloc(ranges->list.cnt * sizeof(*active.at));
	if (!active.at)
		return -ENOMEM;
	qsort(ranges->list.at, ranges->list.cnt, sizeof(struct range), by_start);
	for (i = 0; i < ranges->list.cnt && !err; i++) {
		heap_push(&active, ranges->list.at[i]);
		next = i + 1 < ranges->list.cnt ? ranges->list.at[i + 1].lo : UINT64_MAX;
		err = sweep(&active, &flat, ranges->list.at[i].lo, next);
	}
	free(active.at);
	if (err) {
		ranges_done(&flat);
		return err;
	}
	ranges_done(ranges);
	*ranges = flat;
	return 0;
}

uint32_t ranges_find(const struct ranges *ranges, uint64_t addr)
{
	size_t lo = 0, hi = ranges->list.cnt, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (ranges->list.at[mid].hi <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == ranges->list.cnt || ranges->list.at[lo].lo > addr)
		return RANGES_NONE;
	return ranges->list.at[lo].id;
}

void ranges_done(struct ranges *ranges)
{
	vec__done(&ranges->list);
}
