// SPDX-License-Identifier: Apache-2.0
/*
 * The command line: heaptap [GLOBAL OPTION…] COMMAND [OPTION…] [OPERAND…]. getopt_long does the
 * splitting, in two rounds (up to the command's name, then behind it); which options exist is read
 * off options_table.c.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/vec.h"
#include "cli/command.h"
#include "cli/option_values.h"
#include "cli/options_table.h"
#include "cli/suggest.h"

#define TEXT_MAX  1024
#define FIRST_VAL 256 /* above every option letter */

/* One round: the options that count in it, as getopt wants them. */
struct round {
	const struct command *command; /* NULL: before the command's name */
	VEC(struct option) longs;
	char letters[160];
	char prefix[64]; /* "report: " or "" before messages */
};

static void round__done(struct round *round)
{
	vec__done(&round->longs);
}

/* @mode is getopt's leading '+' (stop at the first operand) or "" (options may follow operands). */
static int round__init(struct round *round, const struct command *command, const char *mode)
{
	const struct option_def *def;
	uint32_t id = command ? command->id : 0;
	struct option end = {};
	size_t len;

	*round = (struct round){ .command = command };
	len = (size_t)snprintf(round->letters, sizeof(round->letters), "%s:", mode);
	snprintf(round->prefix, sizeof(round->prefix), "%s%s", command ? command->name : "",
		 command ? ": " : "");
	for (def = options_table; def->name; def++) {
		int has_arg = def->arg ? required_argument : no_argument;
		struct option opt = { def->name, has_arg, NULL,
				      (int)(FIRST_VAL + (def - options_table)) };

		if (!option_def__taken_by(def, id))
			continue;
		if (vec__push(&round->longs, opt))
			return -ENOMEM;
		if (def->letter && len + 2 < sizeof(round->letters))
			len += (size_t)snprintf(round->letters + len, sizeof(round->letters) - len,
						"%c%s", def->letter, def->arg ? ":" : "");
	}
	return vec__push(&round->longs, end);
}

static const struct option_def *find_letter(int letter)
{
	const struct option_def *def;

	for (def = options_table; def->name; def++) {
		if (def->letter == letter)
			return def;
	}
	return NULL;
}

/* The row of that name: @command's own, or any. */
static const struct option_def *find_name(const char *name, uint32_t command)
{
	const struct option_def *def, *found = NULL;

	for (def = options_table; def->name; def++) {
		if (strcmp(def->name, name))
			continue;
		if (option_def__taken_by(def, command))
			return def;
		found = def;
	}
	return found;
}

static const char *help_hint(const struct round *round, char *out, size_t size)
{
	snprintf(out, size, "heaptap %s%s--help", round->command ? round->command->name : "",
		 round->command ? " " : "");
	return out;
}

/* An option that exists, but for other commands: name them. */
static int err_elsewhere(const struct round *round, const char *typed, const struct option_def *def)
{
	const struct command *cmd;
	struct buf *text __free(buf) = buf__new(TEXT_MAX);
	size_t cnt = 0;

	if (!text)
		return -ENOMEM;
	for (cmd = commands; cmd->name; cmd++) {
		if (def->commands & cmd->id)
			buf__printf(text, "%s%s", cnt++ ? ", " : "", cmd->name);
	}
	if (!round->command)
		log_err(0, "%s goes behind the command's name: heaptap %s %s", typed,
			cnt ? buf__data(text) : "COMMAND", typed);
	else
		log_err(0, "%s%s is an option of %s only", round->prefix, typed, buf__data(text));
	return -EINVAL;
}

static int is_shown(const struct option_def *def)
{
	const struct command *cmd;

	for (cmd = commands; cmd->name; cmd++) {
		if (def->help && option_def__taken_by(def, cmd->id))
			return 1;
	}
	return 0;
}

static int err_unknown_long(const struct round *round, const char *typed)
{
	char name[64], hint[96];
	struct suggestion sug = { .word = name, .best_distance = SIZE_MAX };
	const struct option_def *def;
	uint32_t id = round->command ? round->command->id : 0;
	size_t len = strcspn(typed + 2, "=");

	snprintf(name, sizeof(name), "%.*s", (int)len, typed + 2);
	def = find_name(name, id);
	if (def && !option_def__taken_by(def, id) && is_shown(def)) {
		snprintf(hint, sizeof(hint), "--%s", name);
		return err_elsewhere(round, hint, def);
	}
	if (def && option_def__taken_by(def, id))
		return log_err(0, "%s--%s takes no value", round->prefix, name), -EINVAL;
	for (def = options_table; def->name; def++) {
		if (def->help && option_def__taken_by(def, id))
			suggestion__consider(&sug, def->name);
	}
	if (sug.best)
		log_err(0, "%sunknown option --%s; did you mean --%s?", round->prefix, name,
			sug.best);
	else
		log_err(0, "%sunknown option --%s; %s lists them", round->prefix, name,
			help_hint(round, hint, sizeof(hint)));
	return -EINVAL;
}

static int err_unknown(const struct round *round, char **argv)
{
	const struct option_def *def;
	char typed[4] = { '-', (char)optopt }, hint[96];

	/* Both libcs leave optopt 0 or our own value for a long option that is unknown, ambiguous
	 * or has a value. */
	if (!optopt || optopt >= FIRST_VAL)
		return err_unknown_long(round, argv[optind - 1]);
	def = find_letter(optopt);
	if (def && is_shown(def))
		return err_elsewhere(round, typed, def);
	log_err(0, "%sunknown option %s; %s lists them", round->prefix, typed,
		help_hint(round, hint, sizeof(hint)));
	return -EINVAL;
}

