// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cli/command.h"
#include "cli/option_values.h"
#include "cli/options_table.h"

static const struct command no_command = { .name = "", .id = 0 };

/* Every command, and first the empty one that stands for "before the command". */
static const struct command *next_command(const struct command *cmd)
{
	cmd = cmd == &no_command ? commands : cmd + 1;
	return cmd->name ? cmd : NULL;
}

static int is_offered(const struct option_def *def, const struct command *cmd)
{
	return def->help && option_def__taken_by(def, cmd->id);
}

/* @text between quotes of kind ', in which a ' is written as @quote says. */
static void quoted(const char *text, const char *quote, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf__append_str(out, quote);
		else
			buf__append_char(out, *text);
	}
}

/* @before, the option's words and @after; nothing at all if it has none. Returns whether it has. */
static bool words(const struct option_def *def, const char *before, const char *after,
		  struct buf *out)
{
	const char *list[OPTION_WORDS_MAX];
	size_t cnt = option_value_words(def, list), i;

	if (!cnt)
		return false;
	buf__append_str(out, before);
	for (i = 0; i < cnt; i++)
		buf__printf(out, "%s%s", i ? " " : "", list[i]);
	buf__append_str(out, after);
	return true;
}

/* --- bash
 * ----------------------------------------------------------------------------------------- */

static void bash_option_list(const struct command *cmd, struct buf *out)
{
	const struct option_def *def;

	for (def = options_table; def->name; def++) {
		if (!is_offered(def, cmd))
			continue;
		buf__printf(out, " --%s", def->name);
		if (def->letter)
			buf__printf(out, " -%c", def->letter);
	}
}

static void bash_value(const struct option_def *def, struct buf *out)
{
	if (words(def, "COMPREPLY=($(compgen -W '", "' -- \"$cur\"))", out))
		return;
	if (def->type == OPT_FILE || def->type == OPT_DIR)
		buf__printf(out, "compopt -o filenames\n\t\tCOMPREPLY=($(compgen -%c -- \"$cur\"))",
			    def->type == OPT_DIR ? 'd' : 'f');
	else if (def->type == OPT_PIDS)
		buf__append_str(out, "COMPREPLY=($(compgen -W \"$(cd /proc && echo [0-9]*)\" "
				     "-- \"$cur\"))");
	else
		buf__append_str(out, "COMPREPLY=()");
}

/* How values are completed, as cases of $prev; they do not differ between commands. */
static void bash_values(struct buf *out)
{
	const struct option_def *def;

	for (def = options_table; def->name; def++) {
		if (!def->help || !def->arg)
			continue;
		buf__printf(out, "\t--%s", def->name);
		if (def->letter)
			buf__printf(out, "|-%c", def->letter);
		buf__append_str(out, ")\n\t\t");
		bash_value(def, out);
		buf__append_str(out, "\n\t\treturn ;;\n");
	}
}

static void bash(struct buf *out)
{
	const struct command *cmd;

	buf__append_str(out, "# bash completion for heaptap\n_heaptap()\n{\n"
			     "\tlocal cur=$2 prev=$3 cmd= options= operands= i\n"
			     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			     "\t\tcase ${COMP_WORDS[i]} in\n\t\t-*) ;;\n"
			     "\t\t*) cmd=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
			     "\tCOMPREPLY=()\n\tcase $prev in\n");
	bash_values(out);
	buf__append_str(out, "\tesac\n\tcase $cmd in\n");
	for (cmd = &no_command; cmd; cmd = next_command(cmd)) {
		buf__printf(out, "\t'%s')\n\t\toptions='", cmd->name);
		bash_option_list(cmd, out);
		buf__append_str(out, "'\n");
		if (cmd == &no_command) {
			buf__append_str(out, "\t\toperands='");
			for (const struct command *c = commands; c->name; c++)
				buf__printf(out, " %s", c->name);
			buf__append_str(out, "'\n");
		} else if (cmd->operand_values) {
			buf__printf(out, "\t\toperands='%s'\n", cmd->operand_values);
		}
		buf__append_str(out, "\t\t;;\n");
	}
	buf__append_str(out, "\tesac\n\tif [[ $cur == -* ]]; then\n"
			     "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
			     "\telif [[ -n $operands ]]; then\n"
			     "\t\tCOMPREPLY=($(compgen -W \"$operands\" -- \"$cur\"))\n"
			     "\telse\n\t\tcompopt -o filenames\n"
			     "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\tfi\n}\n"
			     "complete -F _heaptap heaptap\n");
}

/* --- zsh
 * ------------------------------------------------------------------------------------------ */

static void zsh_text(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			buf__append_char(out, '\\');
		if (*text == '\'')
			buf__append_str(out, "'\\''");
		else
			buf__append_char(out, *text);
	}
}

static void zsh_action(const struct option_def *def, struct buf *out)
{
	if (!def->arg)
		return;
	buf__append_char(out, ':');
	zsh_text(def->arg, out);
	buf__append_char(out, ':');
	if (words(def, "(", ")", out))
		return;
	if (def->type == OPT_FILE) {
		buf__append_str(out, "_files");
	} else if (def->type == OPT_DIR) {
		buf__append_str(out, "_files -/");
	} else if (def->type == OPT_PIDS) {
		buf__append_str(out, "_sequence _pids");
	} else {
		buf__append_char(out, ' ');
	}
}

