// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"

#define TEXT_MAX      ((size_t)1 << 20)
#define WIDTH_DEFAULT 80

static size_t text_width_or_default(void)
{
	size_t width = output_width();

	return width ? width : WIDTH_DEFAULT;
}

static int show_text(const struct options *opts)
{
	struct buf *out __free(buf) = buf__new(TEXT_MAX);

	if (!out)
		return -ENOMEM;
	if (opts->man)
		help_man(opts->command, out);
	else if (opts->help)
		help_text(opts->command, text_width_or_default(), out);
	else
		buf__append_str(out, "heaptap " HEAPTAP_VERSION "\n");
	return output_write(out);
}

static int show_usage(void)
{
	struct buf *out __free(buf) = buf__new(TEXT_MAX);

	if (!out)
		return -ENOMEM;
	help_text(NULL, text_width_or_default(), out);
	fputs(buf__data(out), stderr);
	return EXIT_USAGE;
}

static int run(const struct options *opts)
{
	if (opts->quiet)
		log_set_level(LOG_LEVEL_WARN);
	if (opts->verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	if (opts->help || opts->version || opts->man)
		return show_text(opts);
	return opts->command ? opts->command->run(opts) : show_usage();
}

int cli_main(int argc, char **argv)
{
	struct options opts;
	int status = options__parse(argc, argv, &opts);

	if (status == -EINVAL)
		return EXIT_USAGE;
	if (status)
		return log_err(status, "cannot start"), EXIT_FAILED;
	status = run(&opts);
	options__done(&opts);
	if (status == -ENOMEM)
		log_err(status, "gave up");
	return status < 0 ? EXIT_FAILED : status;
}
