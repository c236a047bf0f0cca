// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <regex.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/output.h"
#include "cli/source_file.h"
#include "view/annotate.h"

struct sources {
	const struct options *opts;
	struct replay_sources *embedded; /* or NULL */
};

/* What was embedded is what was running; what is here now may be something else. */
static void find_source(void *ctx, const char *filename, struct annotate_source *ret)
{
	const struct sources *sources = ctx;
	struct source_paths paths = { .search = sources->opts->source_path,
				      .trim = sources->opts->trim_path };
	const char *text = sources->embedded ? replay_sources__find(sources->embedded, filename,
								    &ret->mtime_ns)
					     : NULL;
	int err;

	if (text) {
		ret->text = strdup(text);
		ret->len_bytes = strlen(text);
		return;
	}
	err = source_file_read(&paths, filename, &ret->text, &ret->len_bytes, &ret->mtime_ns);

	if (err)
		log_debug("%s: no such source file here", filename);
}

static int compile(const char *pattern, regex_t *ret)
{
	char why[128];
	int err = regcomp(ret, pattern, REG_EXTENDED | REG_NOSUB);

	if (!err)
		return 0;
	regerror(err, ret, why, sizeof(why));
	log_err(0, "list: '%s' is no regular expression: %s", pattern, why);
	return -EINVAL;
}

static int list(const struct options *opts, const struct profile *profile, const regex_t *functions)
{
	struct replay_sources *embedded __free(replay_sources) = load_sources(opts->operands[0]);
	struct sources sources = { opts, embedded };
	struct annotate_options options = {
		.functions = functions,
		.find_source = find_source,
		.ctx = &sources,
		.style = output_style(opts),
	};
	struct buf *out __free(buf) = buf__new(0);
	int err;

	if (!out)
		return -ENOMEM;
	if (load_metric(profile, opts->metric, &options.type))
		return EXIT_USAGE;
	err = annotate_write(profile, &options, out);
	if (err == ANNOTATE_NO_MATCH) {
		log_err(0, "list: no function that matches '%s' has values of the metric",
			opts->operands[1]);
		return EXIT_FAILED;
	}
	return err ? err : output_write(out);
}

int cmd_list(const struct options *opts)
{
	struct profile *profile __free(profile) = NULL;
	regex_t functions;
	int err;

	if (compile(opts->operands[1], &functions))
		return EXIT_USAGE;
	err = load_profile(opts->operands[0], &profile);
	if (!err)
		err = list(opts, profile, &functions);
	regfree(&functions);
	return err;
}
