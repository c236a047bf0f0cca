// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/write_profile.h"

int cmd_flame(const struct options *opts)
{
	struct profile *profile __free(profile) = NULL;
	const struct encoder *encoder;
	int err = write_profile_check(opts, &encoder);

	if (err)
		return err;
	if (encoder->write != encode_html && encoder->write != encode_svg) {
		log_err(0,
			"flame: %s is no flame graph; name the output .html or .svg, or use "
			"convert",
			encoder->name);
		return EXIT_USAGE;
	}
	err = load_profile(opts->operands[0], &profile);
	return err ? err : write_profile(profile, encoder, opts);
}
