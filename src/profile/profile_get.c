// SPDX-License-Identifier: Apache-2.0
/* Looking at a profile: numbers that do not exist show row 0, samples must exist. */
#include "profile/profile_priv.h"

#include <string.h>

size_t profile__mapping_cnt(const struct profile *profile)
{
	return profile->mappings.row_cnt - 1;
}

size_t profile__function_cnt(const struct profile *profile)
{
	return profile->functions.row_cnt - 1;
}

size_t profile__location_cnt(const struct profile *profile)
{
	return profile->locations.row_cnt - 1;
}

size_t profile__sample_cnt(const struct profile *profile)
{
	return profile->samples.row_cnt;
}

static const void *row_or_none(const struct seq_table *table, uint32_t row)
{
	return seq_table__at(table, row < table->row_cnt ? row : 0, NULL);
}

const struct profile_mapping *profile__mapping(const struct profile *profile, uint32_t mapping)
{
	return row_or_none(&profile->mappings, mapping);
}

const struct profile_function *profile__function(const struct profile *profile, uint32_t function)
{
	return row_or_none(&profile->functions, function);
}

const struct profile_location *profile__location(const struct profile *profile, uint32_t location)
{
	return row_or_none(&profile->locations, location);
}

const struct profile_line *profile__lines(const struct profile *profile, uint32_t location,
					  size_t *ret_cnt)
{
	return seq_table__at(&profile->lines, profile__location(profile, location)->lines, ret_cnt);
}

static const struct profile_sample *sample_row(const struct profile *profile, uint32_t sample)
{
	return seq_table__at(&profile->samples, sample, NULL);
}

uint32_t profile__stack_id(const struct profile *profile, uint32_t sample)
{
	return sample_row(profile, sample)->stack;
}

size_t profile__stack_cnt(const struct profile *profile)
{
	return profile->stacks.row_cnt;
}

const uint32_t *profile__stack(const struct profile *profile, uint32_t sample, size_t *ret_cnt)
{
	return seq_table__at(&profile->stacks, sample_row(profile, sample)->stack, ret_cnt);
}

const int64_t *profile__values(const struct profile *profile, uint32_t sample)
{
	return profile->values.at + sample * profile->type_cnt;
}

const double *profile__variances(const struct profile *profile, uint32_t sample)
{
	return profile->variances.cnt ? profile->variances.at + sample * profile->type_cnt : NULL;
}

const struct profile_label *profile__labels(const struct profile *profile, uint32_t sample,
					    size_t *ret_cnt)
{
	return seq_table__at(&profile->labels, sample_row(profile, sample)->labels, ret_cnt);
}

const struct profile_label *profile__find_label(const struct profile *profile, uint32_t sample,
						const char *key)
{
	const struct profile_label *labels;
	size_t cnt, i;

	labels = profile__labels(profile, sample, &cnt);
	for (i = 0; i < cnt; i++)
		if (!strcmp(profile__str(profile, labels[i].key), key))
			return &labels[i];
	return NULL;
}

const char *profile__line_name(const struct profile *profile, const struct profile_line *line)
{
	return profile__str(profile, profile__function(profile, line->function)->name);
}

void profile__totals(const struct profile *profile, int64_t *ret)
{
	size_t cnt = profile->type_cnt, i;

	memset(ret, 0, cnt * sizeof(*ret));
	for (i = 0; i < profile->values.cnt; i++)
		ret[i % cnt] = profile_sum(ret[i % cnt], profile->values.at[i]);
}
