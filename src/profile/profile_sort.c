// SPDX-License-Identifier: Apache-2.0
/*
 * An order of samples that depends on nothing but what they say: what was read from a BPF hash map
 * comes in an order of its own, and two recordings of the same must still be the same bytes.
 */
#include "profile/profile_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_strings(const struct profile *profile, uint32_t a, uint32_t b)
{
	return a == b ? 0 : strcmp(profile__str(profile, a), profile__str(profile, b));
}

static int compare_lines(const struct profile *profile, uint32_t a, uint32_t b)
{
	const struct profile_line *x, *y;
	size_t x_cnt, y_cnt, i;
	int cmp;

	x = profile__lines(profile, a, &x_cnt);
	y = profile__lines(profile, b, &y_cnt);
	for (i = 0; i < x_cnt && i < y_cnt; i++) {
		const struct profile_function *f = profile__function(profile, x[i].function);
		const struct profile_function *g = profile__function(profile, y[i].function);

		cmp = compare_strings(profile, f->name, g->name);
		if (!cmp)
			cmp = compare_strings(profile, f->filename, g->filename);
		if (!cmp)
			cmp = compare_numbers(x[i].line, y[i].line);
		if (cmp)
			return cmp;
	}
	return compare_numbers((int64_t)x_cnt, (int64_t)y_cnt);
}

static int compare_stacks(const struct profile *profile, uint32_t a, uint32_t b)
{
	const uint32_t *x, *y;
	size_t x_cnt, y_cnt, i;
	int cmp;

	x = seq_table__at(&profile->stacks, a, &x_cnt);
	y = seq_table__at(&profile->stacks, b, &y_cnt);
	for (i = 0; i < x_cnt && i < y_cnt; i++) {
		if (x[i] == y[i])
			continue;
		cmp = compare_lines(profile, x[i], y[i]);
		if (cmp)
			return cmp;
	}
	if (x_cnt != y_cnt)
		return x_cnt < y_cnt ? -1 : 1;
	for (i = 0; i < x_cnt; i++) {
		uint64_t p = profile__location(profile, x[i])->address;
		uint64_t q = profile__location(profile, y[i])->address;

		if (p != q)
			return p < q ? -1 : 1;
	}
	return 0;
}

static int compare_label_sets(const struct profile *profile, uint32_t a, uint32_t b)
{
	const struct profile_label *x, *y;
	size_t x_cnt, y_cnt, i;
	int cmp;

	x = seq_table__at(&profile->labels, a, &x_cnt);
	y = seq_table__at(&profile->labels, b, &y_cnt);
	for (i = 0; i < x_cnt && i < y_cnt; i++) {
		cmp = compare_strings(profile, x[i].key, y[i].key);
		if (!cmp)
			cmp = compare_strings(profile, x[i].str, y[i].str);
		if (!cmp)
			cmp = compare_numbers(x[i].num, y[i].num);
		if (cmp)
			return cmp;
	}
	return compare_numbers((int64_t)x_cnt, (int64_t)y_cnt);
}

static int compare_samples(const void *a, const void *b, void *ctx)
{
	const struct profile *profile = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct profile_sample *x = seq_table__at(&profile->samples, i, NULL);
	const struct profile_sample *y = seq_table__at(&profile->samples, j, NULL);
	const int64_t *v = profile__values(profile, i), *w = profile__values(profile, j);
	size_t first = profile__default_type(profile), k;
	int cmp = compare_numbers(w[first], v[first]);

	for (k = 0; !cmp && k < profile->type_cnt; k++)
		cmp = compare_numbers(w[k], v[k]);
	if (!cmp && x->stack != y->stack)
		cmp = compare_stacks(profile, x->stack, y->stack);
	if (!cmp && x->labels != y->labels)
		cmp = compare_label_sets(profile, x->labels, y->labels);
	return cmp ? cmp : compare_numbers(i, j);
}

/* Everything that is kept per sample, moved to the places @order names. */
static int permute(struct profile *profile, const uint32_t *order)
{
	size_t cnt = profile->samples.row_cnt, types = profile->type_cnt, i;
	struct profile_sample *rows __free_mem = malloc(cnt * sizeof(*rows));
	int64_t *values __free_mem = malloc(cnt * types * sizeof(*values) + 1);
	double *variances __free_mem = malloc(profile->variances.cnt * sizeof(*variances) + 1);

	if (!rows || !values || !variances)
		return -ENOMEM;
	for (i = 0; i < cnt; i++) {
		memcpy(&rows[i], seq_table__at(&profile->samples, order[i], NULL), sizeof(*rows));
		memcpy(values + i * types, profile__values(profile, order[i]),
		       types * sizeof(*values));
		if (profile->variances.cnt)
			memcpy(variances + i * types, profile__variances(profile, order[i]),
			       types * sizeof(*variances));
	}
	memcpy(profile->samples.data, rows, cnt * sizeof(*rows));
	memcpy(profile->values.at, values, cnt * types * sizeof(*values));
	if (profile->variances.cnt)
		memcpy(profile->variances.at, variances, cnt * types * sizeof(*variances));
	seq_table__drop_index(&profile->samples);
	return 0;
}

int profile__sort(struct profile *profile)
{
	size_t cnt = profile->samples.row_cnt, i;
	uint32_t *order __free_mem = NULL;

	if (cnt < 2 || !profile->type_cnt)
		return 0;
	order = malloc(cnt * sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (i = 0; i < cnt; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, cnt, sizeof(*order), compare_samples, profile);
	return permute(profile, order);
}