static const struct option_def *def_of_val(int val)
{
	return val >= FIRST_VAL ? &options_table[val - FIRST_VAL] : find_letter(val);
}

static int err_missing(const struct round *round)
{
	const struct option_def *def = def_of_val(optopt);
	struct buf *text __free(buf) = buf__new(TEXT_MAX);

	if (!text)
		return -ENOMEM;
	option_value_expects(def, text);
	log_err(0, "%s--%s needs a value, %s: %s", round->prefix, def->name, def->arg,
		buf__data(text));
	return -EINVAL;
}

static int set_value(const struct round *round, const struct option_def *def, const char *value,
		     struct options *opts)
{
	struct buf *text __free(buf) = buf__new(TEXT_MAX);
	int err = option_value_set(def, value, opts);

	if (!err || err == -ENOMEM || !text)
		return err;
	option_value_expects(def, text);
	log_err(0, "%s--%s '%.64s': expected %s", round->prefix, def->name, value, buf__data(text));
	return -EINVAL;
}

static int run_round(const struct round *round, int argc, char **argv, struct options *opts)
{
	int val, err;

	opterr = 0;
	optind = 0; /* in both libcs: forget everything, start at 1 */
	while ((val = getopt_long(argc, argv, round->letters, round->longs.at, NULL)) != -1) {
		if (val == '?')
			return err_unknown(round, argv);
		if (val == ':')
			return err_missing(round);
		err = set_value(round, def_of_val(val), optarg ? optarg : "", opts);
		if (err)
			return err;
	}
	return 0;
}

static int set_initial(struct options *opts)
{
	const struct option_def *def;
	int err;

	opts->sample_bytes = SAMPLE_UNSAID;
	for (def = options_table; def->name; def++) {
		err = def->initial ? option_value_set(def, def->initial, opts) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int err_command(const char *name)
{
	struct suggestion sug = { .word = name, .best_distance = SIZE_MAX };
	const struct command *cmd;

	for (cmd = commands; cmd->name; cmd++)
		suggestion__consider(&sug, cmd->name);
	if (sug.best)
		log_err(0, "unknown command '%.64s'; did you mean %s?", name, sug.best);
	else
		log_err(0, "unknown command '%.64s'; heaptap --help lists them", name);
	return -EINVAL;
}

static int check_operands(const struct command *cmd, const struct options *opts)
{
	size_t most = cmd->operands_max == OPERANDS_MAY_BE_CMD ? 1 : cmd->operands_max;

	if (opts->operands_are_cmd && cmd->operands_max == OPERANDS_MAY_BE_CMD)
		return 0;
	if (cmd->operands_max == OPERANDS_ARE_CMD) {
		if (opts->operand_cnt && !opts->operands_are_cmd) {
			log_err(0, "%s: a command to run goes behind --: heaptap %s … -- %s",
				cmd->name, cmd->name, opts->operands[0]);
			return -EINVAL;
		}
		return 0;
	}
	if (opts->operand_cnt >= cmd->operands_min && opts->operand_cnt <= most)
		return 0;
	if (opts->operand_cnt > most)
		log_err(0, "%s: '%.64s' is one argument too many; usage: heaptap %s %s", cmd->name,
			opts->operands[most], cmd->name, cmd->synopsis);
	else
		log_err(0, "%s: %s missing; usage: heaptap %s %s", cmd->name,
			cmd->operands_min - opts->operand_cnt > 1 ? "arguments are"
								  : "an argument is",
			cmd->name, cmd->synopsis);
	return -EINVAL;
}

static int parse_command(int argc, char **argv, struct options *opts)
{
	const struct command *cmd;
	struct round round __attribute__((cleanup(round__done))) = {};
	int err;

	/* "heaptap help COMMAND" is what fingers type. */
	if (!strcmp(argv[0], "help")) {
		opts->help = true;
		if (argc == 1)
			return 0;
		argc--;
		argv++;
	}
	cmd = command_find(argv[0]);
	if (!cmd)
		return err_command(argv[0]);
	opts->command = cmd;
	err = round__init(&round, cmd, cmd->operands_max == OPERANDS_ARE_CMD ? "+" : "");
	if (!err)
		err = run_round(&round, argc, argv, opts);
	if (err)
		return err;
	opts->operands = argv + optind;
	opts->operand_cnt = (size_t)(argc - optind);
	opts->operands_are_cmd = optind > 1 && !strcmp(argv[optind - 1], "--");
	return opts->help || opts->version || opts->man ? 0 : check_operands(cmd, opts);
}

int options__parse(int argc, char **argv, struct options *ret)
{
	struct round round __attribute__((cleanup(round__done))) = {};
	int err;

	*ret = (struct options){};
	err = set_initial(ret);
	if (!err)
		err = round__init(&round, NULL, "+");
	if (!err)
		err = run_round(&round, argc, argv, ret);
	if (!err && optind < argc)
		err = parse_command(argc - optind, argv + optind, ret);
	if (err)
		options__done(ret);
	return err;
}

void options__done(struct options *opts)
{
	vec__done(&opts->pids);
	vec__done(&opts->names);
	vec__done(&opts->users);
	vec__done(&opts->excludes);
	vec__done(&opts->listen);
}
