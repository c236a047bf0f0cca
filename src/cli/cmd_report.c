// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/load_archive.h"
#include "cli/load_profile.h"
#include "cli/output.h"
#include "view/report.h"

int cmd_report(const struct options *opts)
{
	struct report_options options = {
		.by = opts->by,
		.cum = opts->cum,
		.row_cnt = opts->row_cnt,
		.name = opts->operands[0],
		.style = output_style(opts),
	};
	struct profile *profile __free(profile) = NULL;
	struct buf *out __free(buf) = buf__new(0);
	int err;

	if (!out)
		return -ENOMEM;
	if (load_is_archive(opts->operands[0]))
		err = load_archive(opts->operands[0], opts->since_ns, opts->service, &profile);
	else
		err = load_profile(opts->operands[0], &profile);
	if (!err && opts->service && !load_is_archive(opts->operands[0]))
		err = load_pick_service(opts->operands[0], opts->service, &profile);
	if (err)
		return err;
	if (load_metric(profile, opts->sort, &options.type))
		return EXIT_USAGE;
	err = report_write(profile, &options, out);
	return err ? err : output_write(out);
}
