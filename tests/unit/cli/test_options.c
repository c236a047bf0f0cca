// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/option_values.h"
#include "cli/options.h"
#include "cli/options_table.h"

#define ARGV_MAX 16

static int parse(const char *line, struct options *ret)
{
	static char text[512];
	static char *argv[ARGV_MAX];
	char *save = NULL;
	int argc = 0;

	memset(argv, 0, sizeof(argv));
	snprintf(text, sizeof(text), "heaptap %s", line);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return options__parse(argc, argv, ret);
}

static void test_nothing_named(void **state)
{
	struct options opts;

	assert_int_equal(parse("", &opts), 0);
	assert_null(opts.command);
	assert_int_equal(opts.operand_cnt, 0);
	assert_int_equal(parse("--version", &opts), 0);
	assert_true(opts.version);
}

static void test_global_options_on_both_sides(void **state)
{
	struct options opts;

	assert_int_equal(parse("--color=never completion bash -v", &opts), 0);
	assert_string_equal(opts.command->name, "completion");
	assert_int_equal(opts.color, COLOR_NEVER);
	assert_true(opts.verbose);
	assert_int_equal(opts.operand_cnt, 1);
	assert_string_equal(opts.operands[0], "bash");
	assert_null(opts.operands[1]);
}

static void test_options_may_follow_operands_until_dashes(void **state)
{
	struct options opts;

	assert_int_equal(parse("completion bash --quiet", &opts), 0);
	assert_true(opts.quiet);
	assert_int_equal(parse("completion -- --quiet", &opts), 0);
	assert_false(opts.quiet);
	assert_string_equal(opts.operands[0], "--quiet");
}

static void test_faults_are_refused(void **state)
{
	static const char *const lines[] = {
		"frobnicate",
		"--frobnicate",
		"-Z",
		"--color",
		"--color=blue",
		"--help=yes",
		"completion",
		"completion bash zsh",
		"completion --duration=3",
		"completion -d 3 bash",
		"--color= completion",
	};
	struct options opts;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(parse(lines[i], &opts), -EINVAL);
}

static void test_help_needs_no_operands(void **state)
{
	struct options opts;

	assert_int_equal(parse("completion --help", &opts), 0);
	assert_true(opts.help);
	assert_string_equal(opts.command->name, "completion");
}

static void test_help_as_a_word(void **state)
{
	struct options opts;

	assert_int_equal(parse("help", &opts), 0);
	assert_true(opts.help);
	assert_null(opts.command);
	assert_int_equal(parse("help completion", &opts), 0);
	assert_true(opts.help);
	assert_string_equal(opts.command->name, "completion");
	assert_int_equal(parse("help frobnicate", &opts), -EINVAL);
}

static const struct option_def *row(const char *name)
{
	const struct option_def *def = options_table;

	while (strcmp(def->name, name))
		def++;
	return def;
}

static int set(const char *name, const char *text, struct options *opts)
{
	return option_value_set(row(name), text, opts);
}

static void test_typed_values(void **state)
{
	struct options opts = {};

	assert_int_equal(set("duration", "5m", &opts), 0);
	assert_int_equal(opts.duration_ns, 300ULL * 1000 * 1000 * 1000);
	assert_int_equal(set("stacks-max", "512K", &opts), 0);
	assert_int_equal(opts.stacks_max_bytes, 512 << 10);
	assert_int_equal(set("live-max", "17", &opts), 0);
	assert_int_equal(opts.live_max_cnt, 17);
	assert_int_equal(set("max-overhead", "1.5%", &opts), 0);
	assert_true(opts.max_overhead_pct == 1.5);
	assert_int_equal(set("output", "-", &opts), 0);
	assert_string_equal(opts.output, "-");
	assert_int_equal(set("no-live", "", &opts), 0);
	assert_true(opts.no_live);
}

