// SPDX-License-Identifier: Apache-2.0
/*
 * Folded stacks, "root;caller;leaf 123", of one metric: what flame graph scripts, speedscope,
 * Perfetto and Firefox's profiler read. The number is what follows the last space of a line.
 * Inlined functions are frames like others. Stacks that read the same (other addresses, other
 * labels) are one line.
 */
#include "encode/encoder.h"

#include <errno.h>

#include "base/seq_table.h"
#include "base/vec.h"
#include "encode/text_escape.h"

struct folded {
	const struct profile *profile;
	struct seq_table stacks; /* runs of name strings, leaf first */
	VEC(int64_t) sums;       /* of each */
	VEC(uint32_t) names;
};

static void folded__free(struct folded *folded)
{
	seq_table__done(&folded->stacks);
	vec__done(&folded->sums);
	vec__done(&folded->names);
	free(folded);
}
DEFINE_CLEANUP(folded);

static int collect_names(struct folded *folded, uint32_t sample)
{
	const struct profile_line *lines;
	const uint32_t *locs;
	size_t loc_cnt, line_cnt, i, j;
	int err = 0;

	folded->names.cnt = 0;
	locs = profile__stack(folded->profile, sample, &loc_cnt);
	for (i = 0; i < loc_cnt; i++) {
		lines = profile__lines(folded->profile, locs[i], &line_cnt);
		for (j = 0; !err && j < line_cnt; j++)
			err = vec__push(
				&folded->names,
				profile__function(folded->profile, lines[j].function)->name);
	}
	return err;
}

static int add_sample(struct folded *folded, uint32_t sample, int64_t value)
{
	uint32_t stack;
	bool is_new;
	int err = collect_names(folded, sample);

	if (!err)
		err = seq_table__add(&folded->stacks, folded->names.at, folded->names.cnt, &stack,
				     &is_new);
	if (!err && is_new)
		err = vec__push(&folded->sums, 0);
	if (!err && __builtin_add_overflow(folded->sums.at[stack], value, &folded->sums.at[stack]))
		err = -EOVERFLOW;
	return err;
}

static void write_stack(const struct folded *folded, uint32_t stack, struct writer *writer)
{
	const uint32_t *names;
	size_t cnt, i;

	names = seq_table__at(&folded->stacks, stack, &cnt);
	if (!cnt)
		writer__str(writer, "[no stack]");
	for (i = cnt; i-- > 0;) {
		escape_line(writer, profile__str(folded->profile, names[i]), ";");
		if (i)
			writer__char(writer, ';');
	}
	writer__char(writer, ' ');
	writer__i64(writer, folded->sums.at[stack]);
	writer__char(writer, '\n');
}

int encode_folded(const struct profile *profile, const struct encode_options *options,
		  struct writer *writer)
{
	struct folded *folded __free(folded) = calloc(1, sizeof(*folded));
	size_t i;
	int64_t value;
	int err = 0;

	if (!folded)
		return -ENOMEM;
	folded->profile = profile;
	folded->stacks = (struct seq_table)SEQ_TABLE_VARIED(uint32_t);
	for (i = 0; !err && i < profile__sample_cnt(profile); i++) {
		value = profile__values(profile, (uint32_t)i)[options->metric];
		if (value)
			err = add_sample(folded, (uint32_t)i, value);
	}
	for (i = 0; !err && i < folded->sums.cnt; i++)
		if (folded->sums.at[i])
			write_stack(folded, (uint32_t)i, writer);
	return err ? err : writer__error(writer);
}
