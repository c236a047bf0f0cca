// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/write_profile.h"

int cmd_convert(const struct options *opts)
{
	struct profile *profile __free(profile) = NULL;
	const struct encoder *encoder;
	int err = write_profile_check(opts, &encoder);

	if (!err)
		err = load_profile(opts->operands[0], &profile);
	return err ? err : write_profile(profile, encoder, opts);
}
