// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/write_profile.h"
#include "profile/profile_merge.h"

/* Profiles held at a time: a long series is merged in rounds, in bounded memory. */
#define ROUND_MAX 8

struct round {
	struct profile *profiles[ROUND_MAX];
	size_t cnt;
};

static void round__done(struct round *round)
{
	while (round->cnt)
		profile__free(round->profiles[--round->cnt]);
}

/* Merge what is there into one. 0, or -errno after one line on stderr. */
static int merge_round(struct round *round, const char *source)
{
	struct profile *merged;
	int err =
		profile_merge((const struct profile *const *)round->profiles, round->cnt, &merged);

	if (err < 0)
		return log_err(err, "cannot merge %s", source);
	if (err > 0) {
		log_err(0, "cannot merge %s with the ones before it: %s", source,
			profile_merge_outcome_text(err));
		return -EINVAL;
	}
	round__done(round);
	round->profiles[round->cnt++] = merged;
	return 0;
}

static int merge_all(const struct options *opts, struct round *round)
{
	size_t i;
	int err;

	for (i = 0; i < opts->operand_cnt; i++) {
		err = load_profile(opts->operands[i], &round->profiles[round->cnt]);
		if (err)
			return err;
		round->cnt++;
		if (round->cnt < ROUND_MAX && i + 1 < opts->operand_cnt)
			continue;
		err = merge_round(round, opts->operands[i]);
		if (err)
			return err;
	}
	return 0;
}

int cmd_merge(const struct options *opts)
{
	struct round round __attribute__((cleanup(round__done))) = {};
	const struct encoder *encoder;
	int err = write_profile_check(opts, &encoder);

	if (!err)
		err = merge_all(opts, &round);
	return err ? err : write_profile(round.profiles[0], encoder, opts);
}
