// SPDX-License-Identifier: Apache-2.0
#include "profile/place.h"

#include <stdlib.h>

#define AGE_CLASS0_S 1.024e-6

double place_age_s(size_t age_class)
{
	return AGE_CLASS0_S * (double)(1ull << (age_class < 63 ? age_class : 63));
}

struct places *places__new(void)
{
	struct places *places __free(places) = calloc(1, sizeof(*places));

	if (!places)
		return NULL;
	places->strings = intern__new();
	return places->strings ? TAKE_PTR(places) : NULL;
}

void places__free(struct places *places)
{
	size_t i;

	if (!places)
		return;
	for (i = 0; i < places->rows.cnt; i++) {
		vec__done(&places->rows.at[i].sizes);
		vec__done(&places->rows.at[i].grown_sizes);
		vec__done(&places->rows.at[i].points);
	}
	vec__done(&places->rows);
	intern__free(places->strings);
	free(places);
}

const char *places__str(const struct places *places, uint32_t string)
{
	return intern__str(places->strings, string);
}

int place_sizes__add(struct place_sizes *sizes, uint32_t size_class, uint64_t bytes, double cnt)
{
	size_t i;

	for (i = 0; i < sizes->cnt; i++) {
		if (sizes->at[i].size_class != size_class)
			continue;
		sizes->at[i].cnt += cnt;
		if (sizes->at[i].bytes < bytes)
			sizes->at[i].bytes = bytes;
		return 0;
	}
	return vec__push(sizes, (struct place_size){ bytes, cnt, size_class });
}

static int by_bytes(const void *a, const void *b)
{
	const struct place_size *x = a, *y = b;

	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static void sort_sizes(struct place_sizes *sizes)
{
	if (sizes->cnt)
		qsort(sizes->at, sizes->cnt, sizeof(*sizes->at), by_bytes);
}

uint64_t place_sizes__covering(const struct place_sizes *sizes, double share)
{
	double total = 0, sum = 0;
	size_t i;

	for (i = 0; i < sizes->cnt; i++)
		total += sizes->at[i].cnt;
	for (i = 0; i < sizes->cnt; i++) {
		sum += sizes->at[i].cnt;
		if (sum >= share * total)
			return sizes->at[i].bytes;
	}
	return 0;
}

double place_ages_below(const double ages[PLACE_AGE_CNT], double age_s)
{
	double below = 0, total = 0;
	size_t i;

	for (i = 0; i < PLACE_AGE_CNT; i++) {
		total += ages[i];
		if (i < PLACE_AGE_CNT - 1 && place_age_s(i) <= age_s)
			below += ages[i];
	}
	return total > 0 ? below / total : 0;
}

double place_ages_covering(const double ages[PLACE_AGE_CNT], double share)
{
	double total = 0, sum = 0;
	size_t i;

	for (i = 0; i < PLACE_AGE_CNT; i++)
		total += ages[i];
	for (i = 0; i < PLACE_AGE_CNT; i++) {
		sum += ages[i];
		if (sum >= share * total)
			break;
	}
	return total > 0 ? place_age_s(i) : 0;
}

void places__finish(struct places *places)
{
	size_t i, j;

	for (i = 0; i < places->rows.cnt; i++) {
		struct place *place = &places->rows.at[i];

		sort_sizes(&place->sizes);
		sort_sizes(&place->grown_sizes);
		for (j = 0; j < PLACE_AGE_CNT; j++)
			place->freed += place->ages[j];
		places->objects += place->objects;
		places->bytes += place->bytes;
		places->inuse_bytes += place->inuse_bytes;
	}
}