static void test_sample_takes_words_and_sizes(void **state)
{
	struct options opts = {};

	assert_int_equal(set("sample", "exact", &opts), 0);
	assert_int_equal(opts.sample_bytes, SAMPLE_EXACT);
	assert_int_equal(set("sample", "auto", &opts), 0);
	assert_int_equal(opts.sample_bytes, SAMPLE_AUTO);
	assert_int_equal(set("sample", "512K", &opts), 0);
	assert_int_equal(opts.sample_bytes, 512 << 10);
	assert_int_equal(set("sample", "often", &opts), -EINVAL);
}

static void test_pid_lists_add_up(void **state)
{
	struct options opts = {};

	assert_int_equal(set("pid", "1,22", &opts), 0);
	assert_int_equal(set("pid", "333", &opts), 0);
	/* Named twice, still one. */
	assert_int_equal(set("pid", "22,22,333", &opts), 0);
	assert_int_equal(opts.pids.cnt, 3);
	assert_int_equal(opts.pids.at[0], 1);
	assert_int_equal(opts.pids.at[2], 333);
	options__done(&opts);
}

static void test_bad_values(void **state)
{
	static const char *const bad[][2] = {
		{ "pid", "" },
		{ "pid", "1," },
		{ "pid", "0" },
		{ "pid", "-3" },
		{ "pid", "1,,2" },
		{ "pid", "99999999999" },
		{ "pid", "12x" },
		{ "duration", "0" },
		{ "duration", "5 minutes" },
		{ "max-overhead", "" },
		{ "max-overhead", "0" },
		{ "max-overhead", "nan" },
		{ "max-overhead", "-1" },
		{ "max-overhead", "1 percent" },
		{ "live-max", "-1" },
		{ "live-max", "1e9" },
		{ "stacks-max", "1Q" },
		{ "output", "" },
		{ "max-overhead", "0x10" },
	};
	struct options opts = {};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int err = set(bad[i][0], bad[i][1], &opts);

		if (err != -EINVAL)
			fail_msg("--%s '%s' gave %d", bad[i][0], bad[i][1], err);
	}
	options__done(&opts);
}

static void test_table_is_sound(void **state)
{
	const struct option_def *a, *b;
	struct options opts = {};

	for (a = options_table; a->name; a++) {
		for (b = options_table; b < a; b++) {
			/* A name may mean something else to another command. */
			assert_true(strcmp(a->name, b->name) || !(a->commands & b->commands));
			assert_true(!a->letter || a->letter != b->letter);
		}
		assert_int_equal(a->type == OPT_FLAG, !a->arg);
		assert_true(a->type != OPT_ENUM || a->values);
		assert_true(a->commands != 0);
		assert_true(!a->help || a->help[strlen(a->help) - 1] != '.');
		if (a->initial)
			assert_int_equal(option_value_set(a, a->initial, &opts), 0);
	}
}

static void test_commands_are_sound(void **state)
{
	const struct command *a, *b, *c;

	for (a = commands; a->name; a++) {
		assert_non_null(a->run);
		assert_non_null(a->synopsis);
		assert_true(a->id && !(a->id & (a->id - 1)));
		assert_true(a->operands_min <= a->operands_max);
		assert_true(a->summary[strlen(a->summary) - 1] != '.');
		assert_ptr_equal(command_find(a->name), a);
		for (b = commands; b < a; b++)
			assert_int_equal(a->id & b->id, 0);
		/* A group is not interrupted by another one. */
		for (b = a + 1; a[1].name && b->name; b++) {
			for (c = a + 1; !strcmp(a->group, b->group) && c < b; c++)
				assert_string_equal(c->group, a->group);
		}
	}
	assert_null(command_find("nonesuch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_named),
		cmocka_unit_test(test_global_options_on_both_sides),
		cmocka_unit_test(test_options_may_follow_operands_until_dashes),
		cmocka_unit_test(test_faults_are_refused),
		cmocka_unit_test(test_help_needs_no_operands),
		cmocka_unit_test(test_help_as_a_word),
		cmocka_unit_test(test_typed_values),
		cmocka_unit_test(test_sample_takes_words_and_sizes),
		cmocka_unit_test(test_pid_lists_add_up),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_table_is_sound),
		cmocka_unit_test(test_commands_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
