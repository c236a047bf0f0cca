// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/output.h"
#include "cli/write_profile.h"
#include "encode/flame.h"
#include "profile/profile_merge.h"
#include "view/difference.h"
#include "view/heading.h"

struct sides {
	struct profile *base;
	struct profile *after;
};

static void sides__done(struct sides *sides)
{
	profile__free(sides->base);
	profile__free(sides->after);
}

/* 0, or -errno after one line on stderr. */
static int load_sides(const struct options *opts, struct sides *ret)
{
	int err = load_profile(opts->operands[0], &ret->base);

	return err ? err : load_profile(opts->operands[1], &ret->after);
}

/* 0, or -errno after one line on stderr. */
static int subtract(const struct options *opts, const struct sides *sides, uint32_t flags,
		    struct profile **ret)
{
	int err;

	flags |= opts->normalize ? PROFILE_DIFF_NORMALIZE : 0;
	err = profile_diff(sides->base, sides->after, flags, ret);
	if (err < 0)
		return log_err(err, "diff: cannot compare");
	if (err > 0) {
		log_err(0, "diff: %s and %s cannot be compared: %s", opts->operands[0],
			opts->operands[1], profile_merge_outcome_text(err));
		return -EINVAL;
	}
	return 0;
}

static int show(const struct options *opts, const struct sides *sides)
{
	struct difference_options options = {
		.by = opts->by,
		.cum = opts->cum,
		.row_cnt = opts->row_cnt,
		.style = output_style(opts),
	};
	struct profile *difference __free(profile) = NULL;
	struct buf *out __free(buf) = buf__new(0);
	int err = subtract(opts, sides, PROFILE_DIFF_LABEL_BASE, &difference);

	if (!out)
		return -ENOMEM;
	if (err)
		return err;
	if (load_metric(difference, opts->sort, &options.type))
		return EXIT_USAGE;
	heading_write(sides->base, opts->operands[0], &options.style, out);
	heading_write(sides->after, opts->operands[1], &options.style, out);
	buf__append_char(out, '\n');
	err = difference_write(difference, &options, out);
	return err ? err : output_write(out);
}

/* Formats that show both sides of a difference, rather than the result of the subtraction. */
static const struct two_sided {
	int (*encode)(const struct profile *profile, const struct encode_options *options,
		      struct writer *writer);
	int (*encode_both)(const struct profile *before, const struct profile *after,
			   const struct encode_options *options, struct writer *writer);
} two_sided[] = {
	{ encode_html, flame_diff_html },
	{ encode_svg, flame_diff_svg },
};

struct drawing {
	const struct sides *sides;
	const struct two_sided *format;
	struct encode_options options;
};

static int put_drawing(const void *ctx, struct writer *writer)
{
	const struct drawing *drawing = ctx;
	int err = drawing->format->encode_both(drawing->sides->base, drawing->sides->after,
					       &drawing->options, writer);

	return err > 0 ? -EINVAL : err;
}

static int save(const struct options *opts, const struct encoder *encoder,
		const struct sides *sides)
{
	struct profile *difference __free(profile) = NULL;
	struct drawing drawing = { .sides = sides };
	size_t i;
	/* Also where both sides are drawn: it tells what cannot be compared, and why. */
	int err = subtract(opts, sides, 0, &difference);

	if (err)
		return err;
	for (i = 0; i < sizeof(two_sided) / sizeof(two_sided[0]); i++) {
		if (encoder->write != two_sided[i].encode)
			continue;
		drawing.format = &two_sided[i];
		if (load_metric(sides->after, opts->metric, &drawing.options.metric))
			return EXIT_USAGE;
		return write_stream(opts, encoder, put_drawing, &drawing);
	}
	return write_profile(difference, encoder, opts);
}

int cmd_diff(const struct options *opts)
{
	struct sides sides __attribute__((cleanup(sides__done))) = {};
	const struct encoder *encoder = NULL;
	int err = opts->output ? write_profile_check(opts, &encoder) : 0;

	if (!err)
		err = load_sides(opts, &sides);
	if (err)
		return err;
	return encoder ? save(opts, encoder, &sides) : show(opts, &sides);
}