static void zsh_options(const struct command *cmd, struct buf *out)
{
	const struct option_def *def;

	for (def = options_table; def->name; def++) {
		if (!is_offered(def, cmd))
			continue;
		buf__append_str(out, "\t\t\t");
		if (def->letter)
			buf__printf(out, "'(-%c --%s)'{-%c,--%s%s}'[", def->letter, def->name,
				    def->letter, def->name, def->arg ? "=" : "");
		else
			buf__printf(out, "'--%s%s[", def->name, def->arg ? "=" : "");
		zsh_text(def->help, out);
		buf__append_char(out, ']');
		zsh_action(def, out);
		buf__append_str(out, "' \\\n");
	}
}

static void zsh(struct buf *out)
{
	const struct command *cmd;

	buf__append_str(out, "#compdef heaptap\n_heaptap()\n{\n\tlocal context state line\n"
			     "\tlocal -a heaptap_commands=(\n");
	for (cmd = commands; cmd->name; cmd++) {
		buf__printf(out, "\t\t'%s:", cmd->name);
		zsh_text(cmd->summary, out);
		buf__append_str(out, "'\n");
	}
	buf__append_str(out, "\t)\n\t_arguments -C -s -S \\\n");
	zsh_options(&no_command, out);
	buf__append_str(out, "\t\t\t'1:command:->command' '*::argument:->argument' && return\n"
			     "\tcase $state in\n\tcommand)\n"
			     "\t\t_describe -t commands command heaptap_commands ;;\n"
			     "\targument)\n\t\tcase $line[1] in\n");
	for (cmd = commands; cmd->name; cmd++) {
		buf__printf(out, "\t\t%s)\n\t\t\t_arguments -s -S \\\n", cmd->name);
		zsh_options(cmd, out);
		if (cmd->operands_max == OPERANDS_ARE_CMD)
			buf__append_str(out, "\t\t\t'*::command:_normal' ;;\n");
		else if (cmd->operand_values)
			buf__printf(out, "\t\t\t'*:argument:(%s)' ;;\n", cmd->operand_values);
		else
			buf__append_str(out, "\t\t\t'*:file:_files' ;;\n");
	}
	/* Works both ways: autoloaded from a directory of $fpath, and sourced. */
	buf__append_str(out, "\t\tesac ;;\n\tesac\n}\n"
			     "if [[ $funcstack[1] == _heaptap ]]; then\n\t_heaptap \"$@\"\n"
			     "else\n\tcompdef _heaptap heaptap\nfi\n");
}

/* --- fish
 * ----------------------------------------------------------------------------------------- */

static void fish_option(const struct option_def *def, const char *condition, struct buf *out)
{
	buf__printf(out, "complete -c heaptap -n '%s' -l %s", condition, def->name);
	if (def->letter)
		buf__printf(out, " -s %c", def->letter);
	if (def->arg && (def->type == OPT_FILE || def->type == OPT_DIR))
		buf__append_str(out, " -r -F");
	else if (def->arg)
		buf__append_str(out, " -x");
	if (!words(def, " -a '", "'", out) && def->type == OPT_PIDS)
		buf__append_str(out, " -a '(__fish_complete_pids)'");
	buf__append_str(out, " -d '");
	quoted(def->help, "\\'", out);
	buf__append_str(out, "'\n");
}

static void fish(struct buf *out)
{
	const struct option_def *def;
	const struct command *cmd;
	char condition[96];

	buf__append_str(out, "# fish completion for heaptap\ncomplete -c heaptap -f\n");
	for (cmd = commands; cmd->name; cmd++) {
		buf__printf(out, "complete -c heaptap -n __fish_use_subcommand -a %s -d '",
			    cmd->name);
		quoted(cmd->summary, "\\'", out);
		buf__append_str(out, "'\n");
	}
	for (cmd = &no_command; cmd; cmd = next_command(cmd)) {
		if (cmd == &no_command)
			snprintf(condition, sizeof(condition), "__fish_use_subcommand");
		else
			snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s",
				 cmd->name);
		for (def = options_table; def->name; def++) {
			if (is_offered(def, cmd))
				fish_option(def, condition, out);
		}
		if (cmd != &no_command)
			buf__printf(out, "complete -c heaptap -n '%s' %s%s%s\n", condition,
				    cmd->operand_values ? "-a '" : "-F",
				    cmd->operand_values ? cmd->operand_values : "",
				    cmd->operand_values ? "'" : "");
	}
}

/* --------------------------------------------------------------------------------------------------
 */

static const struct {
	const char *shell;
	void (*write)(struct buf *out);
} shells[] = {
	{ "bash", bash },
	{ "zsh", zsh },
	{ "fish", fish },
};

int completion_script(const char *shell, struct buf *out)
{
	size_t i;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (!strcmp(shells[i].shell, shell)) {
			shells[i].write(out);
			return buf__error(out);
		}
	}
	return -ENOENT;
}
