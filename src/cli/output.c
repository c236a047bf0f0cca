// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/units.h"
#include "cli/options.h"

#define WIDTH_MAX 1000

size_t output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t cols;

	if (columns && !units_parse_u64(columns, &cols) && cols && cols <= WIDTH_MAX)
		return cols;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 0;
	return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

bool output_colored(const struct options *opts)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (opts->color != COLOR_AUTO)
		return opts->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

struct view_style output_style(const struct options *opts)
{
	return (struct view_style){
		.width = output_width(),
		.colored = output_colored(opts),
		.exact = opts->exact,
	};
}

int output_write(const struct buf *text)
{
	int err = buf__error(text);

	if (!err)
		err = fdio_write(STDOUT_FILENO, buf__data(text), buf__len(text));
	if (!err)
		return EXIT_OK;
	/* Whoever read us has seen enough; with SIGPIPE at its default we would not even be here.
	 */
	if (err != -EPIPE)
		log_err(err, "cannot write to standard output");
	return EXIT_FAILED;
}
