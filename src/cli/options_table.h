/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of options: parser, --help, man pages and completion all read it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Commands as bits, so that a row can say who takes it. */
enum command_id {
	CMD_RECORD = 1 << 0,
	CMD_TOP = 1 << 1,
	CMD_STAT = 1 << 2,
	CMD_REPORT = 1 << 3,
	CMD_LIST = 1 << 4,
	CMD_WHY = 1 << 5,
	CMD_FLAME = 1 << 6,
	CMD_DIFF = 1 << 7,
	CMD_MERGE = 1 << 8,
	CMD_CONVERT = 1 << 9,
	CMD_CHECK = 1 << 10,
	CMD_SERVE = 1 << 11,
	CMD_DOCTOR = 1 << 12,
	CMD_COMPLETION = 1 << 13,
	CMD_GLOBAL = 1 << 30, /* also without a command, and by every command */
};

enum option_type {
	OPT_FLAG,     /* bool */
	OPT_STRING,   /* const char *; @values, if any, are only suggestions */
	OPT_FILE,     /* const char *, completed as a path */
	OPT_DIR,      /* const char *, completed as a directory */
	OPT_FORMAT,   /* const char *, completed as the name of an encoder */
	OPT_ENUM,     /* int, the index in @values */
	OPT_U64,      /* uint64_t */
	OPT_BYTES,    /* uint64_t; a word of @values stands for its index */
	OPT_DURATION, /* uint64_t nanoseconds */
	OPT_PERCENT,  /* double */
	OPT_PIDS,     /* struct pid_list, comma separated, repeatable */
	OPT_LIST,     /* struct text_list, repeatable */
	OPT_TYPE_CNT,
};

struct option_def {
	const char *name; /* long name */
	char letter;      /* or 0 */
	enum option_type type;
	const char *arg;           /* what the value is called in help; NULL for a flag */
	size_t offset;             /* of the field in struct options */
	uint32_t commands;         /* mask of enum command_id */
	const char *const *values; /* NULL-terminated, or NULL */
	const char *initial;       /* parsed as if given; shown as the default; NULL: zero */
	const char *help;          /* one sentence, no full stop; NULL hides the option */
};

/* Ends with a row whose name is NULL. */
extern const struct option_def options_table[];

/* Does @def belong to the command whose id is @command (0: none named)? */
static inline int option_def__taken_by(const struct option_def *def, uint32_t command)
{
	return (def->commands & (command | CMD_GLOBAL)) != 0;
}
