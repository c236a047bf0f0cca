/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands. To add one: write cmd_NAME.c with `int cmd_NAME(const struct options
 * *opts)`, declare it here, add a row in command.c. Help, man page and completion follow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"

/* Operands behind "--" are a command line to run; without the "--" they are a usage error. */
#define OPERANDS_ARE_CMD    SIZE_MAX
/* The same, or one operand without the "--". */
#define OPERANDS_MAY_BE_CMD (SIZE_MAX - 1)

struct command {
	const char *name;
	uint32_t id;       /* enum command_id */
	const char *group; /* heading in the list of commands; rows of one group stand together */
	const char *synopsis; /* what follows the name in the usage line */
	const char *summary;  /* one line, lower case, no full stop */
	const char
		*details; /* paragraphs for --help and the man page, separated by an empty line */
	const char *examples; /* lines "command<TAB>what it does" */
	size_t operands_min;
	size_t operands_max;        /* or OPERANDS_ARE_CMD */
	const char *operand_values; /* words to complete the operand with, separated by blanks;
				       NULL: files */
	int (*run)(
		const struct options *opts); /* enum exit_status, or -errno after having said why */
};

/* Ends with a row whose name is NULL. */
extern const struct command commands[];

const struct command *command_find(const char *name);

int cmd_record(const struct options *opts);
int cmd_stat(const struct options *opts);
int cmd_report(const struct options *opts);
int cmd_list(const struct options *opts);
int cmd_top(const struct options *opts);
int cmd_why(const struct options *opts);
int cmd_flame(const struct options *opts);
int cmd_diff(const struct options *opts);
int cmd_merge(const struct options *opts);
int cmd_convert(const struct options *opts);
int cmd_check(const struct options *opts);
int cmd_doctor(const struct options *opts);
int cmd_serve(const struct options *opts);
int cmd_completion(const struct options *opts);
