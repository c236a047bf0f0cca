// SPDX-License-Identifier: Apache-2.0
#include "cli/write_profile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "sink/sink.h"

#define TEXT_MAX 4096

static int err_format(const struct options *opts)
{
	struct buf *known __free(buf) = buf__new(TEXT_MAX);
	const struct encoder *enc;

	if (!known)
		return -ENOMEM;
	for (enc = encoders; enc->name; enc++)
		buf__printf(known, "%s%s", enc == encoders ? "" : ", ",
			    opts->format ? enc->name : enc->suffix);
	if (opts->format)
		log_err(0, "%s: no format '%.32s'; there are %s", opts->command->name, opts->format,
			buf__data(known));
	else
		log_err(0,
			"%s: %s: the suffix tells no format; there are %s, or name one with "
			"--format",
			opts->command->name, opts->output, buf__data(known));
	return EXIT_USAGE;
}

int write_profile_check(const struct options *opts, const struct encoder **ret)
{
	bool to_stdout = opts->output && !strcmp(opts->output, "-");
	struct stat st;

	if (!opts->output) {
		log_err(0, "%s: -o FILE is missing: where should the result go?",
			opts->command->name);
		return EXIT_USAGE;
	}
	if (opts->format)
		*ret = encoder_by_name(opts->format);
	else
		*ret = to_stdout ? encoder_by_name("pprof") : encoder_by_path(opts->output);
	if (!*ret)
		return err_format(opts);
	if (to_stdout && !encoder_is_text(*ret) && isatty(STDOUT_FILENO)) {
		log_err(0,
			"%s: %s is nothing for a terminal; redirect it, or choose another --format",
			opts->command->name, (*ret)->name);
		return EXIT_USAGE;
	}
	if (!to_stdout && !opts->force && !stat(opts->output, &st) && S_ISREG(st.st_mode)) {
		log_err(0, "%s: %s exists; -f overwrites it", opts->command->name, opts->output);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int write_to(const struct options *opts, const struct encoder *encoder, struct sink *sink,
		    int (*put)(const void *ctx, struct writer *writer), const void *ctx)
{
	struct writer *writer = sink__writer(sink);
	bool to_stdout = !strcmp(opts->output, "-");
	char size[16];
	int err = put(ctx, writer);

	if (!err)
		err = writer__finish(writer);
	if (!err)
		err = sink__commit(sink);
	if (err == -EPIPE && to_stdout)
		return EXIT_FAILED;
	if (err)
		return log_err(err, "%s: cannot write", opts->output), EXIT_FAILED;
	units_format_bytes((int64_t)writer__written_bytes(writer), size);
	if (!to_stdout)
		log_info("wrote %s: %s, %s", opts->output, size, encoder->summary);
	return EXIT_OK;
}

int write_stream(const struct options *opts, const struct encoder *encoder,
		 int (*put)(const void *ctx, struct writer *writer), const void *ctx)
{
	struct sink *sink __free(sink) = NULL;
	int err = sink_open(opts->output, opts->force ? SINK_OVERWRITE : 0, &sink);

	if (err == -EEXIST)
		return log_err(0, "%s exists; -f overwrites it", opts->output), EXIT_FAILED;
	if (err)
		return log_err(err, "%s: cannot open", opts->output), EXIT_FAILED;
	return write_to(opts, encoder, sink, put, ctx);
}

struct encoding {
	const struct profile *profile;
	const struct encoder *encoder;
	struct encode_options options;
};

static int put_encoding(const void *ctx, struct writer *writer)
{
	const struct encoding *enc = ctx;

	return encoder_write(enc->encoder, enc->profile, &enc->options, writer);
}

int write_profile(const struct profile *profile, const struct encoder *encoder,
		  const struct options *opts)
{
	struct encoding enc = { profile, encoder, {} };

	if (load_metric(profile, opts->metric, &enc.options.metric))
		return EXIT_USAGE;
	return write_stream(opts, encoder, put_encoding, &enc);
}
