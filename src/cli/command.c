// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/options_table.h"

const struct command commands[] = {
	{
		.name = "completion",
		.id = CMD_COMPLETION,
		.group = "Set up",
		.synopsis = "bash|zsh|fish",
		.summary = "print a completion script for a shell",
		.details =
			"Written to standard output; the examples load it into the running shell.",
		.examples = "source <(heaptap completion bash)\tbash, zsh\n"
			    "heaptap completion fish | source\tfish\n",
		.operands_min = 1,
		.operands_max = 1,
		.operand_values = "bash zsh fish",
		.run = cmd_completion,
	},
	{ NULL },
};

const struct command *command_find(const char *name)
{
	const struct command *cmd;

	for (cmd = commands; cmd->name; cmd++) {
		if (!strcmp(cmd->name, name))
			return cmd;
	}
	return NULL;
}
