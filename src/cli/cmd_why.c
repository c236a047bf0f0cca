// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/buf.h"
#include "base/fdio.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/output.h"
#include "cli/tracing.h"
#include "view/why.h"
#include "view/why_rules.h"

#define ESCAPE_MAX_BYTES ((size_t)256 << 20)
/* Places with less than this share of everything are not worth a line, unless all are asked for. */
#define WEIGHT_MIN       0.01

static int load_escapes(const char *path, struct escape_notes **ret)
{
	char *text __free_mem = NULL;
	size_t len_bytes;
	int err = fdio_read_file(path, ESCAPE_MAX_BYTES, &text, &len_bytes);

	if (err)
		return log_err(err, "%s: cannot read", path);
	*ret = escape_notes__new(text, len_bytes);
	if (!*ret)
		return -ENOMEM;
	if (!escape_notes__cnt(*ret))
		log_warn(0, "%s: nothing in it escapes; is it what go build -gcflags=-m printed?",
			 path);
	return 0;
}

static int write_places(const struct options *opts, const struct places *places, const char *name)
{
	struct escape_notes *escapes __free(escape_notes) = NULL;
	struct buf *out __free(buf) = buf__new(0);
	struct why_options options = { .name = name,
				       .row_cnt = opts->row_cnt,
				       .min_weight = opts->row_cnt ? WEIGHT_MIN : 0,
				       .style = output_style(opts) };
	int err;

	if (!out)
		return -ENOMEM;
	if (opts->escape) {
		err = load_escapes(opts->escape, &escapes);
		if (err)
			return err;
	}
	options.escapes = escapes;
	err = why_write(places, &options, out);
	return err ? err : output_write(out);
}

static int why_file(const struct options *opts)
{
	struct places *places __free(places) = NULL;
	int err = load_places(opts->operands[0], &places);

	return err ? err : write_places(opts, places, opts->operands[0]);
}

static int why_live(const struct options *opts)
{
	struct tracing tracing __tracing = {};
	struct places *places __free(places) = NULL;
	struct session_result result = {};
	int status = tracing__init(&tracing, opts), err;

	if (status)
		return status;
	tracing.config.lifetimes = true;
	/* Sampling cuts the chains of reallocs. */
	if (opts->sample_bytes == SAMPLE_UNSAID)
		tracing.config.sample_bytes = SAMPLE_EXACT;
	tracing.config.output = opts->output;
	status = tracing_exit_status(session_record(&tracing.config, &result));
	places = result.places;
	if (status)
		return status;
	err = write_places(opts, places, opts->operand_cnt ? opts->operands[0] : "recording");
	return err ? err : result.cmd_status > 0 ? result.cmd_status : EXIT_OK;
}

static int show_rules(void)
{
	struct buf *out __free(buf) = buf__new(0);

	if (!out)
		return -ENOMEM;
	why_rules_write(out);
	return output_write(out);
}

int cmd_why(const struct options *opts)
{
	if (opts->rules)
		return show_rules();
	if (opts->operand_cnt && !opts->operands_are_cmd)
		return why_file(opts);
	return why_live(opts);
}
