// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/output.h"

#define SCRIPT_MAX ((size_t)1 << 20)

int cmd_completion(const struct options *opts)
{
	struct buf *out __free(buf) = buf__new(SCRIPT_MAX);

	if (!out)
		return -ENOMEM;
	if (completion_script(opts->operands[0], out)) {
		log_err(0, "completion: no script for '%.32s'; there are: %s", opts->operands[0],
			opts->command->operand_values);
		return EXIT_USAGE;
	}
	return output_write(out);
}
