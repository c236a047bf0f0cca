// SPDX-License-Identifier: Apache-2.0
#include "encode/encoder.h"

#include <errno.h>
#include <string.h>

const struct encoder encoders[] = {
	{ "pprof", ".pb.gz", "application/octet-stream", "pprof profile, gzipped", ENCODER_READABLE,
	  encode_pprof },
	{ "folded", ".folded", "text/plain; charset=utf-8", "folded stacks of one metric",
	  ENCODER_ONE_METRIC, encode_folded },
	{ "text", ".txt", "text/plain; charset=utf-8", "table of the top sites, all metrics", 0,
	  encode_text },
	{ "json", ".json", "application/json", "everything, sampling errors included", 0,
	  encode_json },
	{ "speedscope", ".speedscope.json", "application/json", "for speedscope, all metrics", 0,
	  encode_speedscope },
	{ "html", ".html", "text/html; charset=utf-8", "interactive flame graph, all metrics", 0,
	  encode_html },
	{ "svg", ".svg", "image/svg+xml", "flame graph of one metric as a picture",
	  ENCODER_ONE_METRIC, encode_svg },
	{},
};

const struct encoder *encoder_by_name(const char *name)
{
	const struct encoder *encoder;

	for (encoder = encoders; encoder->name; encoder++)
		if (!strcmp(encoder->name, name))
			return encoder;
	return NULL;
}

const struct encoder *encoder_by_path(const char *path)
{
	const struct encoder *encoder, *best = NULL;
	size_t path_len = strlen(path), len, best_len = 0;

	for (encoder = encoders; encoder->name; encoder++) {
		len = strlen(encoder->suffix);
		if (len <= best_len || len > path_len ||
		    strcmp(path + path_len - len, encoder->suffix))
			continue;
		best = encoder;
		best_len = len;
	}
	return best;
}

bool encoder_is_text(const struct encoder *encoder)
{
	return !strncmp(encoder->mime, "text/", 5) || strstr(encoder->mime, "json") ||
	       strstr(encoder->mime, "xml");
}

int encoder_write(const struct encoder *encoder, const struct profile *profile,
		  const struct encode_options *options, struct writer *writer)
{
	int err;

	if (options->metric >= profile__type_cnt(profile))
		return -EINVAL;
	err = encoder->write(profile, options, writer);
	return err ? err : writer__finish(writer);
}
