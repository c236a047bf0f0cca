// SPDX-License-Identifier: Apache-2.0
/* --help, man pages and the three completions say the same, and what the tables say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/options_table.h"
#include "view/text.h"

static void assert_has(const struct buf *text, const char *what, const char *where)
{
	if (!strstr(buf__data(text), what))
		fail_msg("%s does not mention '%s'", where, what);
}

static void assert_lacks(const struct buf *text, const char *what, const char *where)
{
	if (strstr(buf__data(text), what))
		fail_msg("%s mentions '%s'", where, what);
}

static void man_name(const char *name, char *out, size_t size)
{
	size_t len = 0;

	len += (size_t)snprintf(out, size, "\\-\\-");
	for (; *name && len + 3 < size; name++)
		len += (size_t)snprintf(out + len, size - len, *name == '-' ? "\\-" : "%c", *name);
}

/* Does the command know the option by another row of that name? */
static bool is_namesake_taken(const char *name, uint32_t command)
{
	const struct option_def *def;

	for (def = options_table; def->name; def++) {
		if (!strcmp(def->name, name) && option_def__taken_by(def, command))
			return true;
	}
	return false;
}

static void test_help_and_man_agree_with_the_table(void **state)
{
	const struct command *cmd = NULL;
	const struct option_def *def;

	/* NULL is heaptap itself. */
	do {
		struct buf *help __free(buf) = buf__new(0), *man __free(buf) = buf__new(0);
		const char *name = cmd ? cmd->name : "heaptap";

		help_text(cmd, 80, help);
		help_man(cmd, man);
		for (def = options_table; def->name; def++) {
			char in_help[64], in_man[64];
			int taken = def->help && option_def__taken_by(def, cmd ? cmd->id : 0);

			snprintf(in_help, sizeof(in_help), "--%s%s%s", def->name,
				 def->arg ? " " : "", def->arg ? def->arg : "");
			man_name(def->name, in_man, sizeof(in_man));
			if (!taken) {
				snprintf(in_help, sizeof(in_help), "--%s ", def->name);
				if (!is_namesake_taken(def->name, cmd ? cmd->id : 0))
					assert_lacks(help, in_help, name);
				continue;
			}
			assert_has(help, in_help, name);
			assert_has(man, in_man, name);
			if (def->letter) {
				snprintf(in_help, sizeof(in_help), "-%c, --%s", def->letter,
					 def->name);
				assert_has(help, in_help, name);
			}
			if (def->initial) {
				snprintf(in_help, sizeof(in_help), "(default: %s)", def->initial);
				assert_has(man, in_help, name);
			}
		}
		cmd = cmd ? cmd + 1 : commands;
	} while (cmd->name);
}

static void test_every_command_is_listed(void **state)
{
	struct buf *help __free(buf) = buf__new(0), *man __free(buf) = buf__new(0);
	const struct command *cmd;

	help_text(NULL, 80, help);
	help_man(NULL, man);
	for (cmd = commands; cmd->name; cmd++) {
		char page[64];

		snprintf(page, sizeof(page), ".BR heaptap\\-%s (1)", cmd->name);
		assert_has(help, cmd->name, "--help");
		assert_has(help, cmd->group, "--help");
		assert_has(man, page, "heaptap.1");
	}
}

static void test_help_keeps_to_the_width(void **state)
{
	const struct command *cmd = NULL;

	do {
		struct buf *help __free(buf) = buf__new(0);
		const char *line, *end;

		help_text(cmd, 100, help);
		for (line = buf__data(help); *line; line = end + 1) {
			end = strchr(line, '\n');
			assert_non_null(end);
			if (text_width_n(line, (size_t)(end - line)) > 100 &&
			    strncmp(line, "Usage:", 6))
				fail_msg("too wide: %.*s", (int)(end - line), line);
		}
		cmd = cmd ? cmd + 1 : commands;
	} while (cmd->name);
}

static void test_completions_know_every_option(void **state)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	const struct option_def *def;
	const struct command *cmd;

	for (size_t i = 0; i < 3; i++) {
		struct buf *script __free(buf) = buf__new(0);

		assert_int_equal(completion_script(shells[i], script), 0);
		for (cmd = commands; cmd->name; cmd++)
			assert_has(script, cmd->name, shells[i]);
		for (def = options_table; def->name; def++) {
			char option[64];
			uint32_t shown = CMD_GLOBAL;

			for (cmd = commands; cmd->name; cmd++)
				shown |= cmd->id;
			snprintf(option, sizeof(option), i == 2 ? "-l %s " : "--%s", def->name);
			if (def->help && (def->commands & shown))
				assert_has(script, option, shells[i]);
			else if (i == 2)
				assert_lacks(script, option, shells[i]);
		}
	}
}

static void test_unknown_shell(void **state)
{
	struct buf *script __free(buf) = buf__new(0);

	assert_int_equal(completion_script("tcsh", script), -ENOENT);
	assert_int_equal(buf__len(script), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help_and_man_agree_with_the_table),
		cmocka_unit_test(test_every_command_is_listed),
		cmocka_unit_test(test_help_keeps_to_the_width),
		cmocka_unit_test(test_completions_know_every_option),
		cmocka_unit_test(test_unknown_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
